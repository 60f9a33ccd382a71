/** Language models: tokenizers, the GPT, recipes, generation and export. */

export * from "./decoder-graph.ts";
export * from "./generate.ts";
export * from "./gpt.ts";
export * from "./gpt-export.ts";
export * from "./gpt-run.ts";
export * from "./recipe.ts";
export * from "./sampling.ts";
export * from "./text-dataset.ts";
export * from "./tokenizer/bpe.ts";
export * from "./tokenizer/bpe-train.ts";
export * from "./tokenizer/character.ts";
export * from "./tokenizer/load.ts";
export * from "./tokenizer/tokenizer.ts";
