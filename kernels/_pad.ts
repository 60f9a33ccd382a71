/**
 * Unpacks images to four lanes a pixel, bytes or float32, with a margin on all sides that holds the border: samplers then load a pixel
 * at once and need no case for the border.
 */

import { borderIndex } from "./_border";

/**
 * Bytes, `stride` a pixel of which `take` (1 to 4) are wanted, as four bytes a pixel. `fill` has four bytes. Reads up to 15 bytes beyond
 * the source and writes as many beyond the target.
 */
export function padBytes(
  source: usize,
  width: i32,
  height: i32,
  stride: i32,
  take: i32,
  target: usize,
  margin: i32,
  border: i32,
  fill: i32,
): void {
  const rowBytes = (width + 2 * margin) * 4;
  const spread = i8x16(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  for (let y = 0; y < height; y++) {
    const row = target + (y + margin) * rowBytes + margin * 4;
    let from = source + y * width * stride;
    if (take == 4 && stride == 4) memory.copy(row, from, width * 4);
    else if (take == 3 && stride == 3) {
      // The last step may run over into the margin, which is written below.
      for (let x = 0; x < width; x += 4, from += 12) v128.store(row + x * 4, v128.swizzle(v128.load(from), spread));
    } else {
      for (let x = 0; x < width; x++, from += stride) {
        let pixel: u32 = load<u8>(from);
        for (let k = 1; k < take; k++) pixel |= u32(load<u8>(from + k)) << (8 * k);
        store<u32>(row + x * 4, pixel);
      }
    }
    for (let x = 1; x <= margin; x++) {
      const left = borderIndex(-x, width, border);
      const right = borderIndex(width - 1 + x, width, border);
      store<u32>(row - x * 4, left < 0 ? fill : load<u32>(row + left * 4));
      store<u32>(row + (width - 1 + x) * 4, right < 0 ? fill : load<u32>(row + right * 4));
    }
  }
  for (let y = 1; y <= margin; y++) {
    padRow(target, margin - y, borderIndex(-y, height, border), margin, rowBytes, fill);
    padRow(target, margin + height - 1 + y, borderIndex(height - 1 + y, height, border), margin, rowBytes, fill);
  }
}

function padRow(target: usize, row: i32, from: i32, margin: i32, rowBytes: i32, fill: i32): void {
  const to = target + row * rowBytes;
  if (from >= 0) memory.copy(to, target + (from + margin) * rowBytes, rowBytes);
  else for (let i = 0; i < rowBytes; i += 4) store<u32>(to + i, fill);
}

/** Values of uint16 (`isFloat` 0) or float32 as four float32 a pixel, without a margin. */
export function spreadFloats(source: usize, pixels: i32, stride: i32, take: i32, target: usize, isFloat: i32): void {
  for (let i = 0; i < pixels; i++) {
    for (let k = 0; k < take; k++) {
      const at = i * stride + k;
      store<f32>(target + i * 16 + k * 4, isFloat ? load<f32>(source + at * 4) : f32(load<u16>(source + at * 2)));
    }
    for (let k = take; k < 4; k++) store<f32>(target + i * 16 + k * 4, 0);
  }
}

/** An image of pixels of any size as it is, with a margin on all sides. Not a constant border. */
export function padAround(
  source: usize,
  width: i32,
  height: i32,
  pixelBytes: i32,
  margin: i32,
  border: i32,
  target: usize,
): void {
  const rowBytes = width * pixelBytes;
  for (let y = -margin; y < height + margin; y++) {
    const row = source + borderIndex(y, height, border) * rowBytes;
    for (let x = -margin; x < width + margin; x++, target += pixelBytes) {
      if (x == 0) {
        memory.copy(target, row, rowBytes);
        target += rowBytes;
        x = width;
        if (margin == 0) break;
      }
      const from = row + borderIndex(x, width, border) * pixelBytes;
      for (let k = 0; k < pixelBytes; k++) store<u8>(target + k, load<u8>(from + k));
    }
  }
}
