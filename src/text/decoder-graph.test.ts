import { describe, expect, test } from "vitest";
import { floats } from "../../test/support/compare-graphs.ts";
import { randomWeights, smallGpt, trainingLogitsGraph } from "../../test/support/gpts.ts";
import { expectClose } from "../../test/support/run-layer.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import { verifyGraph } from "../graph/verify.ts";
import { inference, keyOf } from "../ops/registry.ts";

import { evaluate, sharedCpuRuntime } from "../runtime/evaluate.ts";
import type { Executable } from "../runtime/runtime.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { decoderGraph } from "./decoder-graph.ts";
import type { GptModel } from "./gpt.ts";

const models: Readonly<Record<string, GptModel>> = {
  "without biases": smallGpt(),
  "with biases": smallGpt({ bias: true, dropout: 0.3 }),
  "one block, one head": smallGpt({ layers: 1, heads: 1, width: 5, context: 3, vocabulary: 4 }),
};

async function load(model: GptModel, weights: ReadonlyMap<string, Tensor>): Promise<Executable> {
  const { graph, dynamicShapes } = decoderGraph(model, weights);
  return (await sharedCpuRuntime()).load(writeOnnx(graph, { dynamicShapes }));
}

/** Inputs for rows of tokens with nothing cached: a mask of 0 is padding. */
function inputsOf(
  { config }: GptModel,
  rows: readonly (readonly number[])[],
  mask?: readonly (readonly number[])[],
): Record<string, Tensor> {
  const [batch, length] = [rows.length, rows[0]?.length as number];
  const marks = mask ?? rows.map((row) => row.map(() => 1));
  const positions = marks.map((row) =>
    row.map((_, i) => Math.max(0, row.slice(0, i + 1).reduce((a, b) => a + b, 0) - 1)),
  );
  const inputs: Record<string, Tensor> = {
    input_ids: tensor("int64", [batch, length], rows.flat()),
    attention_mask: tensor("int64", [batch, length], marks.flat()),
    position_ids: tensor("int64", [batch, length], positions.flat()),
  };
  for (let i = 0; i < config.layers; i++)
    for (const kind of ["key", "value"])
      inputs[`past_key_values.${i}.${kind}`] = tensor(
        "float32",
        [batch, config.heads, 0, config.width / config.heads],
        [],
      );
  return inputs;
}

describe.each(Object.entries(models))("a GPT %s", (_, model) => {
  const { context, vocabulary, layers } = model.config;
  const weights = randomWeights(model);
  const rows = [0, 1, 2].map((row) =>
    Array.from({ length: context }, (_, i) => (i * 5 + row * 7 + i * i) % vocabulary),
  );

  test("gives the logits of training on the same tokens", async () => {
    const byPosition = Array.from({ length: context }, (_, position) =>
      rows.map((row) => row[position] as number),
    ).flat();
    const tokens = tensor("int32", [context * 3], byPosition);
    const trained = (
      await evaluate(trainingLogitsGraph(model, 3), { ...Object.fromEntries(weights), tokens, labels: tokens })
    ).logits as Tensor;
    await using decoder = await load(model, weights);
    const { logits } = await decoder.call(inputsOf(model, rows), ["logits"]);
    expect(logits?.shape).toEqual([3, context, vocabulary]);
    const turned = new Float32Array(trained.data.length);
    for (let position = 0; position < context; position++)
      for (let row = 0; row < 3; row++) {
        const from = (position * 3 + row) * vocabulary;
        turned.set(
          (trained.data as Float32Array).subarray(from, from + vocabulary),
          (row * context + position) * vocabulary,
        );
      }
    expectClose("logits", logits as Tensor, tensor("float32", [3, context, vocabulary], turned), 1e-4, 1e-5);
  });

  test("is the same file whatever sizes it was built with", () => {
    const examples = [
      undefined,
      { batch: 3, sequence: 5, past: 7 },
      { batch: 2, sequence: 1, past: 1 },
      { batch: 7, sequence: 4, past: 2 },
    ];
    for (const held of [weights, null]) {
      const files = examples.map((example) => {
        const { graph, dynamicShapes } = decoderGraph(model, held, example);
        verifyGraph(graph, { inference, keyOf });
        return Buffer.from(writeOnnx(graph, { dynamicShapes }));
      });
      for (const file of files.slice(1)) expect(file.equals(files[0] as Buffer)).toBe(true);
    }
  });

  test("has the inputs and outputs of Hugging Face's decoders", () => {
    const { graph, dynamicShapes } = decoderGraph(model, weights);
    const names = (kind: string) =>
      Array.from({ length: layers }, (_, i) => [`${kind}.${i}.key`, `${kind}.${i}.value`]).flat();
    expect(graph.inputs.map(({ name }) => name)).toEqual([
      "input_ids",
      "attention_mask",
      "position_ids",
      ...names("past_key_values"),
    ]);
    expect(graph.outputs.map(({ name }) => name)).toEqual([...names("present"), "logits"]);
    expect(Object.keys(dynamicShapes).sort()).toEqual(
      [...graph.inputs, ...graph.outputs].map(({ name }) => name).sort(),
    );
  });

  test("cached in pieces of any length gives the same logits and cache", async () => {
    await using decoder = await load(model, weights);
    const outputs = [
      "logits",
      ...Array.from({ length: layers }, (_, i) => [`present.${i}.key`, `present.${i}.value`]).flat(),
    ];
    const whole = await decoder.call(inputsOf(model, rows), outputs);
    for (const piece of [1, 2, context]) {
      let cache: Record<string, Tensor> = {};
      let last: Record<string, Tensor> = {};
      for (let from = 0; from < context; from += piece) {
        const to = Math.min(context, from + piece);
        const inputs = {
          ...inputsOf(
            model,
            rows.map((row) => row.slice(from, to)),
          ),
          ...cache,
        };
        inputs.attention_mask = tensor("int64", [3, to], new BigInt64Array(3 * to).fill(1n));
        inputs.position_ids = tensor(
          "int64",
          [3, to - from],
          rows.flatMap(() => Array.from({ length: to - from }, (_, i) => from + i)),
        );
        last = await decoder.call(inputs, outputs);
        cache = Object.fromEntries(
          Object.entries(last).flatMap(([name, value]) =>
            name === "logits" ? [] : [[name.replace("present", "past_key_values"), value]],
          ),
        );
        const { logits } = last as { logits: Tensor };
        const expected = rows.flatMap((_, row) =>
          Array.from(
            floats(whole.logits).subarray((row * context + from) * vocabulary, (row * context + to) * vocabulary),
          ),
        );
        expectClose(
          `logits of [${from}, ${to})`,
          logits,
          tensor("float32", [3, to - from, vocabulary], expected),
          1e-4,
          1e-5,
        );
      }
      for (const name of outputs.slice(1)) expectClose(name, last[name] as Tensor, whole[name] as Tensor, 1e-4, 1e-5);
    }
  });

  test("padding on either side changes nothing for the tokens", async () => {
    await using decoder = await load(model, weights);
    const [row] = rows as [number[]];
    const short = row.slice(0, context - 1);
    const alone = (await decoder.call(inputsOf(model, [short]), ["logits"])).logits as Tensor;
    const padded = inputsOf(
      model,
      [[0, ...short], [...short, 0], row],
      [[0, ...short.map(() => 1)], [...short.map(() => 1), 0], row.map(() => 1)],
    );
    const { logits } = await decoder.call(padded, ["logits"]);
    const part = (from: number) =>
      tensor("float32", alone.shape, floats(logits).slice(from * vocabulary, (from + context - 1) * vocabulary));
    expectClose("left", part(1), alone, 1e-4, 1e-5);
    expectClose("right", part(context), alone, 1e-4, 1e-5);
  });
});

test("weights that are inputs give what weights inside the model give", async () => {
  const model = smallGpt({ bias: true });
  const weights = randomWeights(model, 3);
  const inputs = inputsOf(model, [[1, 2, 3]]);
  await using inside = await load(model, weights);
  const { graph, dynamicShapes } = decoderGraph(model, null);
  await using outside = await (await sharedCpuRuntime()).load(writeOnnx(graph, { dynamicShapes }));
  const [a, b] = [
    await inside.call(inputs, ["logits"]),
    await outside.call({ ...inputs, ...Object.fromEntries(weights) }, ["logits"]),
  ];
  expectClose("logits", b.logits as Tensor, a.logits as Tensor, 1e-4, 1e-5);
});
