import { expect, test } from "vitest";
import { countParameters } from "../nn/layer.ts";
import { gpt } from "../text/gpt.ts";
import { estimateMemory } from "./estimate-memory.ts";

test("parameters are counted as the model has them", () => {
  for (const bias of [false, true])
    for (const [vocabulary, layers, heads, width, context] of [
      [65, 4, 4, 128, 64],
      [257, 1, 2, 16, 8],
      [1000, 3, 3, 48, 100],
    ] as const) {
      const sizes = { vocabulary, layers, heads, width, context, bias };
      expect(estimateMemory(sizes, "wasm").parameters).toBe(countParameters(gpt(sizes).parameters));
    }
});

test("state is there once on the processor and twice on a GPU", () => {
  const sizes = { vocabulary: 65 };
  const [wasm, webgpu] = [estimateMemory(sizes, "wasm"), estimateMemory(sizes, "webgpu")];
  expect(wasm.optimizerBytes / wasm.parametersBytes).toBe(3);
  expect(webgpu.optimizerBytes / webgpu.parametersBytes).toBe(6);
  expect(wasm.totalBytes).toBe(wasm.parametersBytes + wasm.optimizerBytes + wasm.activationsBytes);
});

test("sizes that are none are refused", () => {
  for (const wrong of [{ vocabulary: 0 }, { vocabulary: 65, layers: 1.5 }, { vocabulary: 65, batchSize: Number.NaN }])
    expect(() => estimateMemory(wrong, "wasm")).toThrow(/^estimateMemory: cannot use \w+: got .*, must be a positive/);
});
