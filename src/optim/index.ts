/** `cameo/optim`: optimizers, what they are made of, and schedules. */

export type { DecayMask } from "./_decay.ts";
export { type AdamOptions, adam, adamw } from "./adam.ts";
export { chain } from "./chain.ts";
export { type ClipOptions, clipByGlobalNorm, clipByNorm, clipByValue } from "./clip.ts";
export {
  type CosineOptions,
  cosineAnnealing,
  cosineDecay,
  type OneCycleOptions,
  oneCycle,
  type WarmRestartsOptions,
  type WarmupCosineOptions,
  type WarmupStableDecayOptions,
  warmRestarts,
  warmupCosine,
  warmupStableDecay,
} from "./cosine.ts";
export {
  exponentialDecay,
  type InverseSquareRootOptions,
  inverseSquareRoot,
  inverseTime,
  type MultiStepOptions,
  multiStep,
  naturalExp,
  type PiecewiseConstantOptions,
  type PolynomialDecayOptions,
  piecewiseConstant,
  polynomialDecay,
  type RateDecayOptions,
  type StepDecayOptions,
  stepDecay,
} from "./decay.ts";
export { type Group, groups } from "./groups.ts";
export {
  type AdamDecayPresetOptions,
  type AdamPresetOptions,
  type KerasSgdOptions,
  keras,
  type OptaxSgdOptions,
  optax,
  type SgdPresetOptions,
  type Tf1MomentumOptions,
  tf1,
  torch,
} from "./presets.ts";
export { scale, scaleBySchedule } from "./scale.ts";
export { constant, type LinearOptions, linear, sequence, type WarmupOptions, warmup } from "./schedule.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
export type {
  ParameterSpec,
  Schedule,
  Scheduled,
  Slot,
  Transform,
  UpdateContext,
  UpdateResult,
} from "./transform.ts";
export { addDecayedWeights, type DecayedWeightsOptions } from "./weight-decay.ts";
