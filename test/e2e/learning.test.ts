/** Tiny tasks are learnt in seconds, with bounds that a broken gradient or optimizer misses. */

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adam, adamw } from "../../src/optim/adam.ts";
import { chain } from "../../src/optim/chain.ts";
import { clipByGlobalNorm } from "../../src/optim/clip.ts";
import { sgd } from "../../src/optim/sgd.ts";
import type { Transform } from "../../src/optim/transform.ts";
import { createCpuRuntime } from "../../src/runtime/cpu.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { openGenerator } from "../../src/text/gpt-export.ts";
import { startGptRun } from "../../src/text/gpt-run.ts";
import { continueText } from "../../src/text/live-generator.ts";
import type { GptRecipeInput } from "../../src/text/recipe.ts";
import { train } from "../../src/train/train.ts";
import { classificationData, convModel, mlpModel } from "../support/models.ts";

let runtime: Runtime;
let root: string;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  root = await mkdtemp(join(tmpdir(), "cameo-learning-"));
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

describe("three classes", () => {
  // Chance is ln 3 = 1.10; the wrong sign, a stale slot or a missing bias correction stays above the bound.
  const rows: [string, Transform][] = [
    ["SGD", sgd({ learningRate: 0.5 })],
    ["momentum", sgd({ learningRate: 0.05, momentum: 0.9 })],
    ["Adam", adam({ learningRate: 0.01 })],
    ["AdamW behind clipping", chain(clipByGlobalNorm(1), adamw({ learningRate: 0.01, weightDecay: 0.01 }))],
  ];
  const learn = (model: Parameters<typeof train>[0]["model"], sample: number[], optimizer: Transform) =>
    train({
      model,
      data: classificationData(sample),
      optimizer,
      batchSize: 12,
      steps: 150,
      seed: 1,
      runtime,
      evaluation: { every: 150 },
    }).result;

  test.each(rows)("by an MLP with %s", async (_, optimizer) => {
    const { valLoss } = await learn(mlpModel(), [6], optimizer);
    expect(valLoss).toBeLessThan(0.15);
  });

  test.each(rows)("by a conv net with %s", async (_, optimizer) => {
    const { valLoss } = await learn(convModel(), [1, 6, 6], optimizer);
    expect(valLoss).toBeLessThan(0.05);
  });
});

describe("a pattern of text", () => {
  const pattern = "the quick brown fox. ";
  let recipe: GptRecipeInput;
  beforeAll(async () => {
    await writeFile(join(root, "pattern.txt"), pattern.repeat(100));
    recipe = {
      data: [join(root, "pattern.txt")],
      tokenizer: "character",
      ...{ layers: 1, heads: 2, width: 32, context: 16, batchSize: 8, dropout: 0.05 },
      ...{ steps: 200, warmupSteps: 10, learningRate: 5e-3, minLearningRate: 5e-4 },
      ...{ evaluateEvery: 100, checkpointEvery: 100, sampleEvery: 0, threads: 1 },
    };
  });

  test("is learnt by a GPT and written by what it exports", async () => {
    const out = join(root, "pattern");
    const { loss, valLoss } = await (await startGptRun(recipe, { out })).result;
    expect(loss).toBeLessThan(0.3); // with dropout
    expect(valLoss).toBeLessThan(0.1); // ln 18 = 2.9 at the start
    await using generator = await openGenerator(runtime, join(out, "export", "model.onnx"));
    const text = await continueText(generator, "the quick", { tokens: 60, temperature: 0 });
    expect(`the quick${text}`).toBe(pattern.repeat(5).slice(0, 69));
  });

  test("two runs with the same seed write the same bytes, with bpe tokens and accumulation too", async () => {
    const hashes = async (out: string): Promise<string[]> => {
      const overrides = {
        tokenizer: "bpe",
        vocabulary: 300,
        accumulate: 2,
        steps: 20,
        warmupSteps: 2,
        dropout: 0.2,
        threads: 2,
      } as const;
      await (await startGptRun({ ...recipe, ...overrides }, { out })).result;
      const files = [
        "checkpoints/step-20/model.safetensors",
        "checkpoints/step-20/optimizer.safetensors",
        "checkpoints/step-20/state.json",
        "export/model.onnx",
        "data/tokenizer.json",
      ];
      return Promise.all(
        files.map(async (file) =>
          createHash("sha256")
            .update(await readFile(join(out, file)))
            .digest("hex"),
        ),
      );
    };
    expect(await hashes(join(root, "twin-1"))).toEqual(await hashes(join(root, "twin-2")));
  });
});
