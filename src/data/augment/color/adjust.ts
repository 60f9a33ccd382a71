/**
 * The adjustments of torchvision, to the byte: its tensor functions, float32 arithmetic (with fused multiply-add) and rounding down.
 *
 * torchvision 0.29, `transforms/v2/functional/_color.py`.
 */

import type { Image } from "../../image.ts";
import { colorsOf, draftOf, limitOf, mapColors, mapValues, settled } from "../pixels.ts";

const { fround } = Math;

/** `a·x + b·y` as torch computes it: one rounding of the first product, then one of the fused rest. */
const blend = (a: number, x: number, b: number, y: number): number => fround(fround(x * a) + y * b);

const [redWeight, greenWeight, blueWeight] = [fround(0.2989), fround(0.587), fround(0.114)];

/** Grey as torchvision has it; rounded down for integers. */
function grey(red: number, green: number, blue: number, isFloat: boolean): number {
  const value = fround(blend(redWeight, red, greenWeight, green) + blue * blueWeight);
  return isFloat ? value : Math.floor(value);
}

/** Blends with black: factor 0 is black, 1 the image, more is brighter. */
export function adjustBrightness(image: Image, factor: number): Image {
  const ratio = fround(factor);
  return mapValues(image, (value) => fround(value * ratio), "down");
}

/** Blends with the mean grey of the image. */
export function adjustContrast(image: Image, factor: number): Image {
  const { data, channels } = image;
  const isFloat = limitOf(image) === 1;
  let sum = 0;
  for (let i = 0; i < data.length; i += channels) {
    const value = data[i] as number;
    sum += channels < 3 ? value : grey(value, data[i + 1] as number, data[i + 2] as number, isFloat);
  }
  const mean = fround(sum / (image.width * image.height));
  const [ratio, rest] = [fround(factor), fround(1 - factor)];
  return mapValues(image, (value) => blend(ratio, value, rest, mean), "down");
}

/** Blends with the grey of each pixel; grey images stay as they are. */
export function adjustSaturation(image: Image, factor: number): Image {
  if (colorsOf(image) !== 3) return image;
  const isFloat = limitOf(image) === 1;
  const [ratio, rest] = [fround(factor), fround(1 - factor)];
  return mapColors(
    image,
    (red, green, blue, out) => {
      const middle = grey(red, green, blue, isFloat);
      out[0] = blend(ratio, red, rest, middle);
      out[1] = blend(ratio, green, rest, middle);
      out[2] = blend(ratio, blue, rest, middle);
    },
    "down",
  );
}

const clip = (value: number): number => (value > 0 ? (value < 1 ? value : 1) : 0);

/** Which of v, p, q, t is red, green, blue in each sixth of the circle. */
const sextants = [
  [0, 3, 1],
  [2, 0, 1],
  [1, 0, 3],
  [1, 2, 0],
  [3, 1, 0],
  [0, 1, 2],
] as const;

/** Turns the hue by a fraction of the circle, [-0.5, 0.5]; grey images stay as they are. */
export function adjustHue(image: Image, turn: number): Image {
  if (colorsOf(image) !== 3) return image;
  const limit = limitOf(image);
  const [inverse, shift, sixth] = [fround(1 / limit), fround(turn), fround(1 / 6)];
  // As torchvision makes integers of [0, 1]: 1 itself still falls onto the largest.
  const scale = limit === 1 ? 1 : fround(limit + 1 - 1e-3);
  const vpqt = new Float32Array(4);
  return mapColors(
    image,
    (r, g, b, out) => {
      const [red, green, blue] = [fround(r * inverse), fround(g * inverse), fround(b * inverse)];
      const largest = Math.max(red, green, blue);
      const range = fround(largest - Math.min(red, green, blue));
      const saturation = range === 0 ? 0 : fround(range / largest);
      const divisor = range === 0 ? 1 : range;
      const rc = fround(fround(largest - red) / divisor);
      const gc = fround(fround(largest - green) / divisor);
      const bc = fround(fround(largest - blue) / divisor);
      let hue = 0;
      if (largest === red) hue = fround(bc - gc);
      else if (largest === green) hue = fround(fround(rc + 2) - bc);
      else hue = fround(fround(gc + 4) - rc);
      hue = fround(fround(fround(hue * sixth) + 1) % 1);
      hue = fround(hue + shift) % 1;
      if (hue < 0) hue = fround(hue + 1);
      const sixfold = fround(hue * 6);
      const sextant = Math.floor(sixfold);
      const part = fround(saturation * fround(sixfold - sextant));
      const pale = fround(1 - saturation);
      vpqt[0] = largest;
      vpqt[1] = clip(fround(pale * largest));
      vpqt[2] = clip(fround(fround(1 - part) * largest));
      vpqt[3] = clip(fround(fround(part + pale) * largest));
      const select = sextants[((sextant % 6) + 6) % 6] as readonly [number, number, number];
      for (let channel = 0; channel < 3; channel++)
        out[channel] = fround((vpqt[select[channel] as number] as number) * scale);
    },
    "down",
  );
}

/**
 * Blends with a slightly blurred image: factor 0 is the blur, 1 the image, more is sharper. The outermost pixels, and images below 3×3,
 * stay as they are.
 */
export function adjustSharpness(image: Image, factor: number): Image {
  const { data, width, height, channels } = image;
  const limit = limitOf(image);
  const draft = draftOf(image);
  const [side, middle, rest] = [fround(1 / 13), fround(5 / 13), fround(1 - factor)];
  const stride = width * channels;
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++)
      for (let i = y * stride + x * channels, end = i + colorsOf(image); i < end; i++) {
        const [up, down] = [i - stride, i + stride];
        const around =
          (data[up - channels] as number) +
          (data[up] as number) +
          (data[up + channels] as number) +
          (data[i - channels] as number) +
          (data[i + channels] as number) +
          (data[down - channels] as number) +
          (data[down] as number) +
          (data[down + channels] as number);
        const value = data[i] as number;
        const blurred = fround(around * side + value * middle);
        // Thirteenths are never halfway between integers: how halves are rounded does not matter.
        const target = limit === 1 ? blurred : Math.round(blurred);
        const sharp = fround(value + rest * fround(target - value));
        draft[i] = limit === 1 ? sharp : Math.floor(sharp);
      }
  return settled(image, draft);
}
