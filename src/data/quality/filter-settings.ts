/** Text filters as data: what a recipe, a certificate and a thread can hold. */

import { type C4QualityOptions, c4Quality } from "./c4.ts";
import type { TextFilter } from "./document.ts";
import { type FinewebQualityOptions, finewebQuality } from "./fineweb.ts";
import { type GopherQualityOptions, gopherQuality } from "./gopher-quality.ts";
import { type GopherRepetitionOptions, gopherRepetition } from "./gopher-repetition.ts";
import type { RemovalReason } from "./reasons.ts";

/** Which filters run, with thresholds other than the published ones; they run in this order. */
export interface FilterSettings {
  readonly gopherRepetition?: GopherRepetitionOptions;
  readonly gopherQuality?: GopherQualityOptions;
  readonly c4Quality?: C4QualityOptions;
  readonly finewebQuality?: FinewebQualityOptions;
}

/** Names of published sets of text filters. */
export const textPresets: Readonly<Record<"fineweb" | "gopher" | "c4", FilterSettings>> = {
  fineweb: { gopherRepetition: {}, gopherQuality: {}, c4Quality: { terminalPunctuation: false }, finewebQuality: {} },
  gopher: { gopherRepetition: {}, gopherQuality: {} },
  c4: { c4Quality: {} },
};

/** See {@link textPresets}. */
export type TextPreset = keyof typeof textPresets;

/**
 * Makes text filters.
 *
 * @param settings - Filters with their thresholds; {@link textPresets} has published ones.
 * @returns The filters, in the order in which they judge.
 *
 * @example What FineWeb runs
 * ```ts
 * import assert from "node:assert/strict";
 * import { makeFilters, textPresets } from "cameo/data/quality";
 *
 * assert.deepEqual(
 *   makeFilters(textPresets.fineweb).map(({ name }) => name),
 *   ["gopher-repetition", "gopher-quality", "c4-quality", "fineweb-quality"],
 * );
 * ```
 */
export function makeFilters(settings: FilterSettings): readonly TextFilter<RemovalReason>[] {
  return [
    ...(settings.gopherRepetition === undefined ? [] : [gopherRepetition(settings.gopherRepetition)]),
    ...(settings.gopherQuality === undefined ? [] : [gopherQuality(settings.gopherQuality)]),
    ...(settings.c4Quality === undefined ? [] : [c4Quality(settings.c4Quality)]),
    ...(settings.finewebQuality === undefined ? [] : [finewebQuality(settings.finewebQuality)]),
  ];
}
