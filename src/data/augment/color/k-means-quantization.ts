import { z } from "zod";
import { RandomStream } from "../../../base/random.ts";
import type { Image } from "../../image.ts";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import { colorsOf, quantizer, withData } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly colors: Distribution;
}

interface Params {
  readonly colors: number;
  readonly seed: number;
}

/** The colours are found from at most this many pixels, evenly spread. */
const mostPixels = 4096;
const rounds = 8;

/** Squared distance between the colour at `a` of one list and that at `b` of another. */
function distance(x: Float64Array, a: number, y: Float64Array, b: number, size: number): number {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += ((x[a + k] as number) - (y[b + k] as number)) ** 2;
  return sum;
}

/** Number of the centre nearest to the colour at `at`. */
function nearest(pixels: Float64Array, at: number, centres: Float64Array, size: number): number {
  let best = 0;
  let least = Infinity;
  for (let c = 0; c < centres.length; c += size) {
    const d = distance(pixels, at, centres, c, size);
    if (d >= least) continue;
    best = c / size;
    least = d;
  }
  return best;
}

/** Colours far from each other, with the probabilities of k-means++. */
function firstCentres(pixels: Float64Array, size: number, count: number, stream: RandomStream): Float64Array {
  const centres = new Float64Array(count * size);
  const least = new Float64Array(pixels.length / size).fill(Infinity);
  let chosen = stream.integer(0, least.length);
  for (let c = 0; c < count; c++) {
    centres.set(pixels.subarray(chosen * size, (chosen + 1) * size), c * size);
    let total = 0;
    for (let i = 0; i < least.length; i++) {
      least[i] = Math.min(least[i] as number, distance(pixels, i * size, centres, c * size, size));
      total += least[i] as number;
    }
    let rest = stream.uniform(c + 1) * total;
    for (chosen = 0; chosen < least.length - 1; chosen++) {
      rest -= least[chosen] as number;
      if (rest < 0) break;
    }
  }
  return centres;
}

/** Lloyd's rounds: each centre moves to the mean of the colours nearest to it. */
function refine(centres: Float64Array, pixels: Float64Array, size: number): void {
  const count = centres.length / size;
  for (let round = 0; round < rounds; round++) {
    const sums = new Float64Array(centres.length);
    const members = new Uint32Array(count);
    for (let i = 0; i < pixels.length; i += size) {
      const c = nearest(pixels, i, centres, size);
      (members[c] as number)++;
      for (let k = 0; k < size; k++) (sums[c * size + k] as number) += pixels[i + k] as number;
    }
    for (let i = 0; i < centres.length; i++) {
      const n = members[Math.floor(i / size)] as number;
      if (n > 0) centres[i] = (sums[i] as number) / n;
    }
  }
}

function sampled({ data, channels }: Image, size: number): Float64Array {
  const count = data.length / channels;
  const step = Math.max(Math.ceil(count / mostPixels), 1);
  const pixels = new Float64Array(Math.ceil(count / step) * size);
  for (let i = 0, to = 0; i < count; i += step)
    for (let k = 0; k < size; k++) pixels[to++] = data[i * channels + k] as number;
  return pixels;
}

/**
 * Paints the image with a few colours, those of its own that k-means finds. The search is on up to 4096 pixels.
 *
 * @source Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", 2007, https://theory.stanford.edu/~sergei/papers/.
 */
export const KMeansQuantization: Transform<Config, Params> = {
  name: "KMeansQuantization",
  version: 1,
  config: z.strictObject({ colors: whole({ min: 2, max: 64 }).default([4, 12]) }),
  sample: ({ colors }, draw) => ({ colors: drawWhole(colors, draw), seed: draw.seed() }),
  effect: {
    kind: "pixels",
    apply(image, { colors, seed }) {
      const size = colorsOf(image);
      const pixels = sampled(image, size);
      const centres = firstCentres(pixels, size, colors, new RandomStream(seed, "k-means"));
      refine(centres, pixels, size);
      const palette = centres.map(quantizer(image));
      const output = image.data.slice();
      const values = new Float64Array(image.data);
      for (let i = 0; i < output.length; i += image.channels) {
        const at = nearest(values, i, centres, size) * size;
        for (let k = 0; k < size; k++) output[i + k] = palette[at + k] as number;
      }
      return withData(image, output);
    },
  },
};
