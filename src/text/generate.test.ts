import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { floats } from "../../test/support/compare-graphs.ts";
import { randomWeights, smallGpt } from "../../test/support/gpts.ts";
import { RandomStream } from "../base/random.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import type { Executable, Runtime } from "../runtime/runtime.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { decoderGraph } from "./decoder-graph.ts";
import { type DecoderCall, type GenerateOptions, generateTokens } from "./generate.ts";
import { sampleToken } from "./sampling.ts";

const model = smallGpt();
const { config } = model;
const prompt = [3, 1, 4];
let runtime: Runtime;
let decoder: Executable;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  const { graph, dynamicShapes } = decoderGraph(model, randomWeights(model, 1));
  decoder = await runtime.load(writeOnnx(graph, { dynamicShapes }));
});
afterAll(() => runtime[Symbol.asyncDispose]());

const call: DecoderCall = (inputs, outputs) => decoder.call(inputs, outputs);

async function write(
  options: GenerateOptions,
  start: readonly number[] = prompt,
  through: DecoderCall = call,
): Promise<number[]> {
  const ids: number[] = [];
  for await (const id of generateTokens(through, config, start, options)) ids.push(id);
  return ids;
}

/** Logits after the last of `ids`, computed without a cache. */
async function logitsAfter(ids: readonly number[]): Promise<Float32Array> {
  const empty = (_: unknown, i: number) =>
    ["key", "value"].map((kind) => [
      `past_key_values.${i}.${kind}`,
      tensor("float32", [1, config.heads, 0, config.width / config.heads], []),
    ]);
  const { logits } = await decoder.call(
    {
      input_ids: tensor("int64", [1, ids.length], ids),
      attention_mask: tensor(
        "int64",
        [1, ids.length],
        ids.map(() => 1),
      ),
      position_ids: tensor(
        "int64",
        [1, ids.length],
        ids.map((_, i) => i),
      ),
      ...(Object.fromEntries(Array.from({ length: config.layers }, empty).flat()) as Record<string, Tensor>),
    },
    ["logits"],
  );
  return floats(logits).subarray((ids.length - 1) * config.vocabulary);
}

/** What generation means, without a cache: when the context is full, its newest three quarters go on. */
async function writeFromScratch(options: GenerateOptions, start: readonly number[]): Promise<number[]> {
  const draws = new RandomStream(options.seed ?? 0, "generate");
  const history = [...start];
  let window = history.slice(-config.context);
  const ids: number[] = [];
  for (let i = 0; i < options.tokens; i++) {
    if (window.length > config.context) window = window.slice(-Math.floor(config.context * 0.75));
    const id = sampleToken(await logitsAfter(window), draws.uniform(i), options);
    ids.push(id);
    window.push(id);
  }
  return ids;
}

describe("generateTokens", () => {
  test.each([1, 3, 7, 8, 9, 30])(
    "with a cache writes what recomputing everything writes, prompt of %s",
    async (length) => {
      const start = Array.from({ length }, (_, i) => (i * 3 + 1) % config.vocabulary);
      for (const options of [{ temperature: 0 }, { seed: 5 }, { seed: 6, temperature: 1.5, topK: 5, topP: 0.9 }])
        expect(await write({ tokens: 30, ...options }, start)).toEqual(
          await writeFromScratch({ tokens: 30, ...options }, start),
        );
    },
  );

  test("the logits it draws from are those of recomputing, at each length and past the context", async () => {
    const seen: { window: number[]; logits: Float32Array }[] = [];
    let window: number[] = [];
    const watching: DecoderCall = async (inputs, outputs) => {
      const fresh = Array.from(inputs.input_ids?.data as BigInt64Array, Number);
      window = inputs["past_key_values.0.key"]?.shape[2] === 0 ? fresh : [...window, ...fresh];
      const results = await call(inputs, outputs);
      seen.push({ window, logits: floats(results.logits).slice(-config.vocabulary) });
      return results;
    };
    await write({ tokens: 14, seed: 2 }, prompt, watching);
    expect(seen.map(({ window: { length } }) => length)).toEqual([3, 4, 5, 6, 7, 8, 6, 7, 8, 6, 7, 8, 6, 7]);
    for (const { window: ids, logits } of seen)
      for (const [i, value] of (await logitsAfter(ids)).entries()) expect(logits[i]).toBeCloseTo(value, 4);
  });

  test("the seed decides, and greedy writing needs none", async () => {
    const first = await write({ tokens: 20, seed: 9 });
    expect(await write({ tokens: 20, seed: 9 })).toEqual(first);
    expect(await write({ tokens: 20, seed: 10 })).not.toEqual(first);
    expect(await write({ tokens: 8, seed: 9 })).toEqual(first.slice(0, 8));
    expect(await write({ tokens: 20, temperature: 0, seed: 1 })).toEqual(
      await write({ tokens: 20, temperature: 0, seed: 2 }),
    );
    expect(await write({ tokens: 20 })).toEqual(await write({ tokens: 20, seed: 0 }));
  });

  test("ends at the stop token, which it gives, and at a signal", async () => {
    const all = await write({ tokens: 20, seed: 9 });
    const stop = all[6] as number;
    expect(await write({ tokens: 20, seed: 9, stop })).toEqual(all.slice(0, all.indexOf(stop) + 1));
    const controller = new AbortController();
    const ids: number[] = [];
    for await (const id of generateTokens(call, config, prompt, { tokens: 20, seed: 9, signal: controller.signal })) {
      ids.push(id);
      if (ids.length === 4) controller.abort();
    }
    expect(ids).toEqual(all.slice(0, 4));
  });

  test("a context of one token works", async () => {
    const one = smallGpt({ context: 1 });
    const { graph, dynamicShapes } = decoderGraph(one, randomWeights(one));
    await using executable = await runtime.load(writeOnnx(graph, { dynamicShapes }));
    const ids: number[] = [];
    const through: DecoderCall = (inputs, outputs) => executable.call(inputs, outputs);
    for await (const id of generateTokens(through, one.config, [1, 2, 3], { tokens: 5, temperature: 0 })) ids.push(id);
    expect(ids).toHaveLength(5);
  });

  test("refuses what it cannot continue", async () => {
    const bad: [readonly number[], Partial<GenerateOptions>, string][] = [
      [[], {}, "continue the prompt: it is empty, it must hold at least one token"],
      [[1, 13], {}, "continue the prompt: got token 13, the model knows 13 tokens"],
      [[-1], {}, "continue the prompt: got token -1, the model knows 13 tokens"],
      [[0.5], {}, "continue the prompt: got token 0.5, the model knows 13 tokens"],
      [[1], { tokens: 0 }, "use tokens: got 0, must be a positive integer"],
      [[1], { tokens: 2.5 }, "use tokens: got 2.5, must be a positive integer"],
      [[1], { topK: 0 }, "use topK"],
      [[1], { seed: -1 }, "use seed: got -1"],
    ];
    for (const [start, options, message] of bad) {
      await expect(write({ tokens: 3, ...options }, start)).rejects.toThrow(RangeError);
      await expect(write({ tokens: 3, ...options }, start)).rejects.toThrow(message);
    }
  });
});
