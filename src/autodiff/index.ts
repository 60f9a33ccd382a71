/** Reverse-mode differentiation of graphs. */

export * from "./gradients.ts";
export * from "./rematerialize.ts";
