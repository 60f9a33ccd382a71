/** Against imgaug 0.4.0 and OpenCV 4.11: no byte differs. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Image, PixelArray } from "../image.ts";
import type { Step } from "./_steps.ts";
import { inverse } from "./matrix.ts";
import { pipeline } from "./pipeline.ts";
import { remap, warp } from "./resample.ts";
import { type ResizeInterpolation, resize } from "./resize.ts";
import type { Matrix, Resample } from "./transform.ts";

interface Row extends Resample {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: "uint8" | "uint16" | "float32";
  readonly steps?: readonly Step[];
  readonly matrix?: Matrix;
  readonly field?: string;
  readonly sha256: string;
}

function fixture<Value>(name: string): Value {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/augment/${name}.json`, import.meta.url), "utf8")) as Value;
}

/** The noise of `make.py`. */
function pattern({ width, height, channels, dtype }: Pick<Row, "width" | "height" | "channels" | "dtype">): Image {
  const length = width * height * channels;
  const hash = (i: number): number => {
    let x = Math.imul(i, 2654435761);
    x = Math.imul(x ^ (x >>> 15), 2246822519);
    return (x ^ (x >>> 13)) >>> 0;
  };
  const values = { length };
  const data: PixelArray =
    dtype === "uint8"
      ? Uint8Array.from(values, (_, i) => hash(i) & 255)
      : dtype === "uint16"
        ? Uint16Array.from(values, (_, i) => hash(i) & 65535)
        : Float32Array.from(values, (_, i) => (hash(i) >>> 8) / 2 ** 24);
  return { data, width, height, channels };
}

function digest({ buffer, byteOffset, byteLength }: PixelArray | Int32Array): string {
  return createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex")
    .slice(0, 16);
}

/** The row's image after its steps. */
function run(row: Row): Image {
  const augment = pipeline({ version: 1, profile: "opencv4", steps: row.steps ?? [] });
  return augment.run({ image: pattern(row) }, { sample: 0 }).scene.image;
}

test("opencv4: flips, affine maps, blurs and their sequence give imgaug's bytes", () => {
  const rows = fixture<Row[]>("imgaug");
  const different = rows.filter((row) => digest(run(row).data) !== row.sha256);
  expect(rows.length).toBeGreaterThan(3000);
  expect(different.map((row) => JSON.stringify(row))).toEqual([]);
});

/** The field of `make.py`: whole quarters of a pixel. */
function quarters(width: number, height: number): Float32Array {
  const sources = new Float32Array(2 * width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      sources[i++] = x + (((y * 7) % 25) - 12) / 4 + 0.5;
      sources[i++] = y + (((x * 5) % 23) - 11) / 4 + 0.5;
    }
  return sources;
}

test("opencv4: projective maps, fields, means and medians give OpenCV's bytes", () => {
  const rows = fixture<Row[]>("opencv");
  const different = rows.filter((row) => {
    const image = pattern(row);
    const output = { width: row.width, height: row.height, resample: row, profile: "opencv4" } as const;
    if (row.steps !== undefined) return digest(run(row).data) !== row.sha256;
    const result = row.matrix
      ? warp(image, inverse(row.matrix) as Matrix, output)
      : remap(image, quarters(row.width, row.height), output);
    return digest(result.data) !== row.sha256;
  });
  expect(rows.length).toBe(54);
  expect(different).toEqual([]);
});

test("exact: projective maps are within one grey level of OpenCV 5", () => {
  for (const row of fixture<(Row & { readonly pixels: string })[]>("opencv5")) {
    const size = { width: 31, height: 23 };
    const image = pattern({ ...size, channels: row.channels, dtype: "uint8" });
    const resample = { interpolation: "linear", border: row.border, fill: 9 } as const;
    const { data } = warp(image, inverse(row.matrix as Matrix) as Matrix, { ...size, resample, profile: "exact" });
    expect(worst(data, row.pixels), `${row.border} ${row.matrix}`).toBeLessThanOrEqual(1);
  }
});

/** The largest difference from stored bytes. */
function worst(data: PixelArray | Int32Array, pixels: string): number {
  const expected = Buffer.from(pixels, "base64");
  expect(data.length).toBe(expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (data[i] as number))), 0);
}

interface ResizeRow extends Row {
  readonly to: readonly [number, number];
  readonly interpolation: never;
  readonly pixels: string;
}

test("resize: within one grey level of OpenCV", () => {
  for (const row of fixture<ResizeRow[]>("resize")) {
    const interpolation = row.interpolation as ResizeInterpolation;
    const { data } = resize(pattern({ ...row, dtype: "uint8" }), ...row.to, interpolation);
    const limit = interpolation === "nearest" ? 0 : 1;
    expect(worst(data, row.pixels), `${interpolation} to ${row.to.join("×")}`).toBeLessThanOrEqual(limit);
  }
});
