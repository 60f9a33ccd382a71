/** The header of a JPEG file (ITU-T T.81, annex B). */

import type { BytesView } from "./_bytes-view.ts";
import { exifOrientation } from "./_tiff-tags.ts";
import type { ImageInfo } from "./image-info.ts";

/** SOF markers lie at 0xc0 to 0xcf, where three others lie too: Huffman tables, a reserved one, arithmetic coding. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Undefined if it is no JPEG; throws RangeError if it ends before the frame. */
export function readJpeg(view: BytesView): Omit<ImageInfo, "format"> | undefined {
  if (!view.says(0, "\xff\xd8\xff")) return undefined;
  let orientation = 1;
  let frame = { width: 0, height: 0, channels: 0, bits: 0 };
  try {
    for (let at = 2; ; ) {
      // Compressed pixels, fill bytes and garbage are skipped alike: up to the next marker.
      at = view.bytes.indexOf(0xff, at);
      const marker = view.u8(at < 0 ? view.length : at + 1);
      if (marker === 0xd9) return { ...frame, orientation, complete: true };
      if (marker <= 1 || (marker >= 0xd0 && marker <= 0xd8) || marker === 0xff) {
        at += marker === 0xff ? 1 : 2; // these have no content
        continue;
      }
      const size = view.u16(at + 2);
      if (marker === 0xe1 && view.says(at + 4, "Exif\0\0"))
        orientation = exifOrientation(view.part(at + 10, at + 2 + size).bytes);
      if (isFrame(marker) && frame.width === 0) {
        const components = view.u8(at + 9);
        const channels = components === 4 ? 3 : components;
        frame = { width: view.u16(at + 7), height: view.u16(at + 5), channels, bits: view.u8(at + 4) };
      }
      at += 2 + Math.max(2, size);
    }
  } catch (error) {
    if (frame.bits === 0 || !(error instanceof RangeError)) throw error;
    return { ...frame, orientation, complete: false };
  }
}
