/** Language models: tokenizers, the GPT, recipes, generation and export. */

export * from "./decoder-graph.ts";
export * from "./generate.ts";
export * from "./gpt.ts";
export * from "./gpt-export.ts";
export * from "./gpt-run.ts";
export { gptOptimizer, gptSchedule } from "./gpt-training.ts";
export * from "./live-generator.ts";
export { type MemoryTextOptions, memoryTextDataset } from "./memory-text.ts";
export * from "./recipe.ts";
export * from "./sampling.ts";
export * from "./text-dataset.ts";
export { documentSeparator, type TokenDataset, type TokenDatasetOptions } from "./token-dataset.ts";
export * from "./tokenizer/bpe.ts";
export * from "./tokenizer/bpe-train.ts";
export * from "./tokenizer/character.ts";
export * from "./tokenizer/from-json.ts";
export * from "./tokenizer/load.ts";
export * from "./tokenizer/tokenizer.ts";
