import { describe, expect, test } from "vitest";
import { type Image, image } from "../../image.ts";
import { applyTransform } from "../apply-transform.ts";
import { drawOf } from "../draw.ts";
import type { Scene, Transform } from "../transform.ts";
import { CoarseDropout } from "./coarse-dropout.ts";
import { Cutout } from "./cutout.ts";
import { GaussianNoise } from "./gaussian-noise.ts";
import { GridMask } from "./grid-mask.ts";
import { ImpulseNoise } from "./impulse-noise.ts";
import { LaplaceNoise } from "./laplace-noise.ts";
import { PixelDropout } from "./pixel-dropout.ts";
import { PoissonNoise } from "./poisson-noise.ts";
import { RandomErasing } from "./random-erasing.ts";
import { SaltAndPepper } from "./salt-and-pepper.ts";
import { SpeckleNoise } from "./speckle-noise.ts";

const size = 128;

/** A float32 image of one value: what noise adds is seen without rounding. */
function flat(value: number, channels = 3): Image<Float32Array> {
  return image(new Float32Array(size * size * channels).fill(value), size, size, channels);
}

function run<Config, Params>(transform: Transform<Config, Params>, config: object, scene: Scene, sample = 0): Scene {
  const checked = transform.config.parse(config);
  return applyTransform(
    scene,
    transform,
    transform.sample(checked, drawOf({ seed: 1, epoch: 0, sample }), scene.image),
  );
}

function moments(values: ArrayLike<number>): { readonly mean: number; readonly deviation: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return { mean, deviation: Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length) };
}

describe.each([
  ["GaussianNoise", GaussianNoise, { deviation: 0.05 }, 0.5, 0.05],
  ["LaplaceNoise", LaplaceNoise, { scale: 0.05 }, 0.5, 0.05 * Math.SQRT2],
  ["SpeckleNoise", SpeckleNoise, { deviation: 0.1 }, 0.4, 0.04],
  ["PoissonNoise, few photons", PoissonNoise, { photons: 40 }, 0.5, Math.sqrt(20) / 40],
  ["PoissonNoise, many photons", PoissonNoise, { photons: 1000 }, 0.5, Math.sqrt(500) / 1000],
] as const)("%s", (_, transform, config, value, deviation) => {
  test.each([true, false])("keeps the mean and has the deviation it says, perChannel %s", (perChannel) => {
    const options = { ...config, perChannel };
    const noisy = run(transform as Transform<object, object>, options, { image: flat(value) }).image;
    const found = moments(noisy.data);
    expect(Math.abs(found.mean - value)).toBeLessThan(deviation / 30);
    expect(Math.abs(found.deviation / deviation - 1)).toBeLessThan(0.04);
    const isGrey = noisy.data.every((own, i) => own === noisy.data[i - (i % 3)]);
    expect(isGrey).toBe(!perChannel);
  });
});

test("noise in 8 bits is that of float32, rounded", () => {
  const bytes = image(new Uint8Array(size * size * 3).fill(100), size, size, 3);
  const exact = run(GaussianNoise, { deviation: 0.1 }, { image: flat(100 / 255) }).image.data;
  const rounded = run(GaussianNoise, { deviation: 0.1 }, { image: bytes }).image.data;
  const off = rounded.map((value, i) => Math.abs(value - (exact[i] as number) * 255));
  expect(Math.max(...off)).toBeLessThan(0.501);
});

test("alpha is never touched", () => {
  const image4 = image(new Uint8Array(size * size * 4).fill(77), size, size, 4);
  for (const transform of [GaussianNoise, SaltAndPepper, ImpulseNoise, PixelDropout] as Transform<object, object>[]) {
    const { data } = run(transform, {}, { image: image4 }).image;
    expect(data.every((value, i) => i % 4 !== 3 || value === 77)).toBe(true);
    expect(data.some((value) => value !== 77)).toBe(true);
  }
});

test.each([
  ["SaltAndPepper", SaltAndPepper, { fraction: 0.2, salt: 0.25 }],
  ["ImpulseNoise", ImpulseNoise, { fraction: 0.2, perChannel: false }],
  ["PixelDropout", PixelDropout, { fraction: 0.2 }],
] as const)("%s changes the fraction of pixels that it says", (_, transform, config) => {
  const { data } = run(transform as Transform<object, object>, config, { image: flat(0.5, 1) }).image;
  const changed = data.filter((value) => value !== 0.5);
  expect(changed.length / data.length).toBeCloseTo(0.2, 1);
  if (transform === SaltAndPepper)
    expect(changed.filter((value) => value === 1).length / changed.length).toBeCloseTo(0.25, 1);
});

test("CoarseDropout drops whole cells", () => {
  const { data } = run(CoarseDropout, { fraction: 0.3, cells: 8 }, { image: flat(0.5, 1) }).image;
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) expect(data[y * size + x]).toBe(data[(y - (y % 16)) * size + x - (x % 16)]);
  expect(data.includes(0) && data.includes(0.5)).toBe(true);
});

test("GridMask covers the square of what it does not keep", () => {
  const { data } = run(GridMask, { period: 0.25, keep: 0.5 }, { image: flat(1, 1) }).image;
  expect(data.filter((value) => value === 0).length / data.length).toBeCloseTo(0.25, 1);
});

test("RandomErasing covers the area that it says, within the image", () => {
  for (let sample = 0; sample < 20; sample++) {
    const { data } = run(RandomErasing, { area: 0.2, fill: 0 }, { image: flat(1, 1) }, sample).image;
    expect(Math.abs(data.filter((value) => value === 0).length / data.length - 0.2)).toBeLessThan(0.02);
  }
});

describe("hides", () => {
  const middle = { x: 64, y: 64 };
  const corner = { x: 1, y: 1 };
  const scene: Scene = {
    image: flat(1),
    keypoints: [middle, corner],
    boxes: [
      { x1: 60, y1: 60, x2: 68, y2: 68, tag: "inside" },
      { x1: 0, y1: 0, x2: 128, y2: 128, tag: "around" },
    ],
  };
  const patches = [{ x1: 0.25, y1: 0.25, x2: 0.75, y2: 0.75 }];

  test("marks keypoints and drops boxes below a patch", () => {
    const hidden = applyTransform(scene, Cutout, { patches, fill: 0, hides: true, seed: 0 });
    expect(hidden.keypoints).toEqual([{ ...middle, visible: false }, corner]);
    expect(hidden.boxes?.map(({ tag }) => tag)).toEqual(["around"]);
  });

  test("leaves them without the option", () => {
    const { keypoints, boxes } = applyTransform(scene, Cutout, { patches, fill: 0, hides: false, seed: 0 });
    expect({ keypoints, boxes }).toEqual({ keypoints: scene.keypoints, boxes: scene.boxes });
  });
});
