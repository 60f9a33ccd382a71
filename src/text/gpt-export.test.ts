import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomWeights, smallGpt } from "../../test/support/gpts.ts";
import { CameoError, CheckpointError, CodecError, RuntimeError, UsageError } from "../base/errors.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import { createBuilder } from "../ops/registry.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import { type Runtime, viewOf } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { writeCheckpoint } from "../train/checkpoint.ts";
import type { StateTensor } from "../train/memory.ts";
import { generateTokens } from "./generate.ts";
import { exportGpt, openGenerator, readRun } from "./gpt-export.ts";
import { type Generator, liveGenerator } from "./live-generator.ts";
import { trainCharacter } from "./tokenizer/character.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

const model = smallGpt({ bias: true });
const weights = randomWeights(model, 4);
let runtime: Runtime;
let tokenizer: Tokenizer;
let root: string;
let count = 0;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  tokenizer = await trainCharacter(["abcdefghijklm"]);
  root = await mkdtemp(join(tmpdir(), "cameo-export-"));
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});
const fresh = (): string => join(root, String(count++));

async function write(generator: Generator): Promise<string> {
  const ids: number[] = [];
  for await (const id of generateTokens(await generator.start(), generator.sizes, [1, 2], { tokens: 20, seed: 3 }))
    ids.push(id);
  return generator.tokenizer.decode(ids);
}

test("an exported model writes what the live one writes", async () => {
  await using live = await liveGenerator(runtime, model, () => weights, tokenizer);
  const folder = fresh();
  const { path, sizeBytes } = await exportGpt(folder, model, weights, tokenizer);
  expect((await readdir(folder)).sort()).toEqual(["model.onnx", "tokenizer.json"]);
  expect((await readFile(path)).length).toBe(sizeBytes);
  await using opened = await openGenerator(runtime, path);
  expect(opened.sizes).toMatchObject({ layers: 2, heads: 2, width: 8, context: 8, vocabulary: 13 });
  expect(await write(opened)).toBe(await write(live));
});

test("a run's folder gives its newest weights, checked against its recipe", async () => {
  const folder = fresh();
  await mkdir(join(folder, "data"), { recursive: true });
  await writeFile(join(folder, "data", "tokenizer.json"), JSON.stringify(tokenizer.toJSON()));
  const writeRecipe = (width: number) =>
    writeFile(join(folder, "recipe.json"), JSON.stringify({ kind: "gpt", ...model.config, width }));
  await writeRecipe(8);
  const state = [...weights].map(([path, { shape, data }]): [string, StateTensor] => {
    const buffer = runtime.createBuffer("float32", data.length);
    (buffer.host as Float32Array).set(data as Float32Array);
    return [`model/${path}`, { shape, view: viewOf(buffer, shape) }];
  });
  const numbers = { step: 30, seed: 0, data: "", loss: 1, valLoss: null };
  await writeCheckpoint(join(folder, "checkpoints"), new Map(state), numbers);
  const read = await readRun(folder);
  expect(read.step).toBe(30);
  expect(read.weights).toEqual(weights);
  await using opened = await openGenerator(runtime, folder);
  await using live = await liveGenerator(runtime, model, () => weights, tokenizer);
  expect(await write(opened)).toBe(await write(live));
  await writeRecipe(10);
  await expect(readRun(folder)).rejects.toThrow(
    /^run: cannot open ".+": "wte\.weight" is \[13, 8\], recipe\.json makes it \[13, 10\]$/,
  );
});

test("a live generator sees weights change where they lie", async () => {
  const buffer = runtime.createBuffer("float32", 13 * 8);
  await buffer.write(weights.get("wte.weight")?.data as Float32Array);
  const changing = new Map(weights).set("wte.weight", {
    dtype: "float32",
    shape: [13, 8],
    data: buffer.host as Float32Array,
  } satisfies Tensor);
  await using live = await liveGenerator(runtime, model, () => changing, tokenizer);
  const before = await write(live);
  await buffer.write((buffer.host as Float32Array).map((x) => -x));
  expect(await write(live)).not.toBe(before);
});

describe("openGenerator refuses", () => {
  test("files that are absent, or no model of ours", async () => {
    await expect(openGenerator(runtime, join(root, "absent.onnx"))).rejects.toThrow(UsageError);
    const g = createBuilder("other");
    g.output("y", g.op("Exp", [g.input("x", "float32", [1])]));
    const path = `${fresh()}.onnx`;
    await writeFile(path, writeOnnx(g.build()));
    await expect(openGenerator(runtime, path)).rejects.toThrow(/it was not exported by Cameo as a language model/);
  });

  test("a model whose metadata is damaged", async () => {
    const g = createBuilder("other");
    g.output("y", g.op("Exp", [g.input("x", "float32", [1])]));
    for (const config of ["{", "null", "{}", '{"layers": 0}']) {
      const folder = fresh();
      await exportGpt(folder, model, weights, tokenizer);
      const path = join(folder, "model.onnx");
      await writeFile(path, writeOnnx(g.build(), { metadata: { "cameo.gpt": config } }));
      await expect(openGenerator(runtime, path), config).rejects.toThrow(CodecError);
    }
  });

  test("a model that is cut short or has a changed byte, without a crash", async () => {
    const folder = fresh();
    const { path } = await exportGpt(folder, model, weights, tokenizer);
    const whole = await readFile(path);
    const variants: Uint8Array[] = [];
    for (let cut = 0; cut < whole.length; cut += 211) variants.push(whole.subarray(0, cut));
    for (let at = 0; at < whole.length; at += 173)
      variants.push(whole.map((byte, i) => (i === at ? byte ^ 0x40 : byte)));
    let refused = 0;
    for (const bytes of variants) {
      await writeFile(path, bytes);
      const result = await openGenerator(runtime, path).catch((error: unknown) => error);
      if (result instanceof Error) {
        refused++;
        expect(result).toBeInstanceOf(CameoError);
        if (!(result instanceof RuntimeError)) expect(result.message.split("\n")[0]).toMatch(/: cannot /);
      } else await (result as Generator)[Symbol.asyncDispose](); // the byte was a weight's
    }
    expect(refused).toBeGreaterThan(variants.length / 4);
  });

  test("folders that hold no run, another kind, or no checkpoint yet", async () => {
    await expect(openGenerator(runtime, root)).rejects.toThrow(CheckpointError);
    for (const [recipe, message] of [
      [{ kind: "resnet" }, /it is of kind "resnet", must be a gpt run/],
      [null, /it is of kind undefined/],
      [{ kind: "gpt" }, /it has no checkpoint yet, needs one\nhint: train it further with --resume/],
    ] as const) {
      const folder = fresh();
      await exportGpt(folder, model, weights, tokenizer);
      await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
      await expect(readRun(folder)).rejects.toThrow(UsageError);
      await expect(readRun(folder)).rejects.toThrow(message);
    }
  });
});
