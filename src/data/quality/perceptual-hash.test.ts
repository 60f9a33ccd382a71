import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { image } from "../image.ts";
import { hammingDistance, type PerceptualHash, perceptualHash } from "./perceptual-hash.ts";

interface Case {
  readonly height: number;
  readonly width: number;
  readonly pixels: string;
  readonly hash: string;
}
const cases = JSON.parse(
  readFileSync(new URL("../../../fixtures/quality-hashes/hashes.json", import.meta.url), "utf8"),
) as Record<"pHash" | "dHash", Case[]>;
const hashOf = ({ height, width, pixels }: Case): PerceptualHash =>
  perceptualHash(image(Uint8Array.from(Buffer.from(pixels, "base64")), width, height, 1));
const hexadecimal = (words: readonly number[]): string =>
  words.map((word) => word.toString(16).padStart(8, "0")).join("");

test("hashes are those of ImageHash where nothing is resized", () => {
  for (const each of cases.pHash) expect(hexadecimal(hashOf(each).slice(0, 2))).toBe(each.hash);
  for (const each of cases.dHash) expect(hexadecimal(hashOf(each).slice(2))).toBe(each.hash);
});

const random = new RandomStream(2, "pictures");
/** A picture of some waves, rendered at any size. */
function picture(index: number, side: number, change: (value: number) => number = (value) => value) {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = Array.from(
    { length: 5 },
    (_, i) => 12 * random.uniform(10 * index + i) - 6,
  );
  const data = Uint8Array.from({ length: 3 * side * side }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const [x, y] = [((pixel % side) + 0.5) / side, (Math.floor(pixel / side) + 0.5) / side];
    return change(128 + 50 * Math.sin(a * x + b * y + e) + 50 * Math.cos(c * x + d * y * y));
  });
  return image(data, side, side, 3);
}

test("copies of other size and brightness are near, other pictures far", () => {
  const distances = Array.from({ length: 40 }, (_, i) => {
    const original = perceptualHash(picture(i, 120));
    const smaller = perceptualHash(picture(i, 77));
    const paler = perceptualHash(picture(i, 120, (value) => 0.8 * value + 30));
    const other = perceptualHash(picture(i + 100, 120));
    return [smaller, paler, other].map((hash) => hammingDistance(original, hash));
  });
  const within = (which: number, most: number): number =>
    distances.filter((each) => (each[which] as number) <= most).length;
  expect(within(0, 4)).toBeGreaterThanOrEqual(36);
  expect(within(1, 4)).toBeGreaterThanOrEqual(36);
  expect(within(0, 8)).toBe(40);
  expect(within(2, 6)).toBe(0);
});

test("images of one pixel, of one row and with few colours have a hash", () => {
  for (const [width, height] of [
    [1, 1],
    [1, 50],
    [50, 1],
    [3, 2],
  ] as const)
    expect(perceptualHash(image(new Uint8Array(width * height).fill(9), width, height, 1))).toHaveLength(4);
  expect(hammingDistance([0, 0, 0, 0], [0xffffffff, 0xffffffff, 1, 0])).toBe(64);
});
