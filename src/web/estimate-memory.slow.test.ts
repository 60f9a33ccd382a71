import { describe, expect, test, vi } from "vitest";
import { createWebRuntime } from "../runtime/web.ts";
import { gptTraining } from "../text/gpt-training.ts";
import { memoryTextDataset } from "../text/memory-text.ts";
import { gptRecipe } from "../text/recipe.ts";
import { createStepProgram } from "../train/step-program.ts";
import { estimateMemory } from "./estimate-memory.ts";

describe("the estimate is within a quarter of what the heap grows by", () => {
  const shape = { layers: 3, heads: 4, width: 128, context: 64 };
  test.each([
    { ...shape, threads: 1, batchSize: 48 },
    { ...shape, threads: 2, context: 256, batchSize: 8 },
    { ...shape, threads: 3, batchSize: 48, recompute: true },
  ])("$context tokens, batch $batchSize, recompute $recompute", async (own) => {
    // An engine with another number of threads has a memory of its own; it only grows.
    const memories: WebAssembly.Memory[] = [];
    const Memory = WebAssembly.Memory;
    vi.spyOn(WebAssembly, "Memory").mockImplementation(function measured(descriptor: WebAssembly.MemoryDescriptor) {
      const memory = new Memory(descriptor);
      memories.push(memory);
      return memory;
    } as never);
    const recipe = gptRecipe({ data: ["text"], tokenizer: "character", sampleEvery: 0, warmupSteps: 0, ...own });
    const data = await memoryTextDataset("abcdefghijklmnopqrstuvwxyz0123456789".repeat(100), recipe);
    await using runtime = await createWebRuntime({ device: "wasm", threads: recipe.threads });
    const { model, options } = gptTraining(recipe, data);
    const heapBytes = (): number => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    const before = heapBytes();
    expect(before).toBeGreaterThan(0);
    await using program = await createStepProgram({ runtime, model, seed: 1, ...pick(options) });
    for (let step = 0; step < 2; step++) await program.step(step, [await data.batch(step, recipe.batchSize)]);
    const { totalBytes } = estimateMemory({ ...recipe, vocabulary: data.tokenizer.size }, "wasm");
    const ratio = totalBytes / (heapBytes() - before);
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.25);
  });
});

const pick = <T extends { optimizer: unknown; batchSize: number; recompute?: boolean }>(options: T) => ({
  optimizer: options.optimizer as T["optimizer"],
  batchSize: options.batchSize,
  recompute: options.recompute ?? false,
});
