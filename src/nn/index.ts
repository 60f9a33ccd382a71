/** Layers, initialisers and losses. */

export * from "./layer.ts";
export * from "./initialize.ts";
export { linear, type LinearOptions } from "./linear.ts";
export { embedding, type EmbeddingOptions } from "./embedding.ts";
export { layerNorm, type LayerNormOptions } from "./layer-norm.ts";
export { rmsNorm, type RmsNormOptions } from "./rms-norm.ts";
export { groupNorm, type GroupNormOptions } from "./group-norm.ts";
export { batchNorm, type BatchNormOptions } from "./batch-norm.ts";
export { dropout } from "./dropout.ts";
export * from "./activations.ts";
export { conv1d, conv2d, type ConvOptions, convTranspose2d, type ConvTransposeOptions } from "./conv.ts";
export {
  averagePool2d,
  type AveragePoolOptions,
  globalAveragePool,
  maxPool2d,
  type PoolOptions,
} from "./pool.ts";
export { flatten } from "./flatten.ts";
export { mlp, type MlpOptions } from "./mlp.ts";
export { sequential } from "./sequential.ts";
export { residual } from "./residual.ts";
export * from "./attention.ts";
export * from "./cross-entropy.ts";
export * from "./losses.ts";
export type { PerAxis } from "./_check.ts";
export type { Reduction } from "./_reduce.ts";
