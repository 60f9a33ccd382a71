/** A map given by the source of each pixel, as a move of a scene. */

import type { Image } from "../image.ts";
import { clipped, resampleOf } from "./matrix-move.ts";
import type { Move } from "./move-scene.ts";
import { type Profile, remap } from "./resample.ts";
import type { Resample } from "./transform.ts";

/** What a field effect returns. */
export interface Field {
  readonly sources: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly resample: Resample;
  forward(x: number, y: number): readonly [x: number, y: number];
}

/** The move that a field is, for scenes whose image has the size of `image`. */
export function fieldMove(field: Field, image: Pick<Image, "width" | "height">, profile: Profile): Move {
  const { width, height, resample } = field;
  const from = { width: image.width, height: image.height };
  return {
    from,
    width,
    height,
    isStraight: false,
    point: (x, y) => field.forward(x, y),
    pixels(raster, kind, newWidth, newHeight) {
      const [scaleX, scaleY] = [raster.width / from.width, raster.height / from.height];
      const isSame = newWidth === width && newHeight === height && scaleX === 1 && scaleY === 1;
      const sources = isSame ? field.sources : scaled(field, newWidth, newHeight, scaleX, scaleY);
      const output = { width: newWidth, height: newHeight, resample: resampleOf(kind, resample), profile };
      return clipped(remap(raster, sources, output), kind);
    },
  };
}

/** The field at another resolution, interpolated linearly; `scaleX` and `scaleY` are those of the source. */
function scaled(
  { sources, width, height }: Field,
  newWidth: number,
  newHeight: number,
  scaleX: number,
  scaleY: number,
) {
  const out = new Float32Array(2 * newWidth * newHeight);
  const at = (x: number, y: number, k: number): number => sources[2 * (y * width + x) + k] as number;
  for (let v = 0, to = 0; v < newHeight; v++) {
    const y = Math.min(height - 1, Math.max(0, ((v + 0.5) * height) / newHeight - 0.5));
    const y0 = Math.floor(y);
    const y1 = Math.min(height - 1, y0 + 1);
    for (let u = 0; u < newWidth; u++) {
      const x = Math.min(width - 1, Math.max(0, ((u + 0.5) * width) / newWidth - 0.5));
      const x0 = Math.floor(x);
      const x1 = Math.min(width - 1, x0 + 1);
      for (let k = 0; k < 2; k++) {
        const top = at(x0, y0, k) + (at(x1, y0, k) - at(x0, y0, k)) * (x - x0);
        const bottom = at(x0, y1, k) + (at(x1, y1, k) - at(x0, y1, k)) * (x - x0);
        out[to++] = (top + (bottom - top) * (y - y0)) * (k === 0 ? scaleX : scaleY);
      }
    }
  }
  return out;
}
