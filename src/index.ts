/** What every part uses: errors, events, random streams and host tensors. The rest is in subpaths: `cameo/train`, `cameo/text`, … */

export * from "./base/errors.ts";
export * from "./base/events.ts";
export * from "./base/random.ts";
export * from "./tensor/dtype.ts";
export * from "./tensor/shape.ts";
export * from "./tensor/tensor.ts";
