/** Rows of the transform table: geometry. */

import type { TransformCase } from "./transforms.contract.ts";

/** One row, or more, for each transform in `geometry/`. */
export const geometryCases: readonly TransformCase[] = [
  { op: "Fliplr" },
  { op: "Flipud" },
  { op: "Transpose" },
  { op: "Rot90" },
  { op: "D4" },
  { op: "Affine" },
  { op: "Affine", config: { rotate: [-180, 180] } },
  { op: "Affine", config: { scale: [0.5, 2], rotate: 30, fitOutput: true } },
  { op: "Affine", config: { translatePx: { x: [-5, 5] }, border: "reflect", interpolation: "cubic" } },
  { op: "Affine", config: { shear: { x: [-20, 20], y: [-20, 20] }, border: "wrap" } },
  { op: "Rotate", config: { degrees: [-90, 90] } },
  { op: "Scale" },
  { op: "Translate" },
  { op: "Shear" },
  { op: "Perspective" },
  { op: "ElasticDeformation", config: { alpha: 30, sigma: 6 } },
  { op: "PiecewiseAffine" },
  { op: "GridDistortion" },
  { op: "OpticalDistortion" },
  { op: "ThinPlateSpline" },
  { op: "Crop" },
  { op: "CenterCrop", config: { width: 20, height: 18 } },
  { op: "CenterCrop", config: { width: 90, height: 24, border: "reflect" } },
  { op: "RandomCrop", config: { width: 60, height: 50 } },
  { op: "RandomResizedCrop", config: { width: 24, height: 24 } },
  { op: "Pad", config: { px: [0, 6] } },
  { op: "PadToSize", config: { width: 70, height: 60, position: "random" } },
  { op: "CropAndPad" },
  { op: "Resize", config: { width: 31, height: 45 } },
  { op: "LongestMaxSize", config: { size: 33 } },
  { op: "SmallestMaxSize", config: { size: 60 } },
  { op: "RandomSizedBBoxSafeCrop", config: { width: 40, height: 40 } },
];
