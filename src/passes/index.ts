/** Rewrites from graph to graph. */

export * from "./common-subexpressions.ts";
export * from "./dead-code.ts";
export * from "./fake-quantize.ts";
export * from "./in-place.ts";
export * from "./mixed-backward.ts";
export * from "./mixed-precision.ts";
export * from "./optimize.ts";
export * from "./rewrite.ts";
export * from "./target-support.ts";
