import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cameo, jsonLines, temporaryFolder, tinyText } from "../../test/support/cli.ts";

const folder = temporaryFolder();
const text = join(folder, "text.txt");
writeFileSync(text, tinyText());
const tiny = ["--preset", "tiny", "--data", text, "--steps", "6", "--sample-tokens", "5", "--threads", "1"];

/** Runs go below the current folder; each test has one of its own. */
const home = process.cwd();
let test0 = 0;
beforeEach(() => {
  const own = join(folder, `test-${test0++}`);
  mkdirSync(own);
  process.chdir(own);
});
afterEach(() => process.chdir(home));

const weights = (run: string, step: number): Buffer =>
  readFileSync(join(run, "checkpoints", `step-${step}`, "model.safetensors"));

test("a run trains, exports and ends with a done event that has valLoss", async () => {
  const { code, stdout, stderr } = await cameo(["train", "gpt", ...tiny, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  const events = jsonLines(stdout);
  expect(events[0]).toMatchObject({ type: "start", step: 0, steps: 6, threads: 1 });
  expect(events.filter(({ type }) => type === "step")).toHaveLength(6);
  expect(events.at(-1)).toMatchObject({ type: "done", status: "completed", step: 6, valLoss: expect.any(Number) });
  expect(existsSync("runs/gpt-1/export/model.onnx")).toBe(true);
  const logged = jsonLines(readFileSync("runs/gpt-1/events.jsonl", "utf8"));
  expect(logged).toEqual(events);
});

test("people get a record on stderr and what to try next", async () => {
  const { code, stdout, stderr } = await cameo(["train", "gpt", ...tiny]);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toContain("step     6  validation loss ");
  expect(stderr).toContain("step     6  the model writes\n    │ ");
  expect(stderr).toContain("exported runs/gpt-1/export/model.onnx");
  expect(stderr).toContain("What to try next\n  npx cameo generate runs/gpt-1");
});

test("recipes come from files too: JSON and modules, with flags over them", async () => {
  const recipe = {
    kind: "gpt",
    data: [text],
    tokenizer: "character",
    layers: 1,
    heads: 1,
    width: 8,
    context: 8,
    steps: 3,
    sampleEvery: 0,
    threads: 1,
  };
  writeFileSync("mine.json", `\ufeff${JSON.stringify(recipe)}`); // as some editors begin a file
  writeFileSync("mine.mjs", `export default ${JSON.stringify(recipe)};`);
  const first = await cameo(["train", "mine.json", "--batch-size", "4", "--bias", "--json", "--out", "a"]);
  expect(first.stderr).toBe("");
  expect(JSON.parse(readFileSync("a/recipe.json", "utf8"))).toMatchObject({
    batchSize: 4,
    bias: true,
    width: 8,
    steps: 3,
  });
  const second = await cameo(["train", "./mine.mjs", "--out", "b", "--json"]);
  expect([second.code, second.stderr]).toEqual([0, ""]);
  expect(JSON.parse(readFileSync("b/recipe.json", "utf8"))).toMatchObject({ batchSize: 12, bias: false });
  const again = await cameo(["train", "a/recipe.json", "--out", "c", "--json"]);
  expect(again.code).toBe(0);
  expect(weights("c", 3)).toEqual(weights("a", 3));
});

test("resuming a stopped run ends with the weights of an unbroken one", async () => {
  const stop = new AbortController();
  const whole = await cameo(["train", "gpt", ...tiny, "--out", "whole", "--json"]);
  expect(whole.code).toBe(0);
  stop.abort();
  // Stopped before the first step: nothing is kept of a run that never began.
  const early = await cameo(["train", "gpt", ...tiny, "--out", "broken", "--json"], { signal: stop.signal });
  expect(early).toEqual({ code: 130, stdout: "", stderr: "cameo train: interrupted, nothing was lost\n" });
  expect(existsSync("broken")).toBe(false);

  await cameo(["train", "gpt", ...tiny, "--steps", "3", "--schedule", "constant", "--out", "grown", "--json"]);
  const grown = await cameo(["train", "--resume", "grown", "--steps", "6", "--json"]);
  expect([grown.code, grown.stderr]).toEqual([0, ""]);
  expect(jsonLines(grown.stdout)[0]).toMatchObject({ type: "start", step: 3, steps: 6 });
  const unbroken = await cameo(["train", "gpt", ...tiny, "--schedule", "constant", "--out", "unbroken", "--json"]);
  expect(unbroken.code).toBe(0);
  expect(weights("grown", 6)).toEqual(weights("unbroken", 6));
  expect(JSON.parse(readFileSync("grown/recipe.json", "utf8")).steps).toBe(6);
});

test("a finished run says that it is complete, by any way of naming it", async () => {
  await cameo(["train", "gpt", ...tiny, "--json"]);
  const before = weights("runs/gpt-1", 6);
  for (const words of [
    ["train", "--resume", "runs/gpt-1"],
    ["train", "gpt", "--resume", "--out", "runs/gpt-1"],
    ["train", "gpt", ...tiny, "--resume", "--out", "runs/gpt-1"],
  ]) {
    const { code, stderr } = await cameo(words);
    expect(code).toBe(0);
    expect(stderr).toContain("The run was complete before: step 6 of 6.");
  }
  const newest = await cameo(["train", "gpt", "--resume", "--json"]);
  expect(newest.code).toBe(0);
  expect(newest.stderr).toMatch(/^continuing runs\/gpt-1, the newest run\n/);
  expect(jsonLines(newest.stdout).at(-1)).toMatchObject({
    type: "done",
    status: "completed",
    valLoss: expect.any(Number),
  });
  expect(weights("runs/gpt-1", 6)).toEqual(before);
});

test("a resumed run keeps its recipe", async () => {
  await cameo(["train", "gpt", ...tiny, "--out", "a", "--json"]);
  const other = await cameo(["train", "--resume", "a", "--batch-size", "9"]);
  expect(other.code).toBe(2);
  expect(other.stderr).toBe(
    'cameo train: cannot resume "a" with --batch-size 9: the run has 8, a resumed run keeps its recipe\nhint: leave the flag out, or start a new run\n',
  );
  expect((await cameo(["train", "--resume", "a", "--steps", "2"])).stderr).toContain(
    "the run has 6, it may only be raised",
  );
  expect((await cameo(["train", "--resume", "a", "--out", "b"])).code).toBe(2);
  writeFileSync("a/recipe.json", "[]");
  const none = await cameo(["train", "--resume", "a", "--steps", "9"]);
  expect([none.code, none.stderr]).toEqual([
    2,
    expect.stringMatching(/^cameo train: .*a\/recipe.json: cannot read the recipe: got \[\], must be an object\n$/),
  ]);
  const again = await cameo(["train", "gpt", ...tiny, "--out", "a"]);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(
    /^cameo train: cannot start a run in "a": the folder holds a run, .*\nhint: continue it with --resume, .*\n$/,
  );
});

mkdirSync(join(folder, "bad"));
const bad = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, "bad", name);
  writeFileSync(path, content);
  return path;
};
const gpt = (...words: string[]): string[] => ["train", "gpt", "--preset", "tiny", "--threads", "1", ...words];

test.each([
  ["no recipe", ["train"], 2, /cannot begin: got no recipe, built-in recipes are gpt\nhint: cameo train gpt --data/],
  ["no data", ["train", "gpt"], 2, /cannot train gpt: got no --data, needs text to learn from\nhint: /],
  [
    "a misspelt recipe",
    ["train", "gtp", "--data", text],
    2,
    /cannot train "gtp": there is no such recipe or file, the nearest is "gpt"/,
  ],
  [
    "an unknown preset",
    ["train", "gpt", "--preset", "smal", "--data", text],
    2,
    /cannot use --preset: got "smal", must be one of .*; the nearest is "small"/,
  ],
  ["negative steps", gpt("--data", text, "--steps", "-5"), 2, /cannot use --steps: got -5, /],
  ["no steps", gpt("--data", text, "--steps", "0"), 2, /cannot use --steps: got 0, /],
  ["half a step", gpt("--data", text, "--steps", "1.5"), 2, /cannot use --steps: got 1.5, /],
  [
    "heads that do not divide the width",
    gpt("--data", text, "--heads", "5"),
    2,
    /cannot use --heads: got 5 heads and width 32, heads must divide width/,
  ],
  [
    "missing data",
    gpt("--data", join(folder, "nope")),
    1,
    /cannot read ".*nope": there is no such file or folder, must exist/,
  ],
  [
    "an empty file",
    gpt("--data", bad("empty.txt", "")),
    1,
    /cannot read ".*empty.txt": it is empty, must be a file with text/,
  ],
  [
    "a binary file",
    gpt("--data", bad("binary.txt", Uint8Array.of(65, 0, 66))),
    1,
    /a NUL byte at byte 1, must be UTF-8 text/,
  ],
  [
    "a text shorter than a sequence",
    gpt("--data", bad("short.txt", "abcabc")),
    1,
    /cannot cut a batch: the text has \d+ training tokens, one sequence takes 33\nhint: give more text/,
  ],
  [
    "a recipe with an unknown key",
    ["train", bad("key.json", JSON.stringify({ data: [text], step: 3 }))],
    2,
    /key.json": cannot read the recipe: unknown key "step", keys are kind, data, /,
  ],
  [
    "a recipe that is no JSON",
    ["train", bad("no.json", "{")],
    2,
    /cannot read the recipe ".*no.json": .* must be JSON/,
  ],
  ["a recipe that is null", ["train", bad("null.json", "null")], 2, /got null, must be an object/],
  [
    "a recipe in a module that holds no JSON",
    ["train", bad("big.mjs", `export default { data: [${JSON.stringify(text)}], seed: 1n };`)],
    2,
    /cannot use "seed": got 1, /,
  ],
  ["a recipe that is a list", ["train", bad("list.json", "[]")], 2, /got a list, must be an object/],
  [
    "a recipe of another kind",
    ["train", bad("kind.json", '{"kind":"gnn"}')],
    2,
    /it is of kind "gnn", kinds are "gpt"/,
  ],
  [
    "a module without a default export",
    ["train", bad("none.mjs", "export const a = 1;")],
    2,
    /it has no default export/,
  ],
  [
    "a module that fails",
    ["train", bad("throws.mjs", "throw new Error('oops');")],
    2,
    /cannot read the recipe ".*throws.mjs": oops, /,
  ],
  ["a folder for a recipe", ["train", folder], 2, /there is no such recipe or file/],
  [
    "a file for a folder",
    gpt("--data", text, "--out", text),
    2,
    /cannot use --out ".*text.txt": it is a file, must be a folder, or new/,
  ],
  ["no name for a folder", gpt("--data", text, "--out", ""), 2, /cannot use --out: got "", must name a folder/],
  [
    "more memory than there is",
    gpt("--data", text, "--width", "1000000000"),
    1,
    /, there is not enough memory\nhint: use a smaller model, batch or context/,
  ],
  ["nothing to resume", ["train", "--resume"], 2, /cannot resume: there is no run in "runs", name one with --out/],
  [
    "no run to resume",
    ["train", "--resume", "--out", "nope"],
    1,
    /cannot open "nope": there is no recipe.json, the folder of a run has one/,
  ],
  [
    "too many threads",
    gpt("--data", text, "--threads", "9999"),
    2,
    /cannot use --threads: got 9999, must be an integer in \[1, 512\]/,
  ],
])("%s is refused in one line, and leaves nothing", async (_, words, code, message) => {
  const outcome = await cameo(words);
  expect(outcome.stderr.replace(/^learning .*\n/, "")).toMatch(message);
  expect(outcome.stderr).toMatch(/^(learning .*\n)?cameo train: [^\n]*\n(hint: [^\n]*\n)?$/);
  expect(outcome).toMatchObject({ code, stdout: "" });
  expect(existsSync("runs") && readdirSync("runs").length > 0).toBe(false);
  expect(statSync(text).size).toBeGreaterThan(0);
});

test("a run whose folder is a run's says how to continue it", async () => {
  await cameo(["train", "gpt", ...tiny, "--out", "a", "--json"]);
  const { code, stderr } = await cameo(["train", "a"]);
  expect([code, stderr]).toEqual([
    2,
    'cameo train: cannot train "a": it is a run, a run is continued with --resume\nhint: cameo train --resume a\n',
  ]);
});
