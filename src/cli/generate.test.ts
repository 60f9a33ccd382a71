import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { cameo, jsonLines, temporaryFolder, tinyText } from "../../test/support/cli.ts";

const folder = temporaryFolder();
const run = join(folder, "run");
const bytes = join(folder, "bytes");

beforeAll(async () => {
  const text = join(folder, "text.txt");
  writeFileSync(text, tinyText());
  const tiny = ["train", "gpt", "--preset", "tiny", "--data", text, "--steps", "60", "--sample-every", "0", "--json"];
  expect((await cameo([...tiny, "--out", run])).code).toBe(0);
  const mixed = join(folder, "mixed.txt");
  writeFileSync(mixed, "你好，世界！🙂🎉\r\nnaïve café\n".repeat(300));
  const bpe = ["--data", mixed, "--tokenizer", "bpe", "--vocabulary", "300", "--steps", "2", "--out", bytes];
  expect((await cameo([...tiny, ...bpe])).code).toBe(0);
});

test("the text begins with the prompt, and a seed decides it", async () => {
  const words = ["generate", run, "--prompt", "one and", "--tokens", "40"];
  const first = await cameo(words);
  expect([first.code, first.stderr]).toEqual([0, ""]);
  expect(first.stdout).toMatch(/^one and[\s\S]{40}\n?$/);
  expect(await cameo(words)).toEqual(first);
  expect((await cameo([...words, "--seed", "2"])).stdout).not.toBe(first.stdout);
});

test("a run and its exported model write the same", async () => {
  const words = ["--prompt", "three", "--tokens", "50", "--temperature", "0"];
  const live = await cameo(["generate", run, ...words]);
  const exported = await cameo(["generate", join(run, "export", "model.onnx"), ...words]);
  expect(exported).toEqual(live);
});

test("--json prints one object", async () => {
  const { code, stdout, stderr } = await cameo(["generate", run, "--prompt", "one", "--tokens", "20", "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  const plain = await cameo(["generate", run, "--prompt", "one", "--tokens", "20"]);
  const [generation, ...rest] = jsonLines(stdout);
  expect(rest).toEqual([]);
  expect(generation).toMatchObject({
    type: "generation",
    prompt: "one",
    tokens: 20,
    tokensPerSecond: expect.any(Number),
  });
  expect(`one${generation?.["text"]}`.trimEnd()).toBe(plain.stdout.trimEnd());
});

test("--prompt - reads stdin, without the shell's last line end", async () => {
  const piped = await cameo(["generate", run, "--prompt", "-", "--tokens", "10"], { stdin: "two and\n" });
  expect(piped).toEqual(await cameo(["generate", run, "--prompt", "two and", "--tokens", "10"]));
});

test("without a prompt a line begins", async () => {
  const { code, stdout } = await cameo(["generate", run, "--tokens", "10"]);
  expect(code).toBe(0);
  expect(stdout.replace(/\n$/, "").length).toBeGreaterThanOrEqual(9);
});

test("any text is a prompt of a byte-level model, and what is written is whole characters", async () => {
  const prompt = "你🙂 ñ";
  const { code, stdout } = await cameo([
    "generate",
    bytes,
    "--prompt",
    prompt,
    "--tokens",
    "200",
    "--temperature",
    "2",
  ]);
  expect(code).toBe(0);
  expect(stdout.startsWith(prompt)).toBe(true);
  expect(stdout.isWellFormed()).toBe(true);
});

test.each([
  [
    "an unknown character",
    ["generate", run, "--prompt", "one é"],
    2,
    /cannot continue the prompt: character "é" \(U\+00E9\) at offset 4, the model only knows characters of its training text\nhint: leave it out/,
  ],
  ["no tokens", ["generate", run, "--tokens", "0"], 2, /cannot use --tokens: got 0, must be a positive integer/],
  [
    "a negative temperature",
    ["generate", run, "--temperature", "-1"],
    2,
    /cannot use --temperature: got -1, must be at least 0/,
  ],
  ["no k", ["generate", run, "--top-k", "0"], 2, /cannot use --top-k: got 0, must be a positive integer/],
  ["too large a p", ["generate", run, "--top-p", "2"], 2, /cannot use --top-p: got 2, must be in \(0, 1\]/],
  ["no model", ["generate"], 2, /cannot begin: got no argument, the form is: cameo generate <run\|model.onnx>/],
  ["no such run", ["generate", join(folder, "nope")], 1, /cannot open ".*nope": there is no recipe.json/],
  ["no such file", ["generate", join(folder, "nope.onnx")], 2, /cannot open ".*nope.onnx": ENOENT/],
])("%s is refused in one line", async (_, words, code, message) => {
  const outcome = await cameo(words);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr).toMatch(/^cameo generate: cannot [^\n]*\n(hint: [^\n]*\n)?$/);
  expect(outcome).toMatchObject({ code, stdout: "" });
});

test("a prompt that is no text is refused", async () => {
  const { code, stderr } = await cameo(["generate", run, "--prompt", "-"], { stdin: new Uint8Array([0xff, 0xfe]) });
  expect([code, stderr]).toEqual([
    2,
    "cameo generate: cannot use --prompt -: stdin is no UTF-8 text, a prompt is text\n",
  ]);
});

test("damaged models are refused in one line", async () => {
  const whole = readFileSync(join(run, "export", "model.onnx"));
  for (const [i, content] of [
    whole.subarray(0, 0),
    whole.subarray(0, 1000),
    whole.subarray(0, whole.length - 1),
    Buffer.from("text"),
  ].entries()) {
    const path = join(folder, `damaged-${i}.onnx`);
    writeFileSync(path, content);
    const { code, stdout, stderr } = await cameo(["generate", path]);
    expect([code === 1 || code === 2, stdout]).toEqual([true, ""]);
    expect(stderr).toMatch(/^cameo generate: [^\n]*\n(hint: [^\n]*\n)?$/);
    expect(stderr).not.toContain("fault of Cameo");
  }
});
