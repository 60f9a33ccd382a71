/** From a GPT recipe to a run: model, optimizer, evaluation, samples. What it runs on and where it is kept is for the host to say. */

import { adam, adamw } from "../optim/adam.ts";
import { chain } from "../optim/chain.ts";
import { clipByGlobalNorm } from "../optim/clip.ts";
import { sgd } from "../optim/sgd.ts";
import type { Schedule, Transform } from "../optim/transform.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { LoopOptions } from "../train/loop-options.ts";
import { recipeSchedule } from "../train/recipe.ts";
import type { StepProgram } from "../train/step-program.ts";
import { type GptModel, gpt } from "./gpt.ts";
import { continueText, type Generator, liveGenerator, liveWeights } from "./live-generator.ts";
import type { GptRecipe } from "./recipe.ts";
import type { TokenDataset } from "./token-dataset.ts";

/** Learning rate of a recipe by step. */
export function gptSchedule(recipe: GptRecipe): Schedule {
  return recipeSchedule(recipe);
}

/** Optimizer of a recipe. */
export function gptOptimizer(recipe: GptRecipe): Transform {
  const learningRate = gptSchedule(recipe);
  const { beta1, beta2, weightDecay, clipNorm } = recipe;
  const mask = ({ shape }: { readonly shape: readonly number[] }): boolean => shape.length >= 2;
  const rule =
    recipe.optimizer === "sgd"
      ? sgd({ learningRate, momentum: beta1, weightDecay, mask })
      : recipe.optimizer === "adam"
        ? adam({ learningRate, beta1, beta2 })
        : adamw({ learningRate, beta1, beta2, weightDecay, mask });
  return clipNorm > 0 ? chain(clipByGlobalNorm(clipNorm), rule) : rule;
}

/** A recipe over its text, ready for the loop. */
export interface GptTraining {
  readonly model: GptModel;
  readonly options: LoopOptions;
  /** What writes with the model in training. It is made once, and goes with its runtime. */
  generator(program: StepProgram, runtime: Runtime): Promise<Generator>;
}

/**
 * Puts together what a recipe says.
 *
 * @param recipe - The recipe.
 * @param data - Its text.
 */
export function gptTraining(recipe: GptRecipe, data: TokenDataset): GptTraining {
  const { layers, heads, width, context, bias, dropout } = recipe;
  const { tokenizer, sizes } = data;
  const model = gpt({ layers, heads, width, context, bias, dropout, vocabulary: tokenizer.size });
  let made: Promise<Generator> | undefined;
  const generator = (program: StepProgram, runtime: Runtime): Promise<Generator> => {
    made ??= liveGenerator(runtime, model, () => liveWeights(program), tokenizer);
    return made;
  };
  const tokens = sizes.train + sizes.validation;
  const options: LoopOptions = {
    model,
    data,
    optimizer: gptOptimizer(recipe),
    batchSize: recipe.batchSize,
    steps: recipe.steps,
    accumulate: recipe.accumulate,
    recompute: recipe.recompute,
    precision: recipe.precision,
    seed: recipe.seed,
    learningRate: gptSchedule(recipe),
    evaluation: {
      every: recipe.evaluateEvery,
      ...(recipe.evaluationBatches === 0 ? {} : { batches: recipe.evaluationBatches }),
    },
    checkpoint: { every: recipe.checkpointEvery, keep: recipe.keepCheckpoints },
    notes: [
      `${tokens.toLocaleString("en")} tokens of text, ${tokenizer.size} different (${tokenizer.kind})`,
      ...(sizes.validation <= context ? ["the text is too short for a validation split"] : []),
    ],
  };
  if (recipe.sampleEvery === 0) return { model, options, generator };
  return {
    model,
    generator,
    options: {
      ...options,
      sample: {
        every: recipe.sampleEvery,
        make: async (program, runtime, step) => {
          const prompt = recipe.samplePrompt === "" ? "\n" : recipe.samplePrompt;
          const text = await continueText(await generator(program, runtime), prompt, {
            tokens: recipe.sampleTokens,
            temperature: 0.8,
            topK: 200,
            seed: (recipe.seed + step) % Number.MAX_SAFE_INTEGER,
          });
          return { prompt: recipe.samplePrompt, text };
        },
      },
      // So that no session is made once training has begun.
      onStart: async (program, runtime) => void (await generator(program, runtime)),
    },
  };
}
