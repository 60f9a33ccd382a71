/** The operator table: schemas, shape inference, gradients. */

export * from "./import.ts";
export * from "./operator.ts";
export * from "./registry.ts";
export type { Match, Rule, Rules } from "./rule.ts";
