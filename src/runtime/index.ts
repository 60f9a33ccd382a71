/** Running graphs. */

export * from "./cpu.ts";
export * from "./evaluate.ts";
export * from "./runtime.ts";
