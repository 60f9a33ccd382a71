/** The sizes that the page offers, and the recipe that a choice of settings makes. */

import type { WebGptRecipe } from "cameo/web";

/** A model with settings that suit it. */
export interface Size {
  readonly name: string;
  /** When to choose it. */
  readonly purpose: string;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly context: number;
  readonly batchSize: number;
  readonly steps: number;
  readonly learningRate: number;
}

export const sizes: Readonly<Record<string, Size>> = {
  tiny: {
    name: "Tiny",
    purpose: "words in a minute",
    layers: 2,
    heads: 2,
    width: 64,
    context: 64,
    batchSize: 8,
    steps: 600,
    learningRate: 3e-3,
  },
  small: {
    name: "Small",
    purpose: "sentences over a coffee",
    layers: 4,
    heads: 4,
    width: 128,
    context: 64,
    batchSize: 12,
    steps: 2000,
    learningRate: 2e-3,
  },
  medium: {
    name: "Medium",
    purpose: "for a GPU and patience",
    layers: 6,
    heads: 6,
    width: 192,
    context: 128,
    batchSize: 16,
    steps: 3000,
    learningRate: 1e-3,
  },
};

/** What the form holds. */
export interface Settings {
  readonly size: string;
  readonly tokenizer: "character" | "bpe";
  /** Tokens that byte pairs are learnt for; the characters of the text decide otherwise. */
  readonly vocabulary: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly context: number;
  readonly learningRate: number;
  readonly samplePrompt: string;
}

/** The settings that a size comes with. */
export function settingsOf(size: string): Settings {
  const { steps, batchSize, context, learningRate } = sizes[size] as Size;
  return { size, tokenizer: "character", vocabulary: 1024, steps, batchSize, context, learningRate, samplePrompt: "" };
}

/** Evaluations and samples in a run of usual length, and the most steps between two of a long one. */
const evaluations = 20;
const samples = 12;
const mostBetween = 250;

/** The recipe of a run. */
export function recipeOf(settings: Settings): WebGptRecipe {
  const { size, tokenizer, vocabulary, steps, batchSize, context, learningRate, samplePrompt } = settings;
  const { layers, heads, width } = sizes[size] as Size;
  const every = (times: number): number => Math.min(mostBetween, Math.max(1, Math.round(steps / times)));
  return {
    layers,
    heads,
    width,
    context,
    steps,
    batchSize,
    learningRate,
    minLearningRate: learningRate / 10,
    warmupSteps: Math.min(100, Math.ceil(steps / 20)),
    tokenizer,
    ...(tokenizer === "bpe" ? { vocabulary } : {}),
    evaluateEvery: every(evaluations),
    evaluationBatches: 8,
    checkpointEvery: every(evaluations),
    sampleEvery: every(samples),
    sampleTokens: 160,
    samplePrompt,
  };
}
