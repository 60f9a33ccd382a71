/** What is drawn over pictures of the gallery: boxes, points and outlines as SVG, masks as tinted pixels. */

import type { Mask, Scene } from "../data/augment/transform.ts";
import { type Image, image } from "../data/image.ts";

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** The targets of a scene as an SVG in the coordinates of its image. */
export function overlayOf(scene: Scene, className: string): string {
  const { width, height } = scene.image;
  const radius = rounded(Math.max(width, height) / 75);
  const line = (points: readonly (readonly [number, number])[]): string =>
    points.map(([x, y]) => `${rounded(x)},${rounded(y)}`).join(" ");
  const shapes = [
    ...(scene.polygons ?? []).map(({ points }) => `<polygon class="path" points="${line(points)}"/>`),
    ...(scene.boxes ?? []).map(
      ({ x1, y1, x2, y2 }) =>
        `<rect class="box" x="${rounded(x1)}" y="${rounded(y1)}" width="${rounded(x2 - x1)}" height="${rounded(y2 - y1)}"/>`,
    ),
    ...(scene.keypoints ?? []).map(
      ({ x, y, visible }) =>
        `<circle class="point${visible === false ? " hidden" : ""}" cx="${rounded(x)}" cy="${rounded(y)}" r="${radius}"/>`,
    ),
  ];
  // Points that left the picture must not be drawn over its neighbours: the view clips.
  return `<svg class="overlay ${className}" viewBox="0 0 ${width} ${height}" aria-hidden="true">${shapes.join("")}</svg>`;
}

const tints = [
  [0, 0, 0],
  [255, 92, 40],
  [160, 60, 255],
  [40, 120, 255],
] as const;

/** A mask as RGBA pixels at half its resolution: a tint by label, clear where there is none. */
export function tintOf({ data, width, height }: Mask): Image<Uint8Array> {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const pixels = new Uint8Array(w * h * 4);
  for (let y = 0, i = 0; y < h; y++)
    for (let x = 0; x < w; x++, i += 4) {
      const label = data[2 * y * width + 2 * x] as number;
      if (label === 0) continue;
      pixels.set(tints[1 + ((label - 1) % (tints.length - 1))] as readonly number[], i);
      pixels[i + 3] = 255;
    }
  return image(pixels, w, h, 4);
}
