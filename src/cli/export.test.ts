import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { cameo, jsonLines, temporaryFolder, tinyText } from "../../test/support/cli.ts";

const folder = temporaryFolder();
const run = join(folder, "run");

beforeAll(async () => {
  const text = join(folder, "text.txt");
  writeFileSync(text, tinyText());
  const words = [
    "train",
    "gpt",
    "--preset",
    "tiny",
    "--data",
    text,
    "--steps",
    "2",
    "--sample-every",
    "0",
    "--out",
    run,
    "--json",
  ];
  expect((await cameo(words)).code).toBe(0);
});

const exported = (): Buffer => readFileSync(join(run, "export", "model.onnx"));

test("a run is exported into its own folder, the same file each time", async () => {
  const before = exported();
  const { code, stdout, stderr } = await cameo(["export", run]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^exported .*model\.onnx, [\d.]+ kB, as of step 2; .*tokenizer\.json beside it\n\nHow to run it\n {2}npx cameo generate /,
  );
  expect(exported()).toEqual(before);
  expect(readdirSync(join(run, "export")).sort()).toEqual(["model.onnx", "tokenizer.json"]);
});

test("--out names a file or a folder", async () => {
  const file = join(folder, "files", "small.onnx");
  const { stdout } = await cameo(["export", run, "--out", file, "--json"]);
  expect(jsonLines(stdout)).toEqual([{ type: "export", path: file, sizeBytes: exported().length, step: 2 }]);
  expect(readFileSync(file)).toEqual(exported());
  expect((await cameo(["generate", file, "--tokens", "3"])).code).toBe(0);
  await cameo(["export", run, "--out", join(folder, "folder")]);
  expect(readdirSync(join(folder, "folder")).sort()).toEqual(["model.onnx", "tokenizer.json"]);
});

test("another model's tokenizer is not overwritten", async () => {
  const taken = join(folder, "taken");
  mkdirSync(taken);
  writeFileSync(join(taken, "tokenizer.json"), "{}");
  const { code, stderr } = await cameo(["export", run, "--out", join(taken, "x.onnx")]);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^cameo export: cannot write ".*tokenizer\.json": another tokenizer is there, .*\nhint: choose another folder with --out\n$/,
  );
  expect(readdirSync(taken)).toEqual(["tokenizer.json"]);
});

test.each([
  [["export"], 2, /cannot begin: got no argument/],
  [["export", "nope"], 1, /cannot open "nope": there is no recipe\.json/],
  [["export", run, "--format", "pytorch"], 2, /cannot use --format: got "pytorch", must be "onnx"/],
])("%j is refused in one line", async (words, code, message) => {
  const outcome = await cameo(words);
  expect(outcome).toMatchObject({ code, stdout: "" });
  expect(outcome.stderr).toMatch(message);
});

test("a folder in the file's place is refused before anything is written", async () => {
  const path = join(folder, "in-the-way.onnx");
  mkdirSync(path);
  const { code, stderr } = await cameo(["export", run, "--out", path]);
  expect(code).toBe(2);
  expect(stderr).toContain("it is a folder, must be a file, or new");
  expect(existsSync(join(folder, "tokenizer.json"))).toBe(false);
});

test("a file in the folder's place is refused too, and so is no name", async () => {
  const path = join(folder, "a-file");
  writeFileSync(path, "mine");
  for (const out of [path, join(path, "model.onnx")]) {
    const { code, stderr } = await cameo(["export", run, "--out", out]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/".*a-file" is a file, must be a folder, or new\n$/)]);
  }
  expect(readFileSync(path, "utf8")).toBe("mine");
  expect((await cameo(["export", run, "--out", ""])).stderr).toContain('cannot use --out: got "", must name');
});
