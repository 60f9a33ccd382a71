/** The header of a WebP file (RFC 9649). */

import { BytesView } from "./_bytes-view.ts";
import { exifOrientation } from "./_tiff-tags.ts";
import type { ImageInfo } from "./image-info.ts";

/** Orientation of the `EXIF` chunk, which stands behind the pixels. */
function orientationOf(view: BytesView, end: number): number {
  for (let at = 12; at + 8 <= end; at += 8 + view.u32(at + 4) + (view.u32(at + 4) % 2)) {
    if (!view.says(at, "EXIF")) continue;
    const start = view.says(at + 8, "Exif\0\0") ? at + 14 : at + 8; // some writers keep the prefix of JPEG
    return exifOrientation(view.part(start, at + 8 + view.u32(at + 4)).bytes);
  }
  return 1;
}

/** Undefined if it is no WebP; throws RangeError if it ends inside the header. */
export function readWebp({ bytes }: BytesView): Omit<ImageInfo, "format"> | undefined {
  const view = new BytesView(bytes, true);
  if (!view.says(0, "RIFF") || !view.says(8, "WEBP")) return undefined;
  const end = 8 + view.u32(4);
  const complete = view.length >= end;
  const first = view.tag(12);
  if (first === "VP8 ") {
    const isKey = view.says(23, "\x9d\x01\x2a");
    const [width, height] = isKey ? [view.u16(26) & 0x3fff, view.u16(28) & 0x3fff] : [0, 0];
    return { width, height, channels: 3, bits: 8, orientation: 1, complete };
  }
  if (first === "VP8L") {
    const packed = view.u32(21); // 14 bits of width − 1, 14 of height − 1, 1 for alpha, 3 of version
    const isSigned = view.u8(20) === 0x2f;
    const [width, height] = isSigned ? [(packed & 0x3fff) + 1, ((packed >>> 14) & 0x3fff) + 1] : [0, 0];
    return { width, height, channels: (packed >>> 28) & 1 ? 4 : 3, bits: 8, orientation: 1, complete };
  }
  if (first !== "VP8X") return { width: 0, height: 0, channels: 3, bits: 8, orientation: 1, complete };
  const flags = view.u8(20);
  return {
    width: view.u24(24) + 1,
    height: view.u24(27) + 1,
    channels: flags & 0x10 ? 4 : 3,
    bits: 8,
    orientation: flags & 0x08 ? orientationOf(view, Math.min(end, view.length)) : 1,
    complete,
  };
}
