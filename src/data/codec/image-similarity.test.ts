import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { ShapeError } from "../../base/errors.ts";
import { image } from "../image.ts";
import { psnr, ssim } from "./image-similarity.ts";

interface Case {
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly one: string;
  readonly two: string;
  readonly psnr: number | null;
  readonly ssim: number;
}
const cases = JSON.parse(readFileSync("fixtures/images/similarity.json", "utf8")) as readonly Case[];

describe("psnr and ssim", () => {
  for (const { channels, width, height, one, two, ...want } of cases)
    test(`agree with scikit-image on ${width}×${height} with ${channels} channels`, () => {
      const [a, b] = [one, two].map((side) =>
        image(new Uint8Array(Buffer.from(side, "base64")), width, height, channels),
      );
      assert.ok(a !== undefined && b !== undefined);
      if (want.psnr === null) assert.equal(psnr(a, b), Infinity);
      else assert.ok(Math.abs(psnr(a, b) - want.psnr) < 1e-9);
      assert.ok(Math.abs(ssim(a, b) - want.ssim) < 1e-9, `${ssim(a, b)} against ${want.ssim}`);
    });

  test("refuse images of different sizes and, for SSIM, tiny ones", () => {
    const [a, b] = [image(new Uint8Array(6), 3, 2, 1), image(new Uint8Array(6), 2, 3, 1)];
    assert.throws(() => psnr(a, b), ShapeError);
    assert.throws(() => ssim(a, b), ShapeError);
    assert.throws(() => ssim(a, a), ShapeError);
  });
});
