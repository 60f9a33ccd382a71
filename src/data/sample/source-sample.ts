/** What can be asked of a source, and what comes. */

import type { Sample } from "./sample.ts";
import type { AllocationOptions } from "./stratified.ts";

/** How rows of a source are drawn. */
export const sampleMethods = [
  "random",
  "systematic",
  "stratified",
  "cluster",
  "reservoir",
  "weighted",
  "hash",
  "numpy",
  "numpy-legacy",
] as const;

/** See {@link sampleMethods}. */
export type SampleMethod = (typeof sampleMethods)[number];

/** Options of `planSample`. */
export interface SourceSampleOptions {
  /** How rows are drawn; `"hash"` and `"cluster"` keep groups together, `"numpy"` is `Generator.choice`, `"numpy-legacy"` is `RandomState.choice`. */
  readonly method: SampleMethod;
  /** Rows to draw; this or `fraction`. */
  readonly n?: number;
  /** Share of the rows to draw, (0, 1]. */
  readonly fraction?: number;
  /** Decides which. */
  readonly seed: number;
  /** Whether a row may come several times. @defaultValue false */
  readonly replace?: boolean;
  /** Column of the stratum, the cluster or the hashed group. @defaultValue for clusters the files, for the hash each row */
  readonly by?: string;
  /** Column of the weight, for `"weighted"` and for p of the NumPy methods. */
  readonly weight?: string;
  /** Column that rows are ordered by first, for `"systematic"`; takes memory for all rows. */
  readonly sort?: string;
  /** How n is split among strata. @defaultValue "proportional" */
  readonly allocation?: NonNullable<AllocationOptions["allocation"]>;
  /** Column whose standard deviation the `"neyman"` allocation uses. */
  readonly value?: string;
  /** Rows that each stratum gives at least: 1 keeps estimates unbiased however small a stratum is. @defaultValue 0 */
  readonly minimum?: number;
  /**
   * Clusters to draw, with n rows among them in equal parts, at least one of each; of files, n to the nearest such.
   * @defaultValue as many as hold about n rows, and all of their rows
   */
  readonly clusters?: number;
  /** Stops with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A {@link Sample} of a source. */
export interface SourceSample extends Sample {
  /** Rows of the source. */
  readonly size: number;
  /** Rows from one to the next, of a systematic sample in the order of the rows. */
  readonly interval?: number;
}
