/** Rows of the transform table: mixtures of samples, policies, video. */

import type { TransformCase } from "./transforms.contract.ts";

/** One row, or more, for each transform in `mix/`, `policy/` and `video/`. */
export const mixCases: readonly TransformCase[] = [
  { op: "CopyPaste" },
  { op: "CutMix" },
  { op: "MixUp", config: { alpha: 1 } },
  { op: "Mosaic" },
  { op: "AugMix" },
  { op: "AugMix", config: { adjusts: true, depth: 2, severity: 10 } },
  { op: "AutoAugment" },
  { op: "AutoAugment", config: { policy: "cifar10" } },
  { op: "AutoAugment", config: { policy: "svhn" } },
  { op: "RandAugment", config: { count: 3, magnitude: 20 } },
  { op: "TrivialAugment" },
  { op: "FrameDrop", config: { fraction: 0.5 } },
  { op: "FrameDrop", config: { fraction: 0.5, repeat: false } },
  { op: "ReverseTime" },
  { op: "SpeedChange" },
  { op: "TemporalCrop" },
];
