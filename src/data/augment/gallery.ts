/** What every transform does to one picture, as data: for pages, tests and whoever looks for the right one. */

import type { Image } from "../image.ts";
import { audioTransforms, spectrogramTransforms } from "./audio/audio-pipeline.ts";
import type { Signal, Spectrogram } from "./audio/signal.ts";
import { type GalleryGroup, galleryExamples, galleryGroupOf, galleryGroups } from "./gallery-examples.ts";
import { galleryPicture } from "./gallery-picture.ts";
import { pipeline } from "./pipeline.ts";
import { type SequenceRegistry, sequencePipeline } from "./sequence-pipeline.ts";
import { textTransforms } from "./text/text-pipeline.ts";
import type { Scene, Transform } from "./transform.ts";
import * as transforms from "./transforms.ts";

/** A step of a pipeline and what it did. */
export interface GalleryEntry<Value> {
  /** Name of the transform. */
  readonly name: string;
  readonly group: GalleryGroup;
  /** The step as it stands in a pipeline's JSON. */
  readonly step: { readonly op: string };
  /** Seed of the pipeline. */
  readonly seed: number;
  /** The concrete parameters that were drawn. */
  readonly params: unknown;
  readonly before: Value;
  readonly after: Value;
}

/** Frames of the clip that transforms of video get. */
const numFrames = 8;

/** The clip: the balloon drifts from left to right. */
function clip(): Scene {
  const [first, ...rest] = Array.from({ length: numFrames }, (_, i) => galleryPicture(0, 144, 108, 0.09 * i - 0.1));
  return { ...(first as Scene), frames: rest.map(({ image }) => image) };
}

/** A scene around an image of the user's: a box, four points and a round mask that show where things move. */
function sceneAround(image: Image): Scene {
  const { width, height } = image;
  const at = (x: number, y: number): { x: number; y: number } => ({ x: x * width, y: y * height });
  const isInside = (i: number): boolean =>
    Math.hypot(((i % width) + 0.5) / width - 0.5, (Math.floor(i / width) + 0.5) / height - 0.5) < 0.25;
  return {
    image,
    masks: [{ data: Uint8Array.from({ length: width * height }, (_, i) => Number(isInside(i))), width, height }],
    boxes: [{ x1: width / 4, y1: height / 4, x2: (3 * width) / 4, y2: (3 * height) / 4 }],
    keypoints: [at(1 / 3, 1 / 3), at(2 / 3, 1 / 3), at(1 / 3, 2 / 3), at(2 / 3, 2 / 3)],
  };
}

/** Options for a transform that is not among the examples: none where it has defaults for all, else a size. */
function optionsFor(transform: Pick<Transform<unknown, unknown>, "config">, { width, height }: Image): object {
  const smaller = { width: Math.ceil(0.6 * width), height: Math.ceil(0.6 * height) };
  const candidates: object[] = [{}, smaller, { size: smaller.width }];
  return candidates.find((options) => transform.config.safeParse(options).success) ?? {};
}

/**
 * Shows every transform of scenes on one picture.
 *
 * @param image - Shown instead of the drawn landscape.
 * @returns An entry per transform, by group and name. Transforms of video get eight frames (`after.frames` holds all but the first).
 *
 * @example There are more than sixty
 * ```ts
 * import assert from "node:assert/strict";
 * import { gallery } from "cameo/data/augment";
 *
 * const entries = gallery();
 * assert.ok(entries.length >= 60);
 * assert.equal(entries.find(({ name }) => name === "Invert")?.group, "Colour");
 * ```
 */
export function gallery(image?: Image): GalleryEntry<Scene>[] {
  const views = [0, 1, 2, 3].map((number) => galleryPicture(number));
  const scene = image === undefined ? (views[0] as Scene) : sceneAround(image);
  // Samples to mix with must be of one size: a foreign picture is mixed with its mirror image.
  const others = image === undefined ? views.slice(1) : [mirrored(scene)];
  const video = clip();
  const entries = Object.entries(transforms).map(([name, transform]): GalleryEntry<Scene> => {
    const group = galleryGroupOf(name, transform.effect.kind);
    const before = group === "Video" ? video : scene;
    const example = galleryExamples[name as keyof typeof transforms] ?? {};
    const { config = optionsFor(transform, before.image), seed = 7 } = example;
    const step = { op: name, ...config };
    const { scene: after, record } = pipeline({ version: 1, seed, steps: [step] }).run(before, {
      sample: 0,
      others: { count: others.length, scene: (index) => others[index] as Scene },
    });
    return { name, group, step, seed, params: record.applied[0]?.params, before, after };
  });
  return entries.sort(
    (a, b) => galleryGroups.indexOf(a.group) - galleryGroups.indexOf(b.group) || a.name.localeCompare(b.name, "en"),
  );
}

function mirrored(scene: Scene): Scene {
  return pipeline({ version: 1, steps: [{ op: "Fliplr" }] }).run(scene, { sample: 0 }).scene;
}

function sequenceGallery<Value>(
  registry: SequenceRegistry<Value>,
  before: Value,
  configs: Readonly<Record<string, object>>,
  group: GalleryGroup,
): GalleryEntry<Value>[] {
  return Object.keys(registry).map((name) => {
    const step = { op: name, ...configs[name] };
    const { value, record } = sequencePipeline("gallery", registry, { version: 1, seed: 7, steps: [step] }).run(
      before,
      {
        sample: 0,
      },
    );
    return { name, group, step, seed: 7, params: record.applied[0]?.params, before, after: value };
  });
}

const sentence =
  "Sampling draws what a model sees; augmentation makes more of it. A cameo is carved out of onyx, one layer at a time.";

/**
 * Shows every transform of text on one sentence.
 *
 * @returns An entry per transform.
 */
export function galleryTexts(): GalleryEntry<string>[] {
  const fraction = 0.2;
  const configs = {
    KeyboardTypos: { fraction: 0.1 },
    OcrErrors: { fraction },
    RandomCase: { fraction },
    RandomDeletion: { fraction },
    RandomSwap: { fraction },
    SpanMask: { fraction, mask: "<{n}>" },
  };
  return sequenceGallery(textTransforms, sentence, configs, "Text");
}

/** A decaying chirp: loud and low at first, then softer and higher. */
function chirp(): Signal {
  const sampleRate = 8000;
  const samples = Float32Array.from({ length: 2400 }, (_, i) => {
    const t = i / sampleRate;
    return 0.8 * Math.exp(-4 * t) * Math.sin(2 * Math.PI * (20 * t + 90 * t * t));
  });
  return { samples, sampleRate };
}

/**
 * Shows every transform of sound on a decaying chirp.
 *
 * @returns An entry per transform.
 */
export function gallerySounds(): GalleryEntry<Signal>[] {
  const configs = {
    Gain: { decibels: -9 },
    NoiseAtSnr: { decibels: 8 },
    SpeedResample: { factor: 1.5 },
    TimeShift: { seconds: 0.06 },
  };
  return sequenceGallery(audioTransforms, chirp(), configs, "Sound");
}

/** Three voices gliding over time, on a noisy ground, in [0, 1]. */
function glide(): Spectrogram {
  const [frames, bins] = [192, 80];
  const data = Float32Array.from({ length: frames * bins }, (_, i) => {
    const [frame, bin] = [Math.floor(i / bins), i % bins];
    const pitch = 10 + 5 * Math.sin(frame / 22) + frame / 40;
    const voices = [1, 2, 3].reduce((sum, k) => sum + Math.exp(-(((bin - k * pitch) / 1.8) ** 2)) / k, 0);
    return Math.min(
      0.12 + 0.08 * Math.sin(bin * 1.7 + frame * 0.9) ** 2 + voices * (0.6 + 0.4 * Math.sin(frame / 9)),
      1,
    );
  });
  return { data, frames, bins };
}

/**
 * Shows every transform of spectrograms.
 *
 * @returns An entry per transform.
 */
export function gallerySpectrograms(): GalleryEntry<Spectrogram>[] {
  const configs = { SpecAugment: { maxBins: 14, maxFrames: 40, warp: 20 } };
  return sequenceGallery(spectrogramTransforms, glide(), configs, "Sound");
}
