/** Filters against sums in float64. */

import { expect, test } from "vitest";
import type { Image } from "../image.ts";
import { convolve, convolveSeparable } from "./convolve.ts";
import { gaussianBlur, gaussianIntegers, gaussianWeights } from "./gaussian.ts";
import { mean } from "./mean.ts";
import { median } from "./median.ts";
import { pixelTypes, sampleImage } from "./transforms.contract.ts";

/** Values of a window around each value, the image mirrored without (or with) the edge twice. */
function windows({ data, width, height, channels }: Image, radius: number, border: "reflect" | "edge"): number[][] {
  const at = (i: number, length: number): number => {
    if (border === "edge") return Math.min(length - 1, Math.max(0, i));
    if (length === 1) return 0;
    return i < 0 ? at(-i, length) : i >= length ? at(2 * length - 2 - i, length) : i;
  };
  return Array.from(data as ArrayLike<number>, (_, k) => {
    const [channel, pixel] = [k % channels, Math.floor(k / channels)];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const values: number[] = [];
    for (let v = -radius; v <= radius; v++)
      for (let u = -radius; u <= radius; u++)
        values.push(data[(at(y + v, height) * width + at(x + u, width)) * channels + channel] as number);
    return values;
  });
}

const weighted = (values: readonly number[], weights: ArrayLike<number>): number =>
  values.reduce((sum, value, i) => sum + value * (weights[i] as number), 0);

/** Largest difference, where integers may be off by rounding. */
function expectNear(data: ArrayLike<number>, expected: readonly number[], isInteger: boolean): void {
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (data[i] as number))), 0);
  expect(worst).toBeLessThan(isInteger ? 0.51 : 2e-6);
}

test.each(pixelTypes)("%s: convolutions, separable or not, with borders wider than the image", (type) => {
  for (const [width, height, channels] of [
    [19, 11, 3],
    [3, 2, 1],
    [1, 1, 4],
    [13, 7, 2],
  ] as const) {
    const image = sampleImage(width, height, channels, type);
    const line = Float32Array.of(0.1, 0.2, 0.4, 0.2, 0.1);
    const square = Float32Array.from(
      { length: 25 },
      (_, i) => (line[i % 5] as number) * (line[Math.floor(i / 5)] as number),
    );
    const around = windows(image, 2, "reflect");
    const expected = around.map((values) => weighted(values, square));
    expectNear(convolve(image, { weights: square, width: 5, height: 5 }).data, expected, type !== "float32");
    expectNear(convolveSeparable(image, line, line).data, expected, type !== "float32");
    const box = around.map((values) => weighted(values, new Array<number>(25).fill(1 / 25)));
    expectNear(mean(image, 5).data, box, type !== "float32");
  }
});

test("float32: a Gaussian is that of its weights", () => {
  const image = sampleImage(17, 12, 3, "float32");
  const line = gaussianWeights(7, 1.8);
  const square = Float64Array.from(
    { length: 49 },
    (_, i) => (line[i % 7] as number) * (line[Math.floor(i / 7)] as number),
  );
  const expected = windows(image, 3, "reflect").map((values) => weighted(values, square));
  expectNear(gaussianBlur(image, 7, 1.8).data, expected, false);
});

test.each([1, 1.5, 3, 10])("whole weights of a Gaussian, sigma %f, add up to one and are symmetric", (sigma) => {
  const weights = gaussianIntegers(27, sigma, 256);
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(256);
  expect(weights.toReversed()).toEqual(weights);
});

test.each(pixelTypes)("%s: medians of 3 to 9 on a side", (type) => {
  const image = sampleImage(21, 13, 3, type);
  for (const size of [3, 5, 9]) {
    const middle = (size * size - 1) / 2;
    const expected = windows(image, (size - 1) / 2, "edge").map((values) => values.sort((a, b) => a - b)[middle]);
    expect([...median(image, size).data]).toEqual(expected);
  }
});
