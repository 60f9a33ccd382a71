/** The headers of PNG, GIF, BMP and TIFF files. */

import { BytesView } from "./_bytes-view.ts";
import { exifOrientation, readTiffTags, tiffTags } from "./_tiff-tags.ts";
import type { ImageInfo } from "./image-info.ts";

type Head = Omit<ImageInfo, "format">;

/** Channels by colour type: grey, RGB, palette, grey and alpha, RGBA. */
const pngChannels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** PNG (W3C, third edition). Undefined if it is none; throws RangeError if it ends before the pixels. */
export function readPng(view: BytesView): Head | undefined {
  if (!view.says(0, "\x89PNG\r\n\x1a\n")) return undefined;
  if (!view.says(12, "IHDR")) return { width: 0, height: 0, channels: 0, bits: 0, orientation: 1, complete: false };
  const [width, height, bits] = [view.u32(16), view.u32(20), view.u8(24)];
  let channels = pngChannels[view.u8(25)] ?? 0;
  let orientation = 1;
  let at = 33;
  for (; view.tag(at + 4) !== "IDAT" && view.tag(at + 4) !== "IEND"; at += 12 + view.u32(at)) {
    const content = view.part(at + 8, at + 8 + view.u32(at)).bytes;
    if (view.says(at + 4, "tRNS") && channels % 2 === 1) channels++;
    if (view.says(at + 4, "eXIf")) orientation = exifOrientation(content);
  }
  while (at + 8 <= view.length && view.tag(at + 4) !== "IEND") at += 12 + view.u32(at);
  return { width, height, channels, bits, orientation, complete: at + 12 <= view.length };
}

/** Whether the blocks of a GIF lead to its trailer. */
function reachesTrailer({ bytes }: BytesView, firstBlock: number): boolean {
  for (let at = firstBlock; at < bytes.length; ) {
    const kind = bytes[at];
    if (kind === 0x3b) return true;
    const flags = bytes[at + 9] ?? 0;
    // An extension has a label; an image a descriptor, perhaps a palette, and the size of its codes. Blocks of data follow both.
    if (kind === 0x21) at += 2;
    else if (kind === 0x2c) at += 11 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
    else return false;
    while (at < bytes.length && bytes[at] !== 0) at += 1 + (bytes[at] as number);
    at++;
  }
  return false;
}

/** GIF89a. Undefined if it is none; throws RangeError if it ends inside the header. */
export function readGif({ bytes }: BytesView): Head | undefined {
  const view = new BytesView(bytes, true);
  if (!view.says(0, "GIF87a") && !view.says(0, "GIF89a")) return undefined;
  const flags = view.u8(10);
  const firstBlock = 13 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  const isTransparent = view.says(firstBlock, "!\xf9\x04") && (view.u8(firstBlock + 3) & 1) === 1;
  return {
    width: view.u16(6),
    height: view.u16(8),
    channels: isTransparent ? 4 : 3,
    bits: 8,
    orientation: 1,
    complete: reachesTrailer(view, firstBlock),
  };
}

/** Windows bitmaps, from OS/2 1 on. Undefined if it is none; throws RangeError if it ends inside the header. */
export function readBmp({ bytes }: BytesView): Head | undefined {
  const view = new BytesView(bytes, true);
  if (!view.says(0, "BM")) return undefined;
  const isOld = view.u32(14) === 12;
  const bitsPerPixel = view.u16(isOld ? 24 : 28);
  return {
    width: isOld ? view.u16(18) : view.i32(18),
    height: isOld ? view.u16(20) : Math.abs(view.i32(22)), // a negative height: rows from the top
    channels: bitsPerPixel === 32 ? 4 : 3,
    bits: 8,
    orientation: 1,
    complete: view.length >= view.u32(2),
  };
}

/** TIFF 6.0, the first image. Undefined if it is none; throws RangeError if it ends inside the first directory. */
export function readTiff({ bytes }: BytesView): Head | undefined {
  const tags = readTiffTags(bytes);
  if (tags === undefined) return undefined;
  const samples = tags.get(tiffTags.samples) ?? 1;
  const isPaletteOrCmyk = [3, 5].includes(tags.get(tiffTags.photometric) ?? 1);
  return {
    width: tags.get(tiffTags.width) ?? 0,
    height: tags.get(tiffTags.height) ?? 0,
    channels: isPaletteOrCmyk ? 3 : samples,
    bits: tags.get(tiffTags.bits) ?? 1,
    orientation: exifOrientation(bytes),
    complete: true, // strips may lie anywhere: only decoding tells
  };
}
