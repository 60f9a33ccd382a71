import assert from "node:assert/strict";
import { test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { image } from "../image.ts";
import { compareImageCodecs } from "./image-report.ts";

const random = new RandomStream(1, "pixels");
const pictures = [24, 40].map((side) =>
  image(
    Uint8Array.from({ length: side * side * 3 }, (_, i) => ((i / 3) % side) * 4 + random.integer(i, 12)),
    side,
    side,
    3,
  ),
);

test("compareImageCodecs orders qualities by likeness and by bytes, and names the candidates", async () => {
  const rows = await compareImageCodecs(pictures, [
    { format: "jpeg", quality: 60, chroma: "4:2:0" },
    { format: "jpeg", quality: 95 },
    { format: "webp", lossless: true },
  ]);
  assert.deepEqual(
    rows.map(({ name }) => name),
    ["jpeg 60 4:2:0", "jpeg 95", "webp lossless"],
  );
  for (const key of ["psnr", "ssim", "sizeBytes"] as const) {
    const values = rows.map((row) => row[key]);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
      key,
    );
  }
  assert.deepEqual([rows[2]?.psnr, rows[2]?.ssim], [Infinity, 1]);
  assert.ok(rows.every(({ encodePerSecond, decodePerSecond }) => encodePerSecond > 0 && decodePerSecond > 0));
});

test("compareImageCodecs refuses no images at all", async () => {
  await assert.rejects(compareImageCodecs([], [{ format: "png" }]), RangeError);
});
