/** Reverse-mode differentiation of graphs. */

export * from "./gradients.ts";
