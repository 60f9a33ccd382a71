/** A run that is killed again and again ends with the bytes of a run that was not. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/base/events.ts";
import type { GptRecipeInput } from "../../src/text/recipe.ts";

const steps = 60;
let root: string;
let recipe: GptRecipeInput;
let expected: Readonly<Record<string, string>>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-resume-"));
  const text = join(root, "text.txt");
  await writeFile(
    text,
    Array.from({ length: 400 }, (_, i) => `line ${i}: ${"abcdefghij".slice(i % 7)} 你好\n`).join(""),
  );
  recipe = {
    data: [text],
    tokenizer: "character",
    ...{ layers: 2, heads: 2, width: 16, context: 16, batchSize: 4, accumulate: 2, dropout: 0.2, bias: true },
    ...{ steps, warmupSteps: 5, evaluateEvery: 20, evaluationBatches: 2, checkpointEvery: 1, keepCheckpoints: 2 },
    ...{ sampleEvery: 30, sampleTokens: 5, threads: 1 },
  };
  expect(await runUntil(join(root, "unbroken"), () => () => {})).toBe(0);
  expected = await hashes(join(root, "unbroken"));
});
afterAll(() => rm(root, { recursive: true }));

/** SHA-256 of what a run leaves: both files of its last checkpoint, and the exported model. */
async function hashes(out: string): Promise<Record<string, string>> {
  const files = [
    `checkpoints/step-${steps}/model.safetensors`,
    `checkpoints/step-${steps}/optimizer.safetensors`,
    "export/model.onnx",
  ];
  const sums = files.map(async (file) => [
    file,
    createHash("sha256")
      .update(await readFile(join(out, file)))
      .digest("hex"),
  ]);
  return Object.fromEntries((await Promise.all(sums)) as [string, string][]);
}

/** Starts or continues a run in a process of its own. Gives its exit code, or null when `arm`, given a function that kills it, did so. */
function runUntil(out: string, arm: (kill: () => void) => () => void): Promise<number | null> {
  const script = join(import.meta.dirname, "run-gpt.ts");
  const child = spawn(process.execPath, [script, out, JSON.stringify(recipe)], { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const disarm = arm(() => child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      disarm();
      if (code === 0 || signal === "SIGKILL") resolve(code);
      else reject(new Error(`the run failed: ${errors}`));
    });
  });
}

const afterMs = (ms: number) => (kill: () => void) => {
  const timer = setTimeout(kill, ms);
  return () => clearTimeout(timer);
};

/** Kills while the `nth` checkpoint from now is being written: its temporary folder is there and not yet renamed. */
const duringCheckpoint = (out: string, nth: number) => (kill: () => void) => {
  const seen = new Set<string>();
  const watcher = watch(join(out, "checkpoints"), (_, name) => {
    if (name?.startsWith(".step-")) seen.add(name);
    if (seen.size >= nth) kill();
  });
  return () => watcher.close();
};

async function stepsLogged(out: string): Promise<number[]> {
  const lines = (await readFile(join(out, "events.jsonl"), "utf8")).trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as RunEvent)
    .flatMap((event) => (event.type === "step" ? [event.step] : []));
}

describe("a run killed", () => {
  test("at any moment and continued gives the same bytes", async () => {
    const out = join(root, "random");
    let kills = 0;
    // Start-up, preparation of the text, the first steps, and ever later.
    for (const ms of [50, 250, 350, 450, 550, 700, 900, 600, 800]) {
      const code = await runUntil(out, afterMs(ms + Math.random() * 100));
      if (code === 0) break;
      kills++;
    }
    expect(kills).toBeGreaterThan(2);
    expect(await runUntil(out, () => () => {})).toBe(0);
    expect(await hashes(out)).toEqual(expected);
    expect(await stepsLogged(out)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect((await readdir(join(out, "checkpoints"))).sort()).toEqual([`step-${steps - 1}`, `step-${steps}`]);
  });

  test("while a checkpoint is being written and continued gives the same bytes", async () => {
    const out = join(root, "checkpointing");
    await mkdir(join(out, "checkpoints"), { recursive: true });
    let interrupted = 0;
    for (const nth of [1, 2, 5, 11]) {
      const code = await runUntil(out, duringCheckpoint(out, nth));
      expect(code).toBeNull();
      if ((await readdir(join(out, "checkpoints"))).some((name) => name.startsWith(".step-"))) interrupted++;
    }
    expect(interrupted).toBeGreaterThan(0);
    expect(await runUntil(out, () => () => {})).toBe(0);
    expect(await hashes(out)).toEqual(expected);
    expect((await readdir(join(out, "checkpoints"))).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("after it was complete changes nothing", async () => {
    const out = join(root, "unbroken");
    expect(await runUntil(out, () => () => {})).toBe(0);
    expect(await hashes(out)).toEqual(expected);
  });
});

test("another seed ends elsewhere: the comparison can fail", async () => {
  const usual = recipe;
  recipe = { ...recipe, seed: 99 };
  const out = join(root, "other-seed");
  expect(await runUntil(out, () => () => {})).toBe(0);
  recipe = usual;
  const other = await hashes(out);
  for (const [file, sum] of Object.entries(expected)) expect(other[file]).not.toBe(sum);
});
