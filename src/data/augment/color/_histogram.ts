/** How often each value of 8-bit pixels occurs, and tables made from that. */

import type { Image } from "../../image.ts";
import { colorsOf, withData } from "../pixels.ts";

/** Occurrences of each of the 256 values, from `start` in steps of `step`. */
export function histogram(data: Uint8Array, start: number, step: number): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = start; i < data.length; i += step) (counts[data[i] as number] as number)++;
  return counts;
}

/** Puts each colour channel through the table made from its own histogram; without a table it stays as it is. */
export function mapByHistogram(
  image: Image<Uint8Array>,
  tableOf: (counts: Uint32Array) => Uint8Array | undefined,
): Image {
  const { data, channels } = image;
  const output = data.slice();
  for (let channel = 0; channel < colorsOf(image); channel++) {
    const table = tableOf(histogram(data, channel, channels));
    if (table === undefined) continue;
    for (let i = channel; i < data.length; i += channels) output[i] = table[data[i] as number] as number;
  }
  return withData(image, output);
}

/**
 * Changes the luma of an RGB image by a function of a one-channel image, and keeps its colour differences (BT.601). Others go through the
 * function channel by channel.
 */
export function mapLuma(image: Image<Uint8Array>, change: (plane: Uint8Array) => Uint8Array): Image {
  const { data, channels } = image;
  const output = new Uint8ClampedArray(data);
  const plane = new Uint8ClampedArray(image.width * image.height);
  if (colorsOf(image) !== 3) {
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < plane.length; pixel++) plane[pixel] = data[pixel * channels + channel] as number;
      const changed = change(new Uint8Array(plane.buffer));
      for (let pixel = 0; pixel < plane.length; pixel++) output[pixel * channels + channel] = changed[pixel] as number;
    }
    return withData(image, new Uint8Array(output.buffer));
  }
  for (let pixel = 0, i = 0; pixel < plane.length; pixel++, i += channels)
    plane[pixel] = 0.299 * (data[i] as number) + 0.587 * (data[i + 1] as number) + 0.114 * (data[i + 2] as number);
  const changed = change(new Uint8Array(plane.buffer));
  for (let pixel = 0, i = 0; pixel < plane.length; pixel++, i += channels) {
    const shift = (changed[pixel] as number) - (plane[pixel] as number);
    for (let channel = 0; channel < 3; channel++) output[i + channel] = (data[i + channel] as number) + shift;
  }
  return withData(image, new Uint8Array(output.buffer));
}
