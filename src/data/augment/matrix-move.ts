/** A projective map as a move of a scene. */

import type { Image, PixelArray } from "../image.ts";
import { moved, type Projection, symmetryOf } from "./lossless.ts";
import { compose, inverse, isAffine, mapPoint, scaling, translation } from "./matrix.ts";
import type { Move, Raster, RasterKind } from "./move-scene.ts";
import { type Profile, warp } from "./resample.ts";
import type { Matrix, Resample } from "./transform.ts";

/** How each kind of raster is resampled: labels are never mixed, heatmaps as in imgaug. */
export function resampleOf(kind: RasterKind, ofImage: Resample): Resample {
  if (kind === "image") return ofImage;
  return { interpolation: kind === "mask" ? "nearest" : "cubic", border: "constant", fill: 0 };
}

/** Heatmaps stay in [0, 1], where bicubic interpolation overshoots. */
export function clipped<Data extends PixelArray | Int32Array>(raster: Raster<Data>, kind: RasterKind): Raster<Data> {
  if (kind === "heatmap")
    for (let i = 0; i < raster.data.length; i++) raster.data[i] = Math.min(1, Math.max(0, raster.data[i] as number));
  return raster;
}

/** The move that a projection is, for scenes whose image has the size of `image`. */
export function matrixMove(projection: Projection, image: Pick<Image, "width" | "height">, profile: Profile): Move {
  const { matrix, width, height, resample } = projection;
  const from = { width: image.width, height: image.height };
  const symmetry = symmetryOf(projection, from);
  return {
    from,
    width,
    height,
    isStraight: true,
    point: (x, y) => mapPoint(matrix, x, y),
    pixels(raster, kind, newWidth, newHeight) {
      if (symmetry !== undefined) return moved(raster, symmetry);
      if (isNearIdentity(matrix) && newWidth === raster.width && newHeight === raster.height)
        return { ...raster, data: raster.data.slice() as typeof raster.data };
      const own = compose(
        scaling(newWidth / width, newHeight / height),
        compose(matrix, scaling(from.width / raster.width, from.height / raster.height)),
      );
      const output = { width: newWidth, height: newHeight, resample: resampleOf(kind, resample), profile };
      return clipped(warp(raster, ofPixels(own), output), kind);
    },
  };
}

/** The map between numbers of pixels, whose centres are at halves, from pixels of the output to those of the input. */
function ofPixels(matrix: Matrix): Matrix {
  const back = inverse(compose(translation(-0.5, -0.5), compose(matrix, translation(0.5, 0.5))));
  if (back === undefined) throw new RangeError("augment: cannot resample with a matrix that has no inverse");
  return back;
}

/** imgaug's rule for leaving an image as it is: entries differ from the identity by 1e-4 on average. */
function isNearIdentity(matrix: Matrix): boolean {
  if (!isAffine(matrix)) return false;
  const difference = matrix.reduce((sum, entry, i) => sum + Math.abs(entry - (i % 4 === 0 ? 1 : 0)), 0);
  return difference / 9 <= 1e-4;
}
