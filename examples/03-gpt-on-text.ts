/**
 * Trains a small GPT on a small text, piece by piece: data, model, optimizer, loop. `cameo train gpt` does the same from a recipe.
 *
 *     npx node --conditions=cameo-source examples/03-gpt-on-text.ts [file or folder]
 */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countParameters } from "cameo/nn";
import { adamw, chain, clipByGlobalNorm, warmupCosine } from "cameo/optim";
import { createCpuRuntime } from "cameo/runtime";
import { continueText, exportGpt, gpt, liveWeights, openGenerator, textDataset } from "cameo/text";
import { train } from "cameo/train";

const path = process.argv[2] ?? fileURLToPath(new URL("../LICENSE", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "cameo-gpt-"));

// The text becomes tokens in a file beside the tokenizer; batches are windows of it.
const data = await textDataset({
  paths: [path],
  folder: join(folder, "data"),
  tokenizer: "character",
  vocabulary: 512, // of the "bpe" tokenizer; a character tokenizer takes what it meets
  context: 32,
  validationFraction: 0.1,
  seed: 1,
});
const { tokenizer } = data;
const model = gpt({ layers: 2, heads: 4, width: 64, context: 32, vocabulary: tokenizer.size });
console.log(`${data.sizes.train} tokens to learn from, ${tokenizer.size} different`);
console.log(`${countParameters(model.parameters)} parameters`);

const [steps, batchSize] = [300, 16];
const learningRate = warmupCosine({ peak: 4e-3, warmup: 20, total: steps });
const run = train({
  model,
  data,
  optimizer: chain(clipByGlobalNorm(1), adamw({ learningRate, beta2: 0.99, weightDecay: 0.1 })),
  batchSize,
  steps,
  seed: 1,
  evaluation: { every: 100 },
  // While the weights are still in memory: write model.onnx and tokenizer.json.
  onFinish: async (program) => {
    const written = await exportGpt(join(folder, "export"), model, await liveWeights(program), tokenizer);
    return [{ type: "export", ...written }];
  },
});
for await (const event of run) {
  if (event.type === "evaluation") console.log(`step ${event.step}: validation loss ${event.valLoss.toFixed(3)}`);
  if (event.type === "export") console.log(`exported ${event.sizeBytes} bytes`);
}
const { valLoss } = await run.result;

// From the file: the decoder keeps keys and values of earlier tokens, so each new character is one small step.
await using runtime = await createCpuRuntime();
await using generator = await openGenerator(runtime, join(folder, "export", "model.onnx"));
const prompt = "the ";
console.log(`\n${prompt}${await continueText(generator, prompt, { tokens: 200, temperature: 0.5, seed: 1 })}`);

data[Symbol.dispose]();
await rm(folder, { recursive: true });
assert(
  valLoss !== undefined && valLoss < Math.log(tokenizer.size) / 1.5,
  "it has learnt more than how often letters occur",
);
