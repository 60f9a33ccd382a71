/** Arithmetic on pixels of every element type. Alpha, the fourth of four channels, is never touched. */

import { explain, ShapeError } from "../../base/errors.ts";
import type { Image, PixelArray } from "../image.ts";

/** Largest value of an image's element type: 255, 65535, or 1 for float32, whose values are in [0, 1]. */
export function limitOf(image: Image): number {
  if (image.data instanceof Float32Array) return 1;
  return image.data instanceof Uint8Array ? 255 : 65535;
}

/** How many channels carry colour: all but alpha. */
export function colorsOf(image: Image): number {
  return image.channels === 4 ? 3 : image.channels;
}

/** An array of the image's element type, filled with zeros. */
export function arrayLike(image: Image, length: number): PixelArray {
  if (image.data instanceof Float32Array) return new Float32Array(length);
  return image.data instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);
}

/** An image of the same size and element type around other pixels. */
export function withData(image: Image, data: PixelArray): Image {
  return { data, width: image.width, height: image.height, channels: image.channels };
}

/** How a real number becomes an element: to the nearest (halves to even), or cut off as PIL and torchvision do. */
export type Rounding = "nearest" | "down";

/** The nearest integer, halves to the even one: what C's `rint` and OpenCV's `cvRound` give. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Clips to the range of the image's element type and rounds as told; float32 stays as it is. */
export function quantizer(image: Image, rounding: Rounding = "nearest"): (value: number) => number {
  const limit = limitOf(image);
  const clip = (value: number): number => (value > 0 ? (value < limit ? value : limit) : 0);
  if (limit === 1) return clip;
  return rounding === "down" ? (value) => Math.floor(clip(value)) : (value) => roundHalfEven(clip(value));
}

/** Values on their way to pixels: any real number may be written. In 8 bits, writing itself clips and rounds. */
export type Draft = Uint8ClampedArray<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** A draft that holds the values of an image. */
export function draftOf({ data }: Image): Draft {
  return data instanceof Uint8Array ? new Uint8ClampedArray(data) : new Float32Array(data);
}

/** The image that a draft has become: clipped, and for integers rounded to the nearest, halves to the even one. */
export function settled(image: Image, draft: Draft): Image {
  if (draft instanceof Uint8ClampedArray) return withData(image, new Uint8Array(draft.buffer));
  const quantize = quantizer(image);
  const output = arrayLike(image, draft.length);
  for (let i = 0; i < draft.length; i++) output[i] = quantize(draft[i] as number);
  return withData(image, output);
}

/**
 * Gives every colour value another one. Integers go through a table, so `change` runs once per possible value and channel.
 *
 * @param change - From a value, the largest of the element type, and the channel; the result is clipped and rounded.
 */
export function mapValues(
  image: Image,
  change: (value: number, limit: number, channel: number) => number,
  rounding: Rounding = "nearest",
): Image {
  const { data, channels } = image;
  const [limit, colors, quantize] = [limitOf(image), colorsOf(image), quantizer(image, rounding)];
  const output = data.slice();
  for (let channel = 0; channel < colors; channel++) {
    const table = limit === 1 ? undefined : data instanceof Uint8Array ? new Uint8Array(256) : new Uint16Array(65536);
    if (table === undefined) {
      for (let i = channel; i < data.length; i += channels)
        output[i] = quantize(change(data[i] as number, limit, channel));
      continue;
    }
    for (let value = 0; value <= limit; value++) table[value] = quantize(change(value, limit, channel));
    for (let i = channel; i < data.length; i += channels) output[i] = table[data[i] as number] as number;
  }
  return withData(image, output);
}

/**
 * Gives every RGB pixel another colour.
 *
 * @param change - Writes the new colour into `out`; all in the element type's units.
 */
export function mapColors(
  image: Image,
  change: (red: number, green: number, blue: number, out: Float64Array) => void,
  rounding: Rounding = "nearest",
): Image {
  const { data, channels } = image;
  const draft = draftOf(image);
  const isDown = rounding === "down" && limitOf(image) !== 1;
  const out = new Float64Array(3);
  for (let i = 0; i < data.length; i += channels) {
    change(data[i] as number, data[i + 1] as number, data[i + 2] as number, out);
    for (let channel = 0; channel < 3; channel++) {
      const value = out[channel] as number;
      draft[i + channel] = isDown ? Math.floor(value) : value;
    }
  }
  return settled(image, draft);
}

/** Refuses images that are neither RGB nor RGBA. */
export function requireColor(api: string, image: Image): void {
  if (image.channels === 3 || image.channels === 4) return;
  throw new ShapeError(
    explain({
      api,
      action: "transform the image",
      received: `got ${image.channels} channel${image.channels === 1 ? "" : "s"}`,
      rule: "needs 3 (RGB) or 4 (RGBA)",
    }),
  );
}

/** Lets a change of 8-bit images act on others too: their values are rounded to 256 levels before it and stretched after it. */
export function throughBytes(image: Image, change: (bytes: Image<Uint8Array>) => Image): Image {
  const { data, width, height, channels } = image;
  if (data instanceof Uint8Array) return change({ data, width, height, channels });
  const scale = 255 / limitOf(image);
  const bytes = new Uint8ClampedArray(data.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (data[i] as number) * scale;
  const changed = change({ data: new Uint8Array(bytes.buffer), width, height, channels }).data;
  const output = arrayLike(image, data.length);
  for (let i = 0; i < output.length; i++) output[i] = (changed[i] as number) / scale;
  if (channels === 4) for (let i = 3; i < output.length; i += 4) output[i] = data[i] as number;
  return withData(image, output);
}

/** Luminance of each pixel by ITU-R BT.601 [the element type's units]; of an image that is not RGB, its first channel. */
export function luminance(image: Image): Float32Array {
  const { data, channels } = image;
  const grey = new Float32Array(image.width * image.height);
  for (let pixel = 0, i = 0; pixel < grey.length; pixel++, i += channels)
    grey[pixel] =
      channels < 3
        ? (data[i] as number)
        : 0.299 * (data[i] as number) + 0.587 * (data[i + 1] as number) + 0.114 * (data[i + 2] as number);
  return grey;
}

/**
 * Lays a colour over an image: `value · (1 − cover) + colour · cover`.
 *
 * @param cover - Opacity of each pixel [height, width], [0, 1].
 * @param color - Of each channel, as fractions of the range; images with fewer colours use its first values.
 */
export function blendOver(image: Image, cover: Float32Array, color: readonly number[]): Image {
  const { data, channels } = image;
  const [limit, colors, draft] = [limitOf(image), colorsOf(image), draftOf(image)];
  const levels = Float64Array.from(
    { length: colors },
    (_, channel) => (color[channel % color.length] as number) * limit,
  );
  for (let pixel = 0, i = 0; pixel < cover.length; pixel++, i += channels) {
    const weight = cover[pixel] as number;
    if (weight === 0) continue;
    for (let channel = 0; channel < colors; channel++) {
      const value = data[i + channel] as number;
      draft[i + channel] = value + ((levels[channel] as number) - value) * weight;
    }
  }
  return settled(image, draft);
}
