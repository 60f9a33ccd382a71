/** Pipelines that change text. */

import {
  type SequencePipeline,
  type SequenceRegistry,
  type SequenceSpec,
  sequencePipeline,
} from "../sequence-pipeline.ts";
import { KeyboardTypos } from "./keyboard-typos.ts";
import { OcrErrors } from "./ocr-errors.ts";
import { RandomCase } from "./random-case.ts";
import { RandomDeletion } from "./random-deletion.ts";
import { RandomSwap } from "./random-swap.ts";
import { SpanMask } from "./span-mask.ts";

/** The transforms of text, by name. */
export const textTransforms: SequenceRegistry<string> = {
  KeyboardTypos,
  OcrErrors,
  RandomCase,
  RandomDeletion,
  RandomSwap,
  SpanMask,
} as unknown as SequenceRegistry<string>;

/**
 * Makes a pipeline that changes text without needing a language's words: deletion and exchange of words, typing and reading errors, case,
 * masked spans.
 *
 * @param spec - Steps by name with their options: `KeyboardTypos`, `OcrErrors`, `RandomCase`, `RandomDeletion`, `RandomSwap`, `SpanMask`.
 * @returns The pipeline; what it does to a sample depends on seed, epoch and sample alone.
 * @throws TypeError if the JSON has unknown names or values outside of what they may be.
 *
 * @example Masked spans, and the same again from the record
 * ```ts
 * import assert from "node:assert/strict";
 * import { textPipeline } from "cameo/data/augment";
 *
 * const augment = textPipeline({ version: 1, seed: 3, steps: [{ op: "SpanMask", fraction: 0.4, mask: "<{n}>" }] });
 * const { value, record } = augment.run("a cameo is carved out of onyx", { sample: 0 });
 * assert.match(value, /<0>/);
 * assert.equal(augment.replay("a cameo is carved out of onyx", record), value);
 * ```
 */
export function textPipeline(spec: SequenceSpec): SequencePipeline<string> {
  return sequencePipeline("textPipeline", textTransforms, spec);
}
