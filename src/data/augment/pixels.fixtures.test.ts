/** Every transform that someone else has too, against what theirs makes of the same pixels: `fixtures/pixels/make.py`. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Image, image } from "../image.ts";
import { transformNamed } from "./_steps.ts";
import type { PixelEffect, Transform } from "./transform.ts";

interface StoredImage {
  readonly dtype: "uint8" | "float32";
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: string;
}

interface Case {
  readonly peer: string;
  readonly op: string;
  readonly image: string;
  readonly params: object;
  readonly tolerance: number;
  readonly data: string;
}

const file = new URL("../../../fixtures/pixels/pixels.json", import.meta.url);
const { images, cases } = JSON.parse(readFileSync(file, "utf8")) as {
  images: Record<string, StoredImage>;
  cases: Case[];
};

function pixels(base64: string, dtype: StoredImage["dtype"]): Uint8Array | Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  return dtype === "uint8" ? bytes : new Float32Array(bytes.buffer);
}

function apply(op: string, input: Image, params: object): Image {
  return ((transformNamed(op) as Transform<unknown, unknown>).effect as PixelEffect<unknown>).apply(input, params);
}

describe.each([...new Set(cases.map(({ op }) => op))])("%s", (op) => {
  it.each(cases.filter((row) => row.op === op))("agrees with $peer on $image, $params", (row) => {
    const { dtype, width, height, channels, data } = images[row.image] as StoredImage;
    const input = image(pixels(data, dtype), width, height, channels);
    const output = apply(op, input, row.params).data;
    const expected = pixels(row.data, op === "Normalize" ? "float32" : dtype);
    expect(output.length).toBe(expected.length);
    const off = Math.max(...expected.map((value, i) => Math.abs(value - (output[i] as number))));
    expect(off).toBeLessThanOrEqual(row.tolerance);
    expect(input.data).toEqual(pixels(data, dtype));
  });
});
