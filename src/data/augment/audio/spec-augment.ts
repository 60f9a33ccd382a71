import { z } from "zod";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import type { Draw } from "../transform.ts";
import type { Spectrogram } from "./signal.ts";

interface Config {
  readonly frequencyMasks: number;
  readonly maxBins: number;
  readonly timeMasks: number;
  readonly maxFrames: number;
  readonly maxFraction: number;
  readonly warp: number;
  readonly fill: number | "mean";
}

type Mask = readonly [first: number, count: number];

interface Params {
  readonly frequency: readonly Mask[];
  readonly time: readonly Mask[];
  /** A frame, and where it moves. */
  readonly warp?: readonly [from: number, to: number];
  readonly fill: number | "mean";
}

/** A mask of at most `longest` of `size` places. */
function drawMask(size: number, longest: number, draw: Draw): Mask {
  const count = draw.integer(0, Math.min(Math.floor(longest), size));
  return [draw.integer(0, size - count), count];
}

/** Stretches time on one side of a frame and squeezes it on the other; ends stay, frames between are interpolated. */
function warped({ data, frames, bins }: Spectrogram, [from, to]: readonly [number, number]): Float32Array {
  const output = new Float32Array(data.length);
  for (let frame = 0; frame < frames; frame++) {
    const place =
      frame <= to ? (frame * from) / Math.max(to, 1) : from + ((frame - to) * (frames - 1 - from)) / (frames - 1 - to);
    const first = Math.min(Math.floor(place), frames - 1);
    const next = Math.min(first + 1, frames - 1);
    const part = place - first;
    for (let bin = 0; bin < bins; bin++) {
      const value = data[first * bins + bin] as number;
      output[frame * bins + bin] = value + part * ((data[next * bins + bin] as number) - value);
    }
  }
  return output;
}

/**
 * Masks bands of frequencies and stretches of time of a spectrogram, and may warp its time. Widths are uniform from 0 to `maxBins` and
 * `maxFrames` (and at most `maxFraction` of all frames). Masked values become `fill`, or the mean of the spectrogram.
 *
 * The defaults are the paper's policy LD without the warp, which it found to matter least.
 *
 * @source Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition", 2019,
 * https://arxiv.org/abs/1904.08779. Differs: the warp is piecewise linear in time alone.
 */
export const SpecAugment: SequenceTransform<Spectrogram, Config, Params> = {
  name: "SpecAugment",
  version: 1,
  config: z.strictObject({
    frequencyMasks: z.int().min(0).max(100).default(2),
    maxBins: z.int().min(0).default(27),
    timeMasks: z.int().min(0).max(100).default(2),
    maxFrames: z.int().min(0).default(100),
    maxFraction: z.number().min(0).max(1).default(1),
    warp: z.int().min(0).default(0),
    fill: z.union([z.number(), z.literal("mean")]).default("mean"),
  }),
  sample(config, draw, { frames, bins }) {
    const masks = (name: string, count: number, size: number, longest: number): Mask[] =>
      Array.from({ length: count }, (_, i) => drawMask(size, longest, draw.child(`${name}-${i}`)));
    const longest = Math.min(config.maxFrames, config.maxFraction * frames);
    const widest = Math.min(config.warp, Math.floor((frames - 1) / 2) - 1);
    const params = {
      frequency: masks("frequency", config.frequencyMasks, bins, config.maxBins),
      time: masks("time", config.timeMasks, frames, longest),
      fill: config.fill,
    };
    if (widest < 1) return params;
    const from = draw.integer(widest + 1, frames - 2 - widest);
    return { ...params, warp: [from, from + draw.integer(-widest, widest)] };
  },
  apply(spectrogram, { frequency, time, warp, fill }) {
    const { frames, bins } = spectrogram;
    const data = warp === undefined ? spectrogram.data.slice() : warped(spectrogram, warp);
    const mean = data.reduce((sum, value) => sum + value, 0) / Math.max(data.length, 1);
    const value = fill === "mean" ? mean : fill;
    for (const [first, count] of time) data.fill(value, first * bins, (first + count) * bins);
    for (const [first, count] of frequency)
      for (let frame = 0; frame < frames; frame++) data.fill(value, frame * bins + first, frame * bins + first + count);
    return { ...spectrogram, data };
  },
};
