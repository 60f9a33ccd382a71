/** Memory of a run on the GPU: the buffers that are alive. */

import { createWebRuntime } from "../../../src/runtime/web.ts";
import { gptTraining } from "../../../src/text/gpt-training.ts";
import { memoryTextDataset } from "../../../src/text/memory-text.ts";
import { type GptRecipeInput, gptRecipe } from "../../../src/text/recipe.ts";
import { createStepProgram } from "../../../src/train/step-program.ts";

/** Takes two steps of a recipe; returns the most bytes that buffers had together, and the size of the vocabulary. */
export async function peakBytes(
  own: Partial<GptRecipeInput>,
  text: string,
): Promise<{ readonly peak: number; readonly vocabulary: number }> {
  let live = 0;
  let peak = 0;
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  const alive = new WeakSet<GPUBuffer>();
  GPUDevice.prototype.createBuffer = function counted(descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    alive.add(buffer);
    live += buffer.size;
    peak = Math.max(peak, live);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function counted() {
    if (alive.delete(this)) live -= this.size;
    destroy.call(this);
  };
  const recipe = gptRecipe({ data: ["text"], tokenizer: "character", sampleEvery: 0, ...own });
  const data = await memoryTextDataset(text, recipe);
  await using runtime = await createWebRuntime({
    device: "webgpu",
    engineUrl: new URL("/engine/", location.href).href,
  });
  const { model, options } = gptTraining(recipe, data);
  const { optimizer, batchSize, recompute = false } = options;
  await using program = await createStepProgram({ runtime, model, optimizer, batchSize, recompute, seed: 1 });
  for (let step = 0; step < 2; step++) await program.step(step, [await data.batch(step, batchSize)]);
  return { peak, vocabulary: data.tokenizer.size };
}
