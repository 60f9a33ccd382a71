import { z } from "zod";
import type { Image } from "../../image.ts";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import { throughBytes, withData } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { fromPlanes, toPlanes } from "./_jpeg-color.ts";
import { double, halve, losePlane, type Plane } from "./_jpeg-plane.ts";

interface Config {
  readonly quality: Distribution;
  readonly chroma: "4:2:0" | "4:4:4";
}

interface Params {
  readonly quality: number;
  readonly chroma: "4:2:0" | "4:4:4";
}

/** Quantisation steps of the standard's annex K, by rows. */
const lumaSteps = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
const chromaSteps = [
  17,
  18,
  24,
  47,
  99,
  99,
  99,
  99,
  18,
  21,
  26,
  66,
  99,
  99,
  99,
  99,
  24,
  26,
  56,
  99,
  99,
  99,
  99,
  99,
  47,
  66,
  99,
  99,
  99,
  99,
  99,
  99,
  ...new Array<number>(32).fill(99),
];

/** The steps of a quality, as the Independent JPEG Group's library scales them. */
function stepsOf(steps: readonly number[], quality: number): Uint8Array {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return Uint8Array.from(steps, (step) => Math.min(Math.max(Math.floor((step * percent + 50) / 100), 1), 255));
}

function compressed(image: Image<Uint8Array>, { quality, chroma }: Params): Image {
  const { data, width, height, channels } = image;
  const luma = stepsOf(lumaSteps, quality);
  if (channels < 3) {
    const output = data.slice();
    for (let channel = 0; channel < channels; channel++) {
      const plane = new Uint8Array(width * height).map((_, i) => data[i * channels + channel] as number);
      const lost = losePlane({ data: plane, width, height }, luma).data;
      for (let i = 0; i < lost.length; i++) output[i * channels + channel] = lost[i] as number;
    }
    return withData(image, output);
  }
  const [y, ...differences] = toPlanes(image);
  const steps = stepsOf(chromaSteps, quality);
  const lose = (plane: Plane): Plane =>
    chroma === "4:4:4" ? losePlane(plane, steps) : double(losePlane(halve(plane), steps), width, height);
  const output = new Uint8ClampedArray(data);
  fromPlanes([losePlane(y, luma), lose(differences[0]), lose(differences[1])], output, channels);
  return withData(image, new Uint8Array(output.buffer));
}

/**
 * What saving as a JPEG file loses, without a file: colour at half resolution (unless `chroma` is `"4:4:4"`) and frequencies of 8×8 blocks
 * quantised for `quality`, 1 to 100. It needs no codec, so it runs in browsers too and is the same everywhere. Other images than
 * 8-bit ones are rounded to 256 levels before.
 *
 * @source ITU-T T.81, "Digital Compression and Coding of Continuous-Tone Still Images", 1992. Byte-equal to libjpeg-turbo (Pillow) writing
 * and reading with its defaults.
 */
export const JpegCompression: Transform<Config, Params> = {
  name: "JpegCompression",
  version: 1,
  config: z.strictObject({
    quality: whole({ min: 1, max: 100 }).default([10, 60]),
    chroma: z.enum(["4:2:0", "4:4:4"]).default("4:2:0"),
  }),
  sample: ({ quality, chroma }, draw) => ({ quality: drawWhole(quality, draw), chroma }),
  effect: {
    kind: "pixels",
    apply: (image, params) => throughBytes(image, (bytes) => compressed(bytes, params)),
  },
};
