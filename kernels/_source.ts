/** The image that is sampled, unpacked and padded by `_pad`. */

import { borderIndex } from "./_border";

/** Set by {@link useSource}. */
export let pixels: usize = 0;
export let width: i32 = 0;
export let height: i32 = 0;
export let margin: i32 = 0;
export let border: i32 = 0;
/** Bytes of a pixel: 4 (bytes) or 16 (float32). */
export let pixelBytes: i32 = 4;
export let rowBytes: i32 = 0;
/** Pixels outside of a constant border: one, at this address. */
export let fill: usize = 0;
/** Room for 4 × 4 pixels, where samplers put together what lies beyond the margin. */
let patch: usize = 0;

/** Names the image that the next calls sample. */
export function useSource(
  pixelsAt: usize,
  sourceWidth: i32,
  sourceHeight: i32,
  sourceMargin: i32,
  sourceBorder: i32,
  bytesOfPixel: i32,
  fillAt: usize,
  patchAt: usize,
): void {
  pixels = pixelsAt;
  width = sourceWidth;
  height = sourceHeight;
  margin = sourceMargin;
  border = sourceBorder;
  pixelBytes = bytesOfPixel;
  rowBytes = (sourceWidth + 2 * sourceMargin) * bytesOfPixel;
  fill = fillAt;
  patch = patchAt;
}

/** OpenCV keeps positions of pixels in int16. */
// @ts-ignore: decorator
@inline
function saturated(i: i32): i32 {
  return min(max(i, -32768), 32767);
}

/**
 * The `side` × `side` pixels from (x, y) on, in coordinates of the padded image, wherever they are: as a little image of its own, with
 * `side` pixels a row.
 */
export function patchAt(x: i32, y: i32, side: i32): usize {
  const left = saturated(x - margin);
  const top = saturated(y - margin);
  for (let v = 0; v < side; v++) {
    const row = borderIndex(top + v, height, border);
    for (let u = 0; u < side; u++) {
      const column = borderIndex(left + u, width, border);
      const from = row < 0 || column < 0 ? fill : pixels + (row + margin) * rowBytes + (column + margin) * pixelBytes;
      memory.copy(patch + (v * side + u) * pixelBytes, from, pixelBytes);
    }
  }
  return patch;
}
