/** Rows of the transform table: blurs and filters. */

import type { TransformCase } from "./transforms.contract.ts";

/** One row, or more, for each transform in `blur/`. */
export const blurCases: readonly TransformCase[] = [
  { op: "GaussianBlur" },
  { op: "GaussianBlur", config: { sigma: 7.5 } },
  { op: "AverageBlur" },
  { op: "MedianBlur" },
  { op: "MotionBlur" },
  { op: "Sharpen" },
  { op: "Emboss" },
  { op: "EdgeDetect" },
  { op: "Downscale" },
];
