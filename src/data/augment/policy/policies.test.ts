import { describe, expect, test } from "vitest";
import { type Image, image } from "../../image.ts";
import { applyTransform } from "../apply-transform.ts";
import { drawOf } from "../draw.ts";
import type { Transform } from "../transform.ts";
import { AugMix } from "./aug-mix.ts";
import { AutoAugment } from "./auto-augment.ts";
import { autoAugmentPolicies } from "./auto-augment-policies.ts";
import { type Operation, spaceOf } from "./operation.ts";
import { RandAugment } from "./rand-augment.ts";
import { TrivialAugment } from "./trivial-augment.ts";

const frame = { width: 331, height: 200, channels: 3 };
const draws = Array.from({ length: 2000 }, (_, sample) => drawOf({ seed: 8, epoch: 0, sample }));

function drawn<Config, Params>(transform: Transform<Config, Params>, config: object = {}): Params[] {
  const checked = transform.config.parse(config);
  return draws.map((draw) => transform.sample(checked, draw, frame));
}

const magnitudesOf = (operations: readonly Operation[], name: string): number[] =>
  [...new Set(operations.filter((one) => one.name === name).map(({ magnitude }) => magnitude))].sort((a, b) => a - b);

describe("RandAugment", () => {
  const operations = drawn(RandAugment, { magnitude: 15 }).flatMap((params) => params.operations);

  test("draws fourteen operations equally often, as many as told", () => {
    expect(operations.length).toBe(2 * draws.length);
    const counts = Map.groupBy(operations, ({ name }) => name);
    expect(counts.size).toBe(14);
    for (const { length } of counts.values()) expect(Math.abs(length / operations.length - 1 / 14)).toBeLessThan(0.02);
  });

  test("has torchvision's strengths at magnitude 15 of 31", () => {
    expect(magnitudesOf(operations, "Rotate")).toEqual([-15, 15]);
    expect(magnitudesOf(operations, "TranslateX")).toEqual([-75, 75]);
    expect(magnitudesOf(operations, "Solarize")).toEqual([0.5]);
    expect(magnitudesOf(operations, "Posterize")).toEqual([6]);
    expect(magnitudesOf(operations, "Brightness")).toEqual([-0.45, 0.45]);
    expect(magnitudesOf(operations, "ShearX")).toEqual([-0.15, 0.15]);
  });

  test("refuses a magnitude beyond the levels", () => {
    expect(RandAugment.config.safeParse({ magnitude: 31 }).success).toBe(false);
  });
});

test("TrivialAugment draws one operation with every strength of the wide space", () => {
  const operations = drawn(TrivialAugment).map(({ operation }) => operation);
  expect(Math.max(...magnitudesOf(operations, "Rotate"))).toBe(135);
  expect(magnitudesOf(operations, "Posterize")).toEqual([2, 3, 4, 5, 6, 7, 8]);
  expect(new Set(operations.map(({ name }) => name)).size).toBe(14);
});

describe("AutoAugment", () => {
  test.each(["imagenet", "cifar10", "svhn"] as const)("knows the twenty-five pairs of %s", (policy) => {
    const known = new Set([
      ...spaceOf({ shear: 0, translate: [0, 0], rotate: 0, adjust: 0, posterize: [8, 4] }, 10).keys(),
      "Invert",
    ]);
    expect(autoAugmentPolicies[policy].length).toBe(25);
    for (const pair of autoAugmentPolicies[policy])
      for (const operation of pair.split(", ")) {
        const [name = "", probability = "2", level = "0"] = operation.split(" ");
        expect(known).toContain(name);
        expect(Number(probability)).toBeLessThanOrEqual(1);
        expect(Number(level)).toBeLessThanOrEqual(9);
      }
  });

  test("applies as many operations as their probabilities say", () => {
    const mean = drawn(AutoAugment).reduce((sum, { operations }) => sum + operations.length, 0) / draws.length;
    const expected =
      autoAugmentPolicies.imagenet
        .flatMap((pair) => pair.split(", "))
        .reduce((sum, operation) => sum + Number(operation.split(" ")[1]), 0) / 25;
    expect(mean).toBeCloseTo(expected, 1);
  });
});

describe("AugMix", () => {
  const pixels = Uint8Array.from({ length: 20 * 16 * 3 }, (_, i) => (i * 37) % 256);
  const input: Image = image(pixels, 20, 16, 3);

  test("is the image itself where the image has all the weight", () => {
    const params = {
      weights: [1, 0],
      chains: [[{ name: "Invert", magnitude: 0 }]],
      interpolation: "nearest",
      fill: 0,
    } as const;
    expect(applyTransform({ image: input }, AugMix, params).image).toEqual(input);
  });

  test("is the weighted sum of its chains", () => {
    const invert = { name: "Invert", magnitude: 0 } as const;
    const params = {
      weights: [0.5, 0.25, 0.25],
      chains: [[invert], [invert, invert]],
      interpolation: "nearest",
      fill: 0,
    } as const;
    const { data } = applyTransform({ image: input }, AugMix, params).image;
    for (const [i, value] of data.entries()) {
      const own = pixels[i] as number;
      expect(Math.abs(value - (0.75 * own + 0.25 * (255 - own)))).toBeLessThanOrEqual(0.5);
    }
  });

  test("draws weights that add up to 1, and leaves the adjustments out", () => {
    for (const { weights, chains } of drawn(AugMix)) {
      expect(weights.length).toBe(4);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
      expect(chains.every(({ length }) => length >= 1 && length <= 3)).toBe(true);
      expect(chains.flat().some(({ name }) => name === "Brightness")).toBe(false);
    }
  });
});
