/** Pictures of the gallery as data URIs. */

import type { Spectrogram } from "../data/augment/audio/signal.ts";
import type { Scene } from "../data/augment/transform.ts";
import { encodeImage } from "../data/codec/image.ts";
import { type Image, image, type PixelArray } from "../data/image.ts";
import { tintOf } from "./_gallery-overlay.ts";

/** An image as 8-bit RGB that can be shown: float32 beyond [0, 1], as normalising makes it, is stretched to its own range. */
function shown({ data, width, height, channels }: Image): Image<Uint8Array> {
  if (data instanceof Uint8Array) return { data, width, height, channels };
  let [low, high] = [0, data instanceof Float32Array ? 1 : 65535];
  for (const value of data as Iterable<number> & PixelArray)
    [low, high] = [Math.min(low, value), Math.max(high, value)];
  const scale = 255 / (high - low);
  return image(
    Uint8Array.from(data as ArrayLike<number>, (value) => Math.round((value - low) * scale)),
    width,
    height,
    channels,
  );
}

async function uri(pixels: Image<Uint8Array>, lossless = false): Promise<string> {
  const bytes = await encodeImage(pixels, lossless ? { format: "png" } : { format: "webp", quality: 84, effort: 4 });
  return `data:image/${lossless ? "png" : "webp"};base64,${Buffer.from(bytes).toString("base64")}`;
}

/** Frames of a video side by side, three in a row, with thin gaps. */
function contactSheet(frames: readonly Image<Uint8Array>[]): Image<Uint8Array> {
  const { width, height, channels } = frames[0] as Image<Uint8Array>;
  const [columns, gap] = [3, 3];
  const rows = 3;
  const sheetWidth = columns * width + (columns - 1) * gap;
  const pixels = new Uint8Array(sheetWidth * (rows * height + (rows - 1) * gap) * channels).fill(128);
  for (const [i, { data }] of frames.slice(0, columns * rows).entries()) {
    const [left, top] = [(i % columns) * (width + gap), Math.floor(i / columns) * (height + gap)];
    for (let y = 0; y < height; y++)
      pixels.set(
        data.subarray(y * width * channels, (y + 1) * width * channels),
        ((top + y) * sheetWidth + left) * channels,
      );
  }
  return image(pixels, sheetWidth, rows * height + (rows - 1) * gap, channels);
}

/** What a card shows of a scene: its image, or its frames on one sheet. */
export function pictureOf(scene: Scene): Promise<string> {
  if (scene.frames === undefined) return uri(shown(scene.image));
  return uri(contactSheet([scene.image, ...scene.frames].map(shown)));
}

/** The first mask of a scene, tinted; undefined without one. */
export function maskOf(scene: Scene): Promise<string> | undefined {
  const mask = scene.masks?.[0];
  return mask === undefined ? undefined : uri(tintOf(mask), true);
}

/** A spectrogram: time to the right, low frequencies below, dark to bright. */
export function spectrogramPicture({ data, frames, bins }: Spectrogram): Promise<string> {
  const pixels = new Uint8Array(frames * bins * 3);
  for (let frame = 0; frame < frames; frame++)
    for (let bin = 0; bin < bins; bin++) {
      const value = Math.min(Math.max(data[frame * bins + bin] as number, 0), 1);
      const i = ((bins - 1 - bin) * frames + frame) * 3;
      pixels[i] = 255 * Math.min(1.6 * value, 1);
      pixels[i + 1] = 255 * value ** 1.6;
      pixels[i + 2] = 255 * (0.25 + 0.45 * Math.sin(Math.PI * value));
    }
  return uri(image(pixels, frames, bins, 3));
}
