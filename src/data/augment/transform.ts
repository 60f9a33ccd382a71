/**
 * What a transform is: a configuration, concrete parameters drawn from it, and an effect that sees no randomness.
 *
 * Randomness is a function of (seed, epoch, sample id, path of the operation): see {@link Draw}. Nothing depends on the worker, the
 * order or the batch, and what was applied can be applied again from its parameters alone.
 */

import type { z } from "zod";
import type { Image } from "../image.ts";

/** Label of each pixel, at a resolution of its own; resampled by the nearest neighbour. */
export interface Mask {
  readonly data: Uint8Array | Uint16Array | Int32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * What is transformed together. Coordinates are those of the image (see `Image`): continuous, edges of pixels at integers. Masks and
 * heatmaps may have another resolution; they cover the same rectangle.
 */
export interface Scene {
  readonly image: Image;
  /** Further frames of a video, each of the first frame's size: they get the same parameters. */
  readonly frames?: readonly Image[];
  readonly masks?: readonly Mask[];
  /** Values in [0, 1] (float32), resampled bicubically and clipped. */
  readonly heatmaps?: readonly Image<Float32Array>[];
  /** Corners `[x1, y1, x2, y2]` with x1 <= x2 and y1 <= y2. */
  readonly boxes?: readonly Box[];
  /** Boxes with an angle [degrees, clockwise on screen]. */
  readonly rotatedBoxes?: readonly RotatedBox[];
  readonly keypoints?: readonly Keypoint[];
  readonly polygons?: readonly Path[];
  readonly lineStrings?: readonly Path[];
  /** Class weights of the sample: what MixUp and CutMix blend. */
  readonly label?: Float32Array;
}

/** An upright box. `tag` is the caller's: it survives whatever happens to the box. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly tag?: unknown;
}

/** A box about its centre. */
export interface RotatedBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** [degrees], clockwise on screen. */
  readonly angle: number;
  readonly tag?: unknown;
}

/** A point; it is kept when it leaves the image, marked invisible. */
export interface Keypoint {
  readonly x: number;
  readonly y: number;
  readonly visible?: boolean;
  readonly tag?: unknown;
}

/** A polygon (closed without repeating its first point) or a line string. */
export interface Path {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly tag?: unknown;
}

/** Size of what a transform gets. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Random numbers of one operation on one sample. Each call takes the next number; the same key gives the same numbers. */
export interface Draw {
  /** A double in [low, high). */
  uniform(low?: number, high?: number): number;
  /** An integer in [low, high]. */
  integer(low: number, high: number): number;
  /** A normal variate. */
  normal(mean?: number, deviation?: number): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** A seed for a field of noise, which `noise…` kernels expand: keeps parameters small. */
  seed(): number;
  /** The numbers of a part of this operation, independent of how many were taken here. */
  child(name: string): Draw;
}

/**
 * Row-major 3×3 matrix that takes points of the input to points of the output, both in continuous coordinates.
 */
export type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** How a geometric transform fills what lies outside of the input. */
export interface Resample {
  readonly interpolation: "nearest" | "linear" | "cubic";
  readonly border: "constant" | "edge" | "symmetric" | "reflect" | "wrap";
  /** Of `"constant"`: value of every channel. */
  readonly fill: number;
}

/** Pixels change, coordinates do not. */
export interface PixelEffect<Params> {
  readonly kind: "pixels";
  /** Returns a new image (or the same when nothing changes); never writes into its input. */
  apply(image: Image, params: Params): Image;
}

/** A projective map: consecutive ones are multiplied and the image is resampled once. */
export interface MatrixEffect<Params> {
  readonly kind: "matrix";
  /** The map, and the size of the output. */
  matrix(
    params: Params,
    frame: Frame,
  ): { readonly matrix: Matrix; readonly width: number; readonly height: number; readonly resample: Resample };
}

/** A map that is no matrix: elastic deformation, lens distortion. */
export interface FieldEffect<Params> {
  readonly kind: "field";
  /** Source position of each output pixel's centre, x and y interleaved [height, width, 2], and how points move forwards. */
  field(
    params: Params,
    frame: Frame,
  ): {
    readonly sources: Float32Array;
    readonly width: number;
    readonly height: number;
    readonly resample: Resample;
    forward(x: number, y: number): readonly [x: number, y: number];
  };
}

/** Anything else on the whole scene: crops that drop boxes, cutouts that hide keypoints. */
export interface SceneEffect<Params> {
  readonly kind: "scene";
  apply(scene: Scene, params: Params): Scene;
}

/** Combines the scene with others of the data set: MixUp, CutMix, Mosaic. */
export interface MixEffect<Params> {
  readonly kind: "mix";
  /** How many other scenes are needed. */
  others(params: Params): number;
  apply(scene: Scene, others: readonly Scene[], params: Params): Scene;
}

/** What a transform does with concrete parameters. */
export type Effect<Params> =
  | PixelEffect<Params>
  | MatrixEffect<Params>
  | FieldEffect<Params>
  | SceneEffect<Params>
  | MixEffect<Params>;

/**
 * A kind of transform: one file each, one row in `transforms.cases.ts`, one export line in `transforms.ts`.
 *
 * @typeParam Config - What the user writes; plain JSON, validated by `config`.
 * @typeParam Params - Concrete numbers of one application; plain JSON. They are the replay record.
 */
export interface Transform<Config = never, Params = never> {
  /** Name in pipelines: `"GaussianBlur"`. */
  readonly name: string;
  /** Raised when the same configuration would give other pixels. */
  readonly version: number;
  /** Validates and completes a configuration. */
  readonly config: z.ZodType<Config>;
  /** Draws concrete parameters: the only place with randomness. */
  sample(config: Config, draw: Draw, frame: Frame): Params;
  readonly effect: Effect<Params>;
}
