/**
 * The operations of automatic augmentation policies, with torchvision's meaning of their magnitudes.
 *
 * torchvision 0.29, `transforms/autoaugment.py`, `_apply_op`.
 */

import { z } from "zod";
import { applyTransform } from "../apply-transform.ts";
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from "../color/adjust.ts";
import { AutoContrast } from "../color/auto-contrast.ts";
import { Equalize } from "../color/equalize.ts";
import { Invert } from "../color/invert.ts";
import { Posterize } from "../color/posterize.ts";
import { Solarize } from "../color/solarize.ts";
import type { Draw, Effect, Frame, Matrix, PixelEffect, Resample, Scene } from "../transform.ts";

/** An operation with its strength. Of `Solarize`, the magnitude is a fraction of the range. */
export interface Operation {
  readonly name: OperationName;
  readonly magnitude: number;
}

/** Options that all policies share. */
export interface PolicyOptions {
  /** Of moved images. */
  readonly interpolation: "nearest" | "linear";
  /** Of what moves in from outside, in the element type's units. */
  readonly fill: number;
}

/** Their schemas and defaults, those of torchvision. */
export const policyOptions = {
  interpolation: z.enum(["nearest", "linear"]).default("nearest") as z.ZodType<"nearest" | "linear">,
  fill: z.number().min(0).default(0) as z.ZodType<number>,
};

const pixels = (apply: (image: Scene["image"], magnitude: number) => Scene["image"]): PixelEffect<number> => ({
  kind: "pixels",
  apply,
});

const effectOf = <Params>(effect: Effect<Params>): PixelEffect<Params> => effect as PixelEffect<Params>;

type Recoloring =
  | "Identity"
  | "Brightness"
  | "Color"
  | "Contrast"
  | "Sharpness"
  | "Posterize"
  | "Solarize"
  | "AutoContrast"
  | "Equalize"
  | "Invert";

type Move = "ShearX" | "ShearY" | "TranslateX" | "TranslateY" | "Rotate";

/** Names of the operations. */
export type OperationName = Recoloring | Move;

/** What changes pixels in place. */
const recolorings: Readonly<Record<Recoloring, PixelEffect<number>>> = {
  Identity: pixels((image) => image),
  Brightness: pixels((image, magnitude) => adjustBrightness(image, 1 + magnitude)),
  Color: pixels((image, magnitude) => adjustSaturation(image, 1 + magnitude)),
  Contrast: pixels((image, magnitude) => adjustContrast(image, 1 + magnitude)),
  Sharpness: pixels((image, magnitude) => adjustSharpness(image, 1 + magnitude)),
  Posterize: pixels((image, magnitude) => effectOf(Posterize.effect).apply(image, { bits: magnitude })),
  Solarize: pixels((image, magnitude) => effectOf(Solarize.effect).apply(image, { threshold: magnitude })),
  AutoContrast: pixels((image) => effectOf(AutoContrast.effect).apply(image, {})),
  Equalize: pixels((image) => effectOf(Equalize.effect).apply(image, {})),
  Invert: pixels((image) => effectOf(Invert.effect).apply(image, {})),
};

/** What moves them: shears about the upper left corner, turns counter-clockwise about the centre, in whole pixels sideways. */
const moves: Readonly<Record<Move, (magnitude: number, frame: Frame) => Matrix>> = {
  ShearX: (magnitude: number): Matrix => [1, -magnitude, 0, 0, 1, 0, 0, 0, 1],
  ShearY: (magnitude: number): Matrix => [1, 0, 0, -magnitude, 1, 0, 0, 0, 1],
  TranslateX: (magnitude: number): Matrix => [1, 0, Math.trunc(magnitude), 0, 1, 0, 0, 0, 1],
  TranslateY: (magnitude: number): Matrix => [1, 0, 0, 0, 1, Math.trunc(magnitude), 0, 0, 1],
  Rotate(magnitude: number, { width, height }: Frame): Matrix {
    const [cos, sin] = [Math.cos((magnitude * Math.PI) / 180), Math.sin((magnitude * Math.PI) / 180)];
    const [x, y] = [width / 2, height / 2];
    return [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y, 0, 0, 1];
  },
};

/** Does operations to a scene, one after another. */
export function applyOperations(scene: Scene, operations: readonly Operation[], options: PolicyOptions): Scene {
  const resample: Resample = { interpolation: options.interpolation, border: "constant", fill: options.fill };
  return operations.reduce((now, { name, magnitude }) => {
    if (name in recolorings) return applyTransform(now, { effect: recolorings[name as Recoloring] }, magnitude);
    const matrixOf = moves[name as Move];
    const effect: Effect<number> = {
      kind: "matrix",
      matrix: (params, frame) => ({
        matrix: matrixOf(params, frame),
        width: frame.width,
        height: frame.height,
        resample,
      }),
    };
    return applyTransform(now, { effect }, magnitude);
  }, scene);
}

/** Strengths of an operation by level, and whether their sign is drawn. */
export interface Strengths {
  readonly magnitudes: readonly number[];
  readonly isSigned: boolean;
}

/** Which operations a policy has, and how strong. */
export type Space = ReadonlyMap<OperationName, Strengths>;

/** `count` numbers from `first` to `last`, evenly spaced. */
export function linspace(first: number, last: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + ((last - first) * i) / Math.max(count - 1, 1));
}

const signed = (largest: number, count: number): Strengths => ({
  magnitudes: linspace(0, largest, count),
  isSigned: true,
});

/** How far a space goes. */
export interface Reach {
  readonly shear: number;
  /** [pixels] */
  readonly translate: readonly [x: number, y: number];
  /** [degrees] */
  readonly rotate: number;
  /** Of brightness, colour, contrast and sharpness; undefined leaves them out. */
  readonly adjust: number | undefined;
  readonly posterize: readonly [most: number, fewest: number];
}

/** The space that all policies have, in torchvision's order. */
export function spaceOf(reach: Reach, levels: number): Map<OperationName, Strengths> {
  const [most, fewest] = reach.posterize;
  const bits = Array.from(
    { length: levels },
    (_, i) => most - Math.round((i * (most - fewest)) / Math.max(levels - 1, 1)),
  );
  const space = new Map<OperationName, Strengths>([
    ["ShearX", signed(reach.shear, levels)],
    ["ShearY", signed(reach.shear, levels)],
    ["TranslateX", signed(reach.translate[0], levels)],
    ["TranslateY", signed(reach.translate[1], levels)],
    ["Rotate", signed(reach.rotate, levels)],
    ["Posterize", { magnitudes: bits, isSigned: false }],
    ["Solarize", { magnitudes: linspace(1, 0, levels), isSigned: false }],
    ["AutoContrast", { magnitudes: [0], isSigned: false }],
    ["Equalize", { magnitudes: [0], isSigned: false }],
  ]);
  if (reach.adjust !== undefined)
    for (const name of ["Brightness", "Color", "Contrast", "Sharpness"] as const)
      space.set(name, signed(reach.adjust, levels));
  return space;
}

/** An operation of a space at a level, its sign drawn. */
export function operationAt(space: Space, name: OperationName, level: number, draw: Draw): Operation {
  const { magnitudes, isSigned } = space.get(name) as Strengths;
  const magnitude = magnitudes[Math.min(level, magnitudes.length - 1)] as number;
  return { name, magnitude: isSigned && draw.chance(0.5) ? -magnitude : magnitude };
}
