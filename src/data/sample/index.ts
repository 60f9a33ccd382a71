/** Which rows: samplers with inclusion probabilities, and how well a sample stands for its source. */

export * from "./alias-table.ts";
export * from "./cluster.ts";
export type { ColumnReport } from "./column-comparison.ts";
export { type RepresentativenessReport, SampleComparison } from "./compare.ts";
export type { SharePair, Verdict } from "./divergence.ts";
export { type KeepRowsOptions, keepRows } from "./keep-rows.ts";
export * from "./mixed-sources.ts";
export * from "./mixture.ts";
export type { ChoiceOptions } from "./numpy/choice.ts";
export * from "./numpy/generator.ts";
export * from "./numpy/random-state.ts";
export type { NumpySeed } from "./numpy/seed-sequence.ts";
export * from "./numpy/take.ts";
export * from "./periodicity.ts";
export * from "./permutation.ts";
export * from "./random.ts";
export * from "./reservoir.ts";
export * from "./row-filter.ts";
export { effectiveSampleSize, estimateTotal, type Sample } from "./sample.ts";
export { planSample } from "./source-plan.ts";
export { type ReadSampleOptions, readSample, sampleSchema } from "./source-rows.ts";
export { type SampleMethod, type SourceSample, type SourceSampleOptions, sampleMethods } from "./source-sample.ts";
export * from "./split.ts";
export {
  type AllocationOptions,
  allocate,
  type StratifiedSampleOptions,
  StratifiedSelector,
  sampleStratified,
} from "./stratified.ts";
export { type SystematicSample, type SystematicSampleOptions, sampleSystematic } from "./systematic.ts";
export * from "./weighted.ts";
export * from "./weighted-reservoir.ts";
