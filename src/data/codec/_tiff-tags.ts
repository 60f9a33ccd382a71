/** The first directory of a TIFF structure: that of a TIFF file, and of the EXIF data inside other formats. */

import { BytesView } from "./_bytes-view.ts";

/** Tags whose values are read. */
export const tiffTags = {
  width: 256,
  height: 257,
  bits: 258,
  photometric: 262,
  orientation: 274,
  samples: 277,
} as const;

/** First value of each short or long tag of the first directory, or undefined where no TIFF structure begins. */
export function readTiffTags(bytes: Uint8Array): ReadonlyMap<number, number> | undefined {
  const big = new BytesView(bytes);
  const littleEndian = big.says(0, "II*\0");
  if (!littleEndian && !big.says(0, "MM\0*")) return undefined;
  const view = new BytesView(bytes, littleEndian);
  const start = view.u32(4);
  const count = view.u16(start);
  const tags = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const at = start + 2 + i * 12;
    const isShort = view.u16(at + 2) === 3;
    const isInline = view.u32(at + 4) * (isShort ? 2 : 4) <= 4;
    const valueAt = isInline ? at + 8 : view.u32(at + 8);
    if (isShort || view.u16(at + 2) === 4) tags.set(view.u16(at), isShort ? view.u16(valueAt) : view.u32(valueAt));
  }
  return tags;
}

/** The EXIF orientation, 1 to 8; 1 where there is none, or the data is broken (an image is not worse for that). */
export function exifOrientation(bytes: Uint8Array): number {
  try {
    const orientation = readTiffTags(bytes)?.get(tiffTags.orientation) ?? 1;
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  } catch (error) {
    if (error instanceof RangeError) return 1;
    throw error;
  }
}
