/** How the gallery groups transforms, and settings that show what a transform does better than its defaults. */

import type { Effect } from "./transform.ts";
import type * as transforms from "./transforms.ts";

/** The groups, in the order of the page. */
export const galleryGroups = [
  "Geometry",
  "Colour",
  "Blur",
  "Noise",
  "Dropout",
  "Weather",
  "Mixing",
  "Policy",
  "Video",
  "Text",
  "Sound",
] as const;

/** A group of the gallery. */
export type GalleryGroup = (typeof galleryGroups)[number];

type Name = keyof typeof transforms;

/** Groups that the kind of effect does not tell. What is in no list changes colours. */
const members: Partial<Readonly<Record<GalleryGroup, readonly string[]>>> = {
  Noise: [
    "GaussianNoise",
    "ImpulseNoise",
    "IsoNoise",
    "JpegCompression",
    "LaplaceNoise",
    "Pixelate",
    "PoissonNoise",
    "SaltAndPepper",
    "SpeckleNoise",
  ],
  Dropout: ["CoarseDropout", "Cutout", "GridMask", "PixelDropout", "RandomErasing"] satisfies Name[],
  Weather: ["Clouds", "Fog", "Frost", "Rain", "Shadow", "Snow", "Spatter", "SunFlare", "Vignette"] satisfies Name[],
  Policy: ["AugMix", "AutoAugment", "RandAugment", "TrivialAugment"] satisfies Name[],
  Video: ["FrameDrop", "ReverseTime", "SpeedChange", "TemporalCrop"] satisfies Name[],
  Blur: [
    "Downscale",
    "Sharpness",
    "Sharpen",
    "Emboss",
    "EdgeDetect",
    "UnsharpMask",
    "Laplacian",
    "Sobel",
    "Convolve",
    "Canny",
  ],
};

/** The group of a transform. */
export function galleryGroupOf(name: string, kind: Effect<never>["kind"]): GalleryGroup {
  const listed = galleryGroups.find((group) => members[group]?.includes(name));
  if (listed !== undefined) return listed;
  if (kind === "mix") return "Mixing";
  if (kind === "matrix" || kind === "field" || kind === "scene") return "Geometry";
  return /Blur|Filter|Pool/.test(name) ? "Blur" : "Colour";
}

/** Options and a seed of the pipeline. */
interface Example {
  readonly config?: object;
  readonly seed?: number;
}

/** Settings by transform; others are shown with their defaults. */
export const galleryExamples: Partial<Readonly<Record<Name, Example>>> = {
  Add: { config: { amount: 0.2 } },
  Affine: { config: { rotate: 20, scale: 0.8, shear: 8 } },
  AugMix: { config: { severity: 6 } },
  Brightness: { config: { factor: 1.45 } },
  Clahe: { config: { clipLimit: 4 } },
  ChannelShuffle: { seed: 9 },
  Clouds: { config: { amount: 0.5 } },
  CoarseDropout: { config: { fraction: 0.15, cells: 10 } },
  ColorJitter: { config: { hue: [-0.2, 0.2], saturation: [0.4, 1.8] } },
  ColorTemperature: { config: { kelvin: 3600 } },
  Contrast: { config: { factor: 1.6 } },
  CopyPaste: { config: { probability: 1 } },
  CutMix: { config: { alpha: 4 } },
  Cutout: { config: { count: 2, size: 0.4 } },
  D4: { seed: 3 },
  FancyPca: { config: { deviation: 0.6 } },
  Fog: { config: { density: 0.6 } },
  FrameDrop: { config: { fraction: 0.4 } },
  Frost: { config: { amount: 0.65 } },
  Gamma: { config: { gamma: 2 } },
  GaussianNoise: { config: { deviation: 0.1 } },
  Hue: { config: { turn: 0.2 } },
  HueSaturation: { config: { hue: 60, saturation: 0.2, value: 0 } },
  ImpulseNoise: { config: { fraction: 0.08 } },
  IsoNoise: { config: { luma: 0.1, chroma: 0.09 } },
  JpegCompression: { config: { quality: 6 } },
  KMeansQuantization: { config: { colors: 8 } },
  LaplaceNoise: { config: { scale: 0.08 } },
  LinearContrast: { config: { factor: 1.7 } },
  LogContrast: { config: { gain: 1.1 } },
  MixUp: { config: { alpha: 8 } },
  Multiply: { config: { factor: [0.5, 1.5], perChannel: true } },
  PadToSize: { config: { width: 380, height: 300 } },
  PixelDropout: { config: { fraction: 0.12 } },
  Pixelate: { config: { size: 0.035 } },
  PoissonNoise: { config: { photons: 25 } },
  Posterize: { config: { bits: 2 } },
  RandAugment: { config: { magnitude: 14 } },
  RgbShift: { config: { red: 0.2, green: 0, blue: -0.2 } },
  SaltAndPepper: { config: { fraction: 0.06 } },
  Saturation: { config: { factor: 2.2 } },
  Sharpness: { config: { factor: 6 } },
  SigmoidContrast: { config: { gain: 10, cutoff: 0.5 } },
  Solarize: { config: { threshold: 0.6 } },
  Spatter: { config: { amount: 0.5 } },
  SpeckleNoise: { config: { deviation: 0.25 } },
  SpeedChange: { config: { factor: 2 } },
  TemporalCrop: { config: { length: 0.5 } },
  ToneCurve: { config: { shift: 0.3 } },
  Vignette: { config: { strength: 0.7 } },
};
