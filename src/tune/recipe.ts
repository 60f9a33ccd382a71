/**
 * The recipe of a fine-tuning run: one flat object that says everything about it. Command-line flags and the run's `recipe.json` derive
 * from this schema; a key it does not know is an error.
 */

import { z } from "zod";
import { chain } from "../optim/chain.ts";
import { clipByGlobalNorm } from "../optim/clip.ts";
import type { Schedule, Transform } from "../optim/transform.ts";
import { type Device, devices } from "../runtime/runtime.ts";
import { parseRecipe, type RecipeKey, recipeKeys, recipeSchedule, wrongRecipe } from "../train/recipe.ts";
import type { Precision } from "../train/scaled-loss.ts";
import { type Coefficient, optimizerNames, optimizers } from "./_optimizers.ts";
import type { LossSpec } from "./loss.ts";

const lossNames = [
  "cross-entropy",
  "binary-cross-entropy",
  "mean-squared-error",
  "mean-absolute-error",
  "huber",
] as const;

const lossTypeOf: Readonly<Record<(typeof lossNames)[number], LossSpec["type"]>> = {
  "cross-entropy": "crossEntropy",
  "binary-cross-entropy": "binaryCrossEntropy",
  "mean-squared-error": "meanSquaredError",
  "mean-absolute-error": "meanAbsoluteError",
  huber: "huber",
};

/** A recipe with every key filled in; those that may be undefined are decided by the file or the optimizer. */
export interface OnnxRecipe {
  /** Kind of the recipe. */
  kind: "onnx";
  /** Path of the .onnx file. */
  model: string;
  /** SHA-256 of the file, hexadecimal; a run writes it, and checks it when it goes on. */
  sha256: string | undefined;
  /** Path of a .safetensors file with samples. */
  data: string;
  /** What is compared with the target, and how. */
  loss: (typeof lossNames)[number];
  /** Tensor of the file that the loss is put on; its only output when absent. */
  output: string | undefined;
  /** Name of the target among the samples; labels for cross-entropy and target for the others when absent. */
  target: string | undefined;
  /** Axis of the classes, for cross-entropy; see `LossSpec`. */
  classAxis: number | undefined;
  /** Label that does not count, for cross-entropy. */
  ignoreIndex: number | undefined;
  /** Share of each label spread over all classes, for cross-entropy. */
  labelSmoothing: number;
  /** Weights that train, by name with * for any characters; when empty all that reach the loss, or with adapters none. */
  trainable: string[];
  /** Rank of low-rank adapters; 0 for none. */
  loraRank: number;
  /** Adapters count alpha/rank times; the rank when absent. */
  loraAlpha: number | undefined;
  /** Probability of dropping an input of an adapter. */
  loraDropout: number;
  /** Weights or nodes that get adapters; when empty all weights of MatMul, Gemm and Conv. */
  loraTargets: string[];
  /** Lengths of symbolic dimensions; a run fills in those that the samples tell. */
  dimensions: Record<string, number | "batch">;
  /** Dimension that counts samples, or its place as `"input.axis"`; the first axis of the first input when absent. */
  batchDimension: string | undefined;
  /** Inputs of the file that are the same number for all samples. */
  constants: Record<string, number>;
  /** Share of the samples kept for validation. */
  validationFraction: number;
  /** Optimizer steps. */
  steps: number;
  /** Samples in a batch; that of a file which fixes it, else 16, when absent. */
  batchSize: number | undefined;
  /** Batches averaged in one step. */
  accumulate: number;
  /** Compute activations again in the backward pass. */
  recompute: boolean;
  /** Decides the order of samples, adapters and dropout. */
  seed: number;
  /** Update rule. */
  optimizer: (typeof optimizerNames)[number];
  /** Highest learning rate; the optimizer's own when absent. */
  learningRate: number | undefined;
  /** Learning rate at the end of the decay. */
  minLearningRate: number;
  /** Steps of linear warm-up. */
  warmupSteps: number;
  /** Decay after the warm-up, down to minLearningRate. */
  schedule: "constant" | "cosine" | "linear";
  /** Decay of the mean of gradients, or momentum; the optimizer's own when absent. */
  beta1: number | undefined;
  /** Decay of the mean square; the optimizer's own when absent. */
  beta2: number | undefined;
  /** Pull of matrices towards zero; the optimizer's own when absent. */
  weightDecay: number | undefined;
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
  /** Threads of the engine; 0 for all cores. */
  threads: number;
  /** Where to run. */
  device: Device;
  /** What a step computes in. */
  precision: Precision;
}

/** A recipe as a user writes it: `model`, `data` and `loss` are required. */
export type OnnxRecipeInput = Pick<OnnxRecipe, "model" | "data" | "loss"> & {
  [K in Exclude<keyof OnnxRecipe, "model" | "data" | "loss">]?: OnnxRecipe[K] | undefined;
};

const count = z.int().min(1);
const share = z.number().min(0).lt(1);
const name = z.string().min(1);
const names = z.array(name).default([]);

/** Schema of the recipe, with its defaults. Descriptions are the help texts of the command line. */
// biome-ignore format: one line a key
const schema: z.ZodType<OnnxRecipe, OnnxRecipeInput> = z.strictObject({
  kind: z.literal("onnx").default("onnx"),
  model: name.describe("path of the .onnx file"),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal").optional().describe("SHA-256 of the file"),
  data: name.describe(".safetensors file with samples: tensors named as the model's inputs and the target, whose first axis counts samples"),
  loss: z.enum(lossNames).describe("what is compared with the target, and how"),
  output: name.optional().describe("tensor of the file that the loss is put on; its only output when absent"),
  target: name.optional().describe("name of the target among the samples; labels for cross-entropy, else target, when absent"),
  classAxis: z.int().optional().describe("axis of the classes, for cross-entropy; the last when absent, 1 of images"),
  ignoreIndex: z.int().optional().describe("label that does not count, for cross-entropy"),
  labelSmoothing: share.default(0).describe("share of each label spread over all classes, for cross-entropy"),
  trainable: names.describe("weights that train, by name with * for any characters; when absent all that reach the loss, or with adapters none"),
  loraRank: z.int().min(0).default(0).describe("rank of low-rank adapters; 0 for none"),
  loraAlpha: z.number().optional().describe("adapters count alpha/rank times; the rank when absent"),
  loraDropout: share.default(0).describe("probability of dropping an input of an adapter"),
  loraTargets: names.describe("weights or nodes that get adapters, by name; when absent all of MatMul, Gemm and Conv"),
  dimensions: z.record(z.string(), z.union([count, z.literal("batch")])).default({}).describe("lengths of symbolic dimensions that the samples do not tell"),
  batchDimension: name.optional().describe("dimension that counts samples, or its place as input.axis; the first input's first axis when absent"),
  constants: z.record(z.string(), z.number()).default({}).describe("inputs that are the same number for all samples"),
  validationFraction: share.default(0.1).describe("share of the samples kept for validation"),
  steps: count.default(100).describe("optimizer steps"),
  batchSize: count.optional().describe("samples in a batch; that of a file which fixes it, else 16, when absent"),
  accumulate: count.default(1).describe("batches averaged in one step"),
  recompute: z.boolean().default(false).describe("compute activations again in the backward pass: less memory, a third more time"),
  seed: z.int().min(0).default(1337).describe("decides the order of samples, adapters and dropout"),
  optimizer: z.enum(optimizerNames).default("adamw").describe("update rule"),
  learningRate: z.number().positive().optional().describe("highest learning rate; the optimizer's own when absent"),
  minLearningRate: z.number().min(0).default(0).describe("learning rate at the end of the decay"),
  warmupSteps: z.int().min(0).default(0).describe("steps of linear warm-up"),
  schedule: z.enum(["constant", "cosine", "linear"]).default("constant").describe("decay after the warm-up, down to minLearningRate"),
  beta1: share.optional().describe("decay of the mean of gradients, or momentum; the optimizer's own when absent"),
  beta2: share.optional().describe("decay of the mean square; the optimizer's own when absent"),
  weightDecay: z.number().min(0).optional().describe("pull of matrices towards zero; the optimizer's own when absent"),
  clipNorm: z.number().min(0).default(1).describe("largest global norm of the gradient; 0 for no clipping"),
  evaluateEvery: count.default(50).describe("steps between evaluations"),
  evaluationBatches: z.int().min(0).default(0).describe("batches in an evaluation; 0 for the whole validation split"),
  checkpointEvery: count.default(100).describe("steps between checkpoints"),
  keepCheckpoints: count.default(2).describe("checkpoints kept"),
  threads: z.int().min(0).default(0).describe("threads of the engine; 0 for all cores"),
  device: z.enum(devices).default("auto").describe("where to run; auto is the fastest that works"),
  precision: z.enum(["float32", "mixed"]).default("float32").describe("mixed: float16 products on GPUs that have it, float32 elsewhere"),
}) as z.ZodType<OnnxRecipe, OnnxRecipeInput>;

/** The keys of a fine-tuning recipe. */
export function onnxRecipeKeys(): RecipeKey<keyof OnnxRecipe>[] {
  return recipeKeys(schema);
}

/**
 * Fills in and checks a recipe.
 *
 * @param input - What the user wrote.
 * @param source - Where it came from, for the message: a path, `"recipe.json"`.
 * @returns The whole recipe.
 * @throws UsageError naming the key, what it got, and the rule.
 *
 * @example What is not said is filled in
 * ```ts
 * import assert from "node:assert/strict";
 * import { onnxRecipe } from "cameo/tune";
 *
 * const recipe = onnxRecipe({ model: "resnet.onnx", data: "flowers.safetensors", loss: "cross-entropy", optimizer: "sgd" });
 * assert.deepEqual([recipe.steps, recipe.learningRate], [100, 0.01]);
 * ```
 */
export function onnxRecipe(input: OnnxRecipeInput, source = "recipe"): OnnxRecipe {
  const recipe = parseRecipe(schema, input, source);
  const { takes, learningRate } = optimizers[recipe.optimizer];
  const refuse = (key: keyof OnnxRecipe, rule: string): never => {
    throw wrongRecipe(source, `use "${key}"`, `got ${recipe[key]}`, rule);
  };
  for (const key of ["beta1", "beta2", "weightDecay"] satisfies Coefficient[])
    if (recipe[key] !== undefined && !takes.includes(key)) refuse(key, `${recipe.optimizer} has none`);
  if (recipe.loss !== "cross-entropy")
    for (const key of ["classAxis", "ignoreIndex", "labelSmoothing"] as const)
      if (recipe[key] !== undefined && recipe[key] !== 0) refuse(key, `${recipe.loss} has no classes`);
  if (recipe.loraRank === 0) {
    const unused = (["loraAlpha", "loraDropout"] as const).find((key) => (recipe[key] ?? 0) !== 0);
    if (unused !== undefined) refuse(unused, "there are no adapters: their rank is 0");
    if (recipe.loraTargets.length > 0) refuse("loraTargets", "there are no adapters: their rank is 0");
  }
  return { ...recipe, learningRate: recipe.learningRate ?? learningRate };
}

/** The loss of a recipe, as `onnxModel` takes it. */
export function lossOfRecipe(recipe: OnnxRecipe, output: string): LossSpec {
  const { loss, target, classAxis: axis, ignoreIndex, labelSmoothing } = recipe;
  return {
    type: lossTypeOf[loss],
    output,
    ...(target === undefined ? {} : { target }),
    ...(axis === undefined ? {} : { axis }),
    ...(ignoreIndex === undefined ? {} : { ignoreIndex }),
    ...(labelSmoothing === 0 ? {} : { labelSmoothing }),
  };
}

/** Learning rate of a recipe by step. */
export function tuneSchedule(recipe: OnnxRecipe): Schedule {
  return recipeSchedule({ ...recipe, learningRate: recipe.learningRate as number });
}

/** Optimizer of a recipe. */
export function tuneOptimizer(recipe: OnnxRecipe): Transform {
  const { beta1, beta2, weightDecay, clipNorm, optimizer } = recipe;
  const rule = optimizers[optimizer].make({
    learningRate: tuneSchedule(recipe),
    ...(beta1 === undefined ? {} : { beta1 }),
    ...(beta2 === undefined ? {} : { beta2 }),
    ...(weightDecay === undefined ? {} : { weightDecay }),
  });
  return clipNorm > 0 ? chain(clipByGlobalNorm(clipNorm), rule) : rule;
}
