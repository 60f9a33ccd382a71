/** Values of a configuration that may be random: a number, a range, a choice, a normal variate. */

import { z } from "zod";
import type { Draw } from "./transform.ts";

/**
 * A number of a configuration: a constant, a uniform range `[low, high]`, one of several values, or a normal variate. Of integers, a
 * range includes both ends.
 */
export type Distribution =
  | number
  | readonly [low: number, high: number]
  | { readonly choice: readonly number[] }
  | { readonly normal: readonly [mean: number, deviation: number] };

/** Limits of a distribution's values. */
interface Limits {
  readonly min?: number;
  readonly max?: number;
}

function schemaOf(number: z.ZodNumber, { min, max }: Limits, isInteger: boolean): z.ZodType<Distribution> {
  let value = number;
  if (min !== undefined) value = value.min(min);
  if (max !== undefined) value = value.max(max);
  const range = z.tuple([value, value]).refine(([low, high]) => low <= high, "a range is [low, high] with low <= high");
  const choice = z.strictObject({ choice: z.array(value).min(1) });
  const normal = z.strictObject({ normal: z.tuple([z.number(), z.number().min(0)]) });
  // What a normal variate gives cannot be checked ahead: it is only for values without limits or rounding.
  const bounded = isInteger || min !== undefined || max !== undefined;
  return bounded ? z.union([value, range, choice]) : z.union([value, range, choice, normal]);
}

/** Schema of a real distribution whose values all lie within the limits. */
export function real(limits: Limits = {}): z.ZodType<Distribution> {
  return schemaOf(z.number(), limits, false);
}

/** Schema of a distribution of integers. */
export function whole(limits: Limits = {}): z.ZodType<Distribution> {
  return schemaOf(z.int(), limits, true);
}

/** A value of a distribution, rounded to float32 where it is random: the precision in which imgaug keeps what it drew. */
export function drawReal(distribution: Distribution, draw: Draw): number {
  if (typeof distribution === "number") return distribution;
  if ("choice" in distribution) return draw.pick(distribution.choice);
  if ("normal" in distribution) return Math.fround(draw.normal(...distribution.normal));
  return Math.fround(draw.uniform(...distribution));
}

/** An integer of a distribution made by {@link whole}. */
export function drawWhole(distribution: Distribution, draw: Draw): number {
  if (typeof distribution === "number") return distribution;
  if ("choice" in distribution) return draw.pick(distribution.choice);
  if ("normal" in distribution) return Math.round(draw.normal(...distribution.normal));
  return draw.integer(...distribution);
}
