/**
 * The recipe of a GPT run: one flat object that says everything about it. Command-line flags, the run's `recipe.json` and forms all derive
 * from this schema; a key it does not know is an error.
 */

import { z } from "zod";
import { explain, UsageError } from "../base/errors.ts";
import { type Device, devices } from "../runtime/runtime.ts";
import { parseRecipe, type RecipeKey, recipeKeys, wrongRecipe } from "../train/recipe.ts";
import type { Precision } from "../train/scaled-loss.ts";

/** A recipe with every key filled in. */
export interface GptRecipe {
  /** Kind of the recipe. */
  kind: "gpt";
  /** Text files, folders or globs to learn from. */
  data: string[];
  /** What a token is: learnt byte pairs, or one character. */
  tokenizer: "bpe" | "character";
  /** Tokens that a bpe tokenizer learns [tokens]. */
  vocabulary: number;
  /** Share of the text, at its end, kept for validation. */
  validationFraction: number;
  /** Order of several files; the last text is the validation text. */
  fileOrder: "shuffled" | "path";
  /** Blocks of the model. */
  layers: number;
  /** Attention heads; divides width. */
  heads: number;
  /** Size of the residual stream. */
  width: number;
  /** Longest sequence that the model sees [tokens]. */
  context: number;
  /** Biases in linear layers and norms. */
  bias: boolean;
  /** Probability of dropping an activation. */
  dropout: number;
  /** Optimizer steps. */
  steps: number;
  /** Sequences in a batch. */
  batchSize: number;
  /** Batches averaged in one step. */
  accumulate: number;
  /** Compute activations again in the backward pass: less memory, a third more time. */
  recompute: boolean;
  /** Decides parameters, batches, dropout and samples. */
  seed: number;
  /** Update rule, with PyTorch's conventions. */
  optimizer: "adamw" | "adam" | "sgd";
  /** Highest learning rate. */
  learningRate: number;
  /** Learning rate at the end of the decay. */
  minLearningRate: number;
  /** Steps of linear warm-up. */
  warmupSteps: number;
  /** Decay after the warm-up, down to minLearningRate. */
  schedule: "cosine" | "linear" | "constant";
  /** Adam's decay of the mean; SGD's momentum. */
  beta1: number;
  /** Adam's decay of the mean square. */
  beta2: number;
  /** Decoupled decay of matrices (not of biases and norms). */
  weightDecay: number;
  /** Largest global norm of the gradient; 0 for no clipping. */
  clipNorm: number;
  /** Steps between evaluations. */
  evaluateEvery: number;
  /** Batches in an evaluation; 0 for the whole validation split. */
  evaluationBatches: number;
  /** Steps between checkpoints. */
  checkpointEvery: number;
  /** Checkpoints kept. */
  keepCheckpoints: number;
  /** Steps between samples; 0 for none. */
  sampleEvery: number;
  /** Length of a sample [tokens]. */
  sampleTokens: number;
  /** Text that samples continue; a line break when empty. */
  samplePrompt: string;
  /** Threads of the engine; 0 for all cores. */
  threads: number;
  /** Where to run. */
  device: Device;
  /** What a step computes in. */
  precision: Precision;
}

/** A recipe as a user writes it: only `data` is required. */
export type GptRecipeInput = Pick<GptRecipe, "data"> & {
  [K in Exclude<keyof GptRecipe, "data">]?: GptRecipe[K] | undefined;
};

const count = z.int().min(1);
const share = z.number().min(0).lt(1);

/** Schema of a GPT recipe, with its defaults. Descriptions are the help texts of the command line. */
// biome-ignore format: one line a key
const schema: z.ZodType<GptRecipe, GptRecipeInput> = z.strictObject({
  kind: z.literal("gpt").default("gpt"),
  data: z.array(z.string().min(1)).min(1).describe("text files, folders or globs to learn from"),
  tokenizer: z.enum(["bpe", "character"]).default("bpe").describe("what a token is: learnt byte pairs, or one character"),
  vocabulary: z.int().min(257).max(2 ** 20).default(2048).describe("tokens that a bpe tokenizer learns [tokens]"),
  validationFraction: share.default(0.1).describe("share of the text, at its end, kept for validation"),
  fileOrder: z.enum(["shuffled", "path"]).default("shuffled").describe("order of several files; the last text is the validation text"),
  layers: count.max(1000).default(4).describe("blocks of the model"),
  heads: count.default(4).describe("attention heads; divides width"),
  width: count.default(128).describe("size of the residual stream"),
  context: count.default(64).describe("longest sequence that the model sees [tokens]"),
  bias: z.boolean().default(false).describe("biases in linear layers and norms"),
  dropout: share.default(0).describe("probability of dropping an activation"),
  steps: count.default(1000).describe("optimizer steps"),
  batchSize: count.default(12).describe("sequences in a batch"),
  accumulate: count.default(1).describe("batches averaged in one step"),
  recompute: z.boolean().default(false).describe("compute activations again in the backward pass: less memory, a third more time"),
  seed: z.int().min(0).default(1337).describe("decides parameters, batches, dropout and samples"),
  optimizer: z.enum(["adamw", "adam", "sgd"]).default("adamw").describe("update rule, with PyTorch's conventions"),
  learningRate: z.number().positive().default(1e-3).describe("highest learning rate"),
  minLearningRate: z.number().min(0).default(1e-4).describe("learning rate at the end of the decay"),
  warmupSteps: z.int().min(0).default(100).describe("steps of linear warm-up"),
  schedule: z.enum(["cosine", "linear", "constant"]).default("cosine").describe("decay after the warm-up, down to minLearningRate"),
  beta1: share.default(0.9).describe("Adam's decay of the mean; SGD's momentum"),
  beta2: share.default(0.99).describe("Adam's decay of the mean square"),
  weightDecay: z.number().min(0).default(0.1).describe("decoupled decay of matrices (not of biases and norms)"),
  clipNorm: z.number().min(0).default(1).describe("largest global norm of the gradient; 0 for no clipping"),
  evaluateEvery: count.default(250).describe("steps between evaluations"),
  evaluationBatches: z.int().min(0).default(0).describe("batches in an evaluation; 0 for the whole validation split"),
  checkpointEvery: count.default(250).describe("steps between checkpoints"),
  keepCheckpoints: count.default(2).describe("checkpoints kept"),
  sampleEvery: z.int().min(0).default(250).describe("steps between samples; 0 for none"),
  sampleTokens: count.default(100).describe("length of a sample [tokens]"),
  samplePrompt: z.string().default("").describe("text that samples continue; a line break when empty"),
  threads: z.int().min(0).default(0).describe("threads of the engine; 0 for all cores"),
  device: z.enum(devices).default("auto").describe("where to run; auto is the fastest that works"),
  precision: z.enum(["float32", "mixed"]).default("float32").describe("mixed: float16 products on GPUs that have it, float32 elsewhere"),
});

/** The keys of a GPT recipe. */
export function gptRecipeKeys(): RecipeKey<keyof GptRecipe>[] {
  return recipeKeys(schema);
}

/**
 * Fills in and checks a recipe.
 *
 * @param input - What the user wrote.
 * @param source - Where it came from, for the message: a path, `"--steps"`, `"recipe.json"`.
 * @returns The whole recipe.
 * @throws UsageError naming the key, what it got, and the rule.
 *
 * @example Unknown keys are refused
 * ```ts
 * import assert from "node:assert/strict";
 * import { gptRecipe } from "cameo/text";
 *
 * assert.equal(gptRecipe({ data: ["notes/"] }).batchSize, 12);
 * assert.throws(() => gptRecipe({ data: ["notes/"], step: 10 } as never), /unknown key "step"/);
 * ```
 */
export function gptRecipe(input: GptRecipeInput, source = "recipe"): GptRecipe {
  const recipe = parseRecipe(schema, input, source);
  if (recipe.width % recipe.heads !== 0)
    throw wrongRecipe(
      source,
      'use "heads"',
      `got ${recipe.heads} heads and width ${recipe.width}`,
      "heads must divide width",
    );
  return recipe;
}

/** Recipes by name; `data` is the user's. Sizes of `nanogpt-cpu` and `baby-gpt` are nanoGPT's, of `gpt2-124m` OpenAI's. */
export const gptPresets: Readonly<Record<string, Omit<GptRecipeInput, "data">>> = {
  tiny: {
    tokenizer: "character",
    layers: 2,
    heads: 2,
    width: 32,
    context: 32,
    batchSize: 8,
    steps: 200,
    warmupSteps: 10,
    evaluateEvery: 100,
    checkpointEvery: 100,
    sampleEvery: 100,
    evaluationBatches: 20,
    learningRate: 3e-3,
    minLearningRate: 3e-4,
  },
  small: {
    tokenizer: "bpe",
    vocabulary: 2048,
    layers: 4,
    heads: 6,
    width: 192,
    context: 128,
    batchSize: 8,
    steps: 1000,
    warmupSteps: 50,
    evaluateEvery: 250,
    checkpointEvery: 250,
    sampleEvery: 250,
    evaluationBatches: 40,
    learningRate: 2e-3,
    minLearningRate: 2e-4,
  },
  "nanogpt-cpu": { tokenizer: "character", layers: 4, heads: 4, width: 128, context: 64, batchSize: 12, steps: 2000 },
  "baby-gpt": {
    tokenizer: "character",
    layers: 6,
    heads: 6,
    width: 384,
    context: 256,
    batchSize: 64,
    steps: 5000,
    dropout: 0.2,
  },
  "gpt2-124m": {
    tokenizer: "bpe",
    vocabulary: 50304,
    layers: 12,
    heads: 12,
    width: 768,
    context: 1024,
    batchSize: 4,
    accumulate: 8,
    steps: 10000,
    bias: true,
    learningRate: 6e-4,
    minLearningRate: 6e-5,
    beta2: 0.95,
    warmupSteps: 700,
  },
};

/**
 * The recipe of a preset, with the user's own keys over it.
 *
 * @param name - One of {@link gptPresets}.
 * @param own - Keys that replace the preset's.
 * @throws UsageError if there is no such preset, or a key is wrong.
 */
export function gptPreset(name: string, own: GptRecipeInput): GptRecipe {
  const preset = Object.hasOwn(gptPresets, name) ? gptPresets[name] : undefined;
  if (preset === undefined)
    throw new UsageError(
      explain({
        api: "preset",
        action: `use preset "${name}"`,
        received: "there is none",
        rule: `presets are ${Object.keys(gptPresets).join(", ")}`,
      }),
    );
  return gptRecipe({ ...preset, ...own });
}
