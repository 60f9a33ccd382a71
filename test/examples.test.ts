import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** What each program prints at its end, as its reader would check it; the programs assert the numbers themselves. */
const printed: Readonly<Record<string, RegExp>> = {
  "01-gradients.ts": /%grad\/Gemm_0 f32\[1, 1\] = Gemm\(.*step 60: loss 0\.000000, slope 3\.000, offset -1\.000\n$/s,
  "02-classifier.ts": /accuracy on 1,000 new points: 9[5-9]\.\d %, model of \d+ bytes\n$/,
  "03-gpt-on-text.ts": /step 300: validation loss [\d.]+\nexported \d+ bytes\n\nthe .{200}/s,
  "04-own-optimizer.ts": /step 500: rate \S+, loss 0\.000\d+, gradient norm \d/,
  "05-fine-tune-onnx.ts": /step 120: loss 0\.00\d\naccuracy on 1,000 new sequences: (9\d\.\d|100\.0) %\n$/,
  "06-mnist.ts":
    /step 18 of 18: loss \d\.\d+, order [0-9a-f]{16}\naccuracy on 10,000 digits never seen: [2-9]\d\.\d\d %\n$/,
};

const mnist = join(process.env["CAMEO_DATA"] ?? resolve(root, "../shared/data"), "mnist");
/** A few steps of what takes a reader minutes. */
const shortened: Readonly<Record<string, readonly string[]>> = { "06-mnist.ts": [mnist, "0.03"] };
const missing: Readonly<Record<string, string>> = existsSync(mnist)
  ? {}
  : { "06-mnist.ts": `there is no ${mnist}; set CAMEO_DATA` };

test("every example has its row", () => {
  const files = readdirSync(resolve(root, "examples")).filter((name) => name.endsWith(".ts"));
  expect(Object.keys(printed)).toEqual(files.sort());
});

test.for(Object.entries(printed))("examples/%s runs as its header says", async ([name, ending], { skip }) => {
  skip(missing[name] !== undefined, missing[name]);
  const header = `npx node --conditions=cameo-source examples/${name}`;
  const lines = readFileSync(resolve(root, "examples", name), "utf8").split("\n");
  expect(lines.slice(0, 6).join("\n")).toContain(header);
  expect(lines.length).toBeLessThanOrEqual(100);
  const args = ["--conditions=cameo-source", `examples/${name}`, ...(shortened[name] ?? [])];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect(stdout).toMatch(ending);
  expect(stderr).toBe("");
});
