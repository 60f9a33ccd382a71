import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CheckpointError, DataError, UsageError } from "../base/errors.ts";
import type { RunEvent } from "../base/events.ts";
import { startGptRun } from "./gpt-run.ts";
import { type GptRecipeInput, gptPreset } from "./recipe.ts";

let root: string;
let text: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-gpt-run-"));
  text = join(root, "text.txt");
  await writeFile(text, "to be, or not to be: that is the question.\n".repeat(30));
});
afterAll(() => rm(root, { recursive: true }));
const fresh = (): string => join(root, `run-${count++}`);

const recipe = (own: Partial<GptRecipeInput> = {}): GptRecipeInput =>
  gptPreset("tiny", {
    data: [text],
    ...{ layers: 1, width: 8, context: 8, batchSize: 2, steps: 4, warmupSteps: 1, threads: 1 },
    ...{ evaluateEvery: 2, checkpointEvery: 2, sampleEvery: 4, sampleTokens: 10 },
    ...own,
  });

async function eventsOf(input: GptRecipeInput | null, out: string, resume = false): Promise<RunEvent[]> {
  await using run = await startGptRun(input, { out, resume });
  const events: RunEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

test("a run leaves the folder that the design names", async () => {
  const out = fresh();
  const events = await eventsOf(recipe(), out);
  expect(events.map(({ type }) => type)).toEqual([
    ...["start", "step", "step", "evaluation", "checkpoint", "step", "step", "evaluation", "sample", "checkpoint"],
    ...["export", "done"],
  ]);
  expect((await readdir(out)).sort()).toEqual(["checkpoints", "data", "events.jsonl", "export", "recipe.json"]);
  expect((await readdir(join(out, "export"))).sort()).toEqual(["model.onnx", "tokenizer.json"]);
  expect(JSON.parse(await readFile(join(out, "recipe.json"), "utf8"))).toEqual(recipe());
  const [first] = events;
  expect(first).toMatchObject({ type: "start", parameters: 17 * 8 + 8 * 8 + 8 * 3 + 12 * 64, tokensPerStep: 16 });
});

describe("steps of a resumed run", () => {
  test("may be raised, and stay raised", async () => {
    const out = fresh();
    await eventsOf(recipe(), out);
    const events = await eventsOf({ ...recipe(), steps: 6 }, out, true);
    expect(events.flatMap((event) => (event.type === "step" ? [event.step] : []))).toEqual([5, 6]);
    expect(JSON.parse(await readFile(join(out, "recipe.json"), "utf8"))).toEqual(recipe({ steps: 6 }));
    expect((await eventsOf(null, out, true)).at(-1)).toMatchObject({ type: "done", status: "completed", step: 6 });
  });

  test("may not be lowered", async () => {
    const out = fresh();
    await eventsOf(recipe(), out);
    await expect(startGptRun({ ...recipe(), steps: 3 }, { out, resume: true })).rejects.toThrow(UsageError);
  });
});

describe("a run that cannot begin", () => {
  test("leaves a folder in which the next one can", async () => {
    const out = fresh();
    await mkdir(out);
    const short = join(root, "short.txt");
    await writeFile(short, "abc");
    for (const data of [join(root, "absent.txt"), short])
      await expect(startGptRun(recipe({ data: [data] }), { out })).rejects.toThrow(
        data === short ? DataError : /absent\.txt/,
      );
    const events = await eventsOf(recipe(), out);
    expect(events.at(-1)).toMatchObject({ type: "done", status: "completed" });
    expect(JSON.parse(await readFile(join(out, "recipe.json"), "utf8"))).toMatchObject({ data: [text] });
  });

  test("because the folder holds a run leaves that one alone", async () => {
    const out = fresh();
    await eventsOf(recipe(), out);
    const before = await readFile(join(out, "recipe.json"), "utf8");
    await expect(startGptRun(recipe({ data: [join(root, "absent.txt")] }), { out })).rejects.toThrow(CheckpointError);
    expect(await readFile(join(out, "recipe.json"), "utf8")).toBe(before);
    expect((await eventsOf(null, out, true)).at(-1)).toMatchObject({ status: "completed" });
  });

  test("for a key out of range touches no disk", async () => {
    const out = fresh();
    await expect(startGptRun({ data: [text], steps: -1 }, { out })).rejects.toThrow(UsageError);
    await expect(startGptRun(null, { out })).rejects.toThrow(/must be an object/);
    await expect(startGptRun(null, { out, resume: true })).rejects.toThrow(/there is no recipe\.json/);
    await expect(readdir(out)).rejects.toThrow(/ENOENT/);
  });
});

test("the largest seed and a prompt that the tokenizer has never seen work", async () => {
  const out = fresh();
  const events = await eventsOf(recipe({ seed: Number.MAX_SAFE_INTEGER, samplePrompt: "鰻" }), out);
  expect(events.at(-1)).toMatchObject({ status: "completed" });
});

test("disposing a run waits until its memory and files are released", async () => {
  const out = fresh();
  const run = await startGptRun(recipe({ steps: 100_000 }), { out });
  await run[Symbol.asyncDispose]();
  expect((await run.result).status).toBe("stopped");
  await rm(out, { recursive: true });
});
