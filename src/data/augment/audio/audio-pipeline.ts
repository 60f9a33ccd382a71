/** Pipelines that change sound and spectrograms. */

import {
  type SequencePipeline,
  type SequenceRegistry,
  type SequenceSpec,
  sequencePipeline,
} from "../sequence-pipeline.ts";
import { Gain } from "./gain.ts";
import { InvertPolarity } from "./invert-polarity.ts";
import { NoiseAtSnr } from "./noise-at-snr.ts";
import type { Signal, Spectrogram } from "./signal.ts";
import { SpecAugment } from "./spec-augment.ts";
import { SpeedResample } from "./speed-resample.ts";
import { TimeShift } from "./time-shift.ts";

/** The transforms of sound, by name. */
export const audioTransforms: SequenceRegistry<Signal> = {
  Gain,
  InvertPolarity,
  NoiseAtSnr,
  SpeedResample,
  TimeShift,
} as unknown as SequenceRegistry<Signal>;

/** The transforms of spectrograms, by name. */
export const spectrogramTransforms: SequenceRegistry<Spectrogram> = {
  SpecAugment,
} as unknown as SequenceRegistry<Spectrogram>;

/**
 * Makes a pipeline that changes sound: loudness, speed, time, polarity, noise.
 *
 * @param spec - Steps by name with their options: `Gain`, `InvertPolarity`, `NoiseAtSnr`, `SpeedResample`, `TimeShift`.
 * @returns The pipeline; what it does to a sample depends on seed, epoch and sample alone.
 * @throws TypeError if the JSON has unknown names or values outside of what they may be.
 *
 * @example Twice as loud
 * ```ts
 * import assert from "node:assert/strict";
 * import { audioPipeline } from "cameo/data/augment";
 *
 * const augment = audioPipeline({ version: 1, steps: [{ op: "Gain", decibels: 20 * Math.log10(2) }] });
 * const { value } = augment.run({ samples: new Float32Array([0.1, -0.2]), sampleRate: 16000 }, { sample: 0 });
 * assert.deepEqual(value.samples, new Float32Array([0.2, -0.4]));
 * ```
 */
export function audioPipeline(spec: SequenceSpec): SequencePipeline<Signal> {
  return sequencePipeline("audioPipeline", audioTransforms, spec);
}

/**
 * Makes a pipeline that changes spectrograms: SpecAugment.
 *
 * @param spec - Steps by name with their options: `SpecAugment`.
 * @returns The pipeline; what it does to a sample depends on seed, epoch and sample alone.
 * @throws TypeError if the JSON has unknown names or values outside of what they may be.
 *
 * @example Two bands of frequencies are masked by zeros
 * ```ts
 * import assert from "node:assert/strict";
 * import { spectrogramPipeline } from "cameo/data/augment";
 *
 * const augment = spectrogramPipeline({ version: 1, seed: 1, steps: [{ op: "SpecAugment", timeMasks: 0, fill: 0 }] });
 * const spectrogram = { data: new Float32Array(100 * 80).fill(1), frames: 100, bins: 80 };
 * const { value } = augment.run(spectrogram, { sample: 0 });
 * assert.ok(value.data.includes(0) && value.data.includes(1));
 * ```
 */
export function spectrogramPipeline(spec: SequenceSpec): SequencePipeline<Spectrogram> {
  return sequencePipeline("spectrogramPipeline", spectrogramTransforms, spec);
}
