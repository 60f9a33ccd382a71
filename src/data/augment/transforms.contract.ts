/** What every transform keeps to, whatever it does; and the scenes to try it on. */

import type { Image, PixelArray } from "../image.ts";
import type { Scene } from "./transform.ts";

/** A row of the transform table. */
export interface TransformCase {
  /** Name of the transform. */
  readonly op: string;
  /** @defaultValue none */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Numbers of channels it takes. @defaultValue 1, 3 and 4 */
  readonly channels?: readonly number[];
  /** Whether it gives another type of pixels than it takes. @defaultValue false */
  readonly changesType?: boolean;
}

/** Types of pixels. */
export const pixelTypes = ["uint8", "uint16", "float32"] as const;

/** An image with smooth parts and noise, different for each `salt`. */
export function sampleImage(
  width: number,
  height: number,
  channels: number,
  type: (typeof pixelTypes)[number] = "uint8",
  salt = 0,
): Image {
  const length = width * height * channels;
  const value = (_: unknown, i: number): number => {
    const noise = Math.imul(i + 1 + salt * 7919, 2654435761) >>> 20;
    return ((i * 3) % 997) / 1500 + noise / 16384;
  };
  const scale = type === "float32" ? 1 : type === "uint8" ? 255 : 65535;
  const all = { length };
  const data: PixelArray =
    type === "float32"
      ? Float32Array.from(all, value)
      : type === "uint8"
        ? Uint8Array.from(all, (_, i) => value(_, i) * scale)
        : Uint16Array.from(all, (_, i) => value(_, i) * scale);
  return { data, width, height, channels };
}

/** A scene with one of everything that fits an image. */
export function sampleScene(image: Image, frames = 0): Scene {
  const { width, height, channels } = image;
  const small = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  return {
    image,
    ...(frames > 0 && {
      frames: Array.from({ length: frames }, (_, i) => ({
        ...image,
        data: image.data.map((value) => value * (1 - i / 8)),
      })),
    }),
    masks: [{ data: new Uint8Array(width * height).fill(2), width, height }],
    heatmaps: [{ data: new Float32Array(small.width * small.height).fill(0.5), ...small, channels: 1 }],
    boxes: [{ x1: width * 0.25, y1: height * 0.25, x2: width * 0.75, y2: height * 0.75, tag: channels }],
    rotatedBoxes: [{ x: width / 2, y: height / 2, width: width / 3, height: height / 4, angle: 20 }],
    keypoints: [{ x: width * 0.4, y: height * 0.6, tag: "nose" }],
    polygons: [
      {
        points: [
          [width * 0.2, height * 0.2],
          [width * 0.8, height * 0.3],
          [width * 0.5, height * 0.9],
        ],
      },
    ],
    lineStrings: [
      {
        points: [
          [0, 0],
          [width, height],
        ],
      },
    ],
    label: Float32Array.of(1, 0, 0),
  };
}
