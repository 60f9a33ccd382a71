import { describe, expect, test } from "vitest";
import { ShapeError } from "../../base/errors.ts";
import { image } from "../image.ts";
import { pipeline } from "./pipeline.ts";
import {
  blendOver,
  draftOf,
  limitOf,
  mapValues,
  requireColor,
  roundHalfEven,
  settled,
  throughBytes,
} from "./pixels.ts";
import { sampleImage, sampleScene } from "./transforms.contract.ts";
import { mixCases } from "./transforms.mix.cases.ts";
import { pixelCases } from "./transforms.pixels.cases.ts";

const bytes = sampleImage(31, 23, 3);
const words = { ...bytes, data: Uint16Array.from(bytes.data, (value) => value * 257) };
const floats = { ...bytes, data: Float32Array.from(bytes.data, (value) => value / 255) };

/** Levels of 8 bits by which types may differ, where it is more than one rounding. */
const tolerances: Readonly<Record<string, number>> = {
  // Rounds down four times, and turning the hue stretches what was lost.
  ColorJitter: 8,
  // A value at the border of two steps falls into either.
  UniformQuantization: 256 / 2,
};

describe("the same image in 8 bits, 16 bits and float32 comes out the same", () => {
  const rows = [...pixelCases, ...mixCases].filter(({ changesType }) => changesType !== true);
  test.each(rows.map((row) => [`${row.op} ${JSON.stringify(row.config ?? {})}`, row] as const))("%s", (_, row) => {
    const { run } = pipeline({ version: 1, seed: 3, steps: [{ op: row.op, ...row.config }] });
    const [small, large, real] = [bytes, words, floats].map((input) => {
      const scene = sampleScene(input);
      const { image: output } = run(scene, { sample: 0, others: { count: 1, scene: () => scene } }).scene;
      return Array.from(output.data, (value) => (value * 255) / limitOf(output));
    }) as [number[], number[], number[]];
    for (const other of [large, real]) {
      const far = small.filter((value, i) => Math.abs(value - (other[i] as number)) > (tolerances[row.op] ?? 1.6));
      // A threshold between two levels of 8 bits may part values that are one in others.
      expect(far.length / small.length).toBeLessThan(0.01);
    }
  });
});

test("roundHalfEven rounds as C's rint does", () => {
  expect([0.5, 1.5, 2.5, 0.49999, 254.5, 7].map(roundHalfEven)).toEqual([0, 2, 2, 0, 254, 7]);
});

test("mapValues clips, rounds as told, and skips alpha", () => {
  const input = image(Uint8Array.of(1, 2, 3, 4), 1, 1, 4);
  expect([...mapValues(input, (value) => value + 0.7).data]).toEqual([2, 3, 4, 4]);
  expect([...mapValues(input, (value) => value + 0.7, "down").data]).toEqual([1, 2, 3, 4]);
  expect([...mapValues(input, (_, limit, channel) => (channel === 0 ? -5 : limit + 5)).data]).toEqual([0, 255, 255, 4]);
});

test("drafts take any number and settle in range", () => {
  for (const [input, expected] of [
    [image(Uint8Array.of(0, 0, 0), 1, 1, 3), [0, 2, 255]],
    [image(Uint16Array.of(0, 0, 0), 1, 1, 3), [0, 2, 65535]],
    [image(Float32Array.of(0, 0, 0), 1, 1, 3), [0, 1, 1]],
  ] as const) {
    const draft = draftOf(input);
    draft.set([-3, 2.5, 1e6]);
    expect([...settled(input, draft).data]).toEqual([...expected]);
  }
});

test("blendOver lays a colour over what it covers", () => {
  const input = image(Uint8Array.of(0, 100, 200, 9, 0, 100, 200, 9), 2, 1, 4);
  expect([...blendOver(input, Float32Array.of(0, 0.5), [1, 0, 1]).data]).toEqual([0, 100, 200, 9, 128, 50, 228, 9]);
});

test("throughBytes keeps the alpha of images that it rounds", () => {
  const input = image(Float32Array.of(0.5, 0, 1, 0.123), 1, 1, 4);
  const { data } = throughBytes(input, (half) => mapValues(half, (value) => 255 - value));
  expect([...data]).toEqual([Math.fround(127 / 255), 1, 0, Math.fround(0.123)]);
});

test("requireColor says what it needs", () => {
  expect(() => requireColor("Sepia", image(Uint8Array.of(1), 1, 1, 1))).toThrow(ShapeError);
  expect(() => requireColor("Sepia", image(Uint8Array.of(1), 1, 1, 1))).toThrow(
    "Sepia: cannot transform the image: got 1 channel, needs 3 (RGB) or 4 (RGBA)",
  );
});
