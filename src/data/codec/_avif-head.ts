/** The header of an AVIF file: the properties of its primary item (ISO/IEC 14496-12 and 23008-12, AV1 Image File Format). */

import type { BytesView } from "./_bytes-view.ts";
import type { ImageInfo } from "./image-info.ts";

interface Box {
  readonly type: string;
  /** First byte of the content, and the one after its last. */
  readonly start: number;
  readonly end: number;
}

/** The boxes from `start` to `end`, one after the other. */
function* boxes(view: BytesView, start: number, end: number): Generator<Box> {
  for (let at = start; at + 8 <= end; ) {
    const short = view.u32(at);
    const long = short === 1 ? view.u32(at + 8) * 2 ** 32 + view.u32(at + 12) : short;
    const size = short === 0 ? end - at : long;
    const head = short === 1 ? 16 : 8;
    if (size < head) return;
    yield { type: view.tag(at + 4), start: at + head, end: at + size };
    at += size;
  }
}

/** The box of a type inside a box whose content starts with `skip` bytes; throws RangeError where there is none. */
function child(view: BytesView, parent: Box, type: string, skip = 0): Box {
  for (const box of boxes(view, parent.start + skip, parent.end)) if (box.type === type) return box;
  throw new RangeError(`no box "${type}" in "${parent.type}"`);
}

/** Numbers, from 1, of the properties of an item, in `ipma`. */
function propertiesOf(view: BytesView, ipma: Box, item: number): number[] {
  const isWideItem = view.u8(ipma.start) > 0;
  const isWideIndex = (view.u24(ipma.start + 1) & 1) === 1;
  const entries = view.u32(ipma.start + 4);
  let at = ipma.start + 8;
  for (let entry = 0; entry < entries; entry++) {
    const id = isWideItem ? view.u32(at) : view.u16(at);
    at += isWideItem ? 4 : 2;
    const count = view.u8(at++);
    const width = isWideIndex ? 2 : 1;
    if (id === item)
      return Array.from({ length: count }, (_, i) =>
        isWideIndex ? view.u16(at + i * 2) & 0x7fff : view.u8(at + i) & 0x7f,
      );
    at += count * width;
  }
  return [];
}

/** Undefined if it is no AVIF; throws RangeError if it ends inside the header. */
export function readAvif(view: BytesView): Omit<ImageInfo, "format"> | undefined {
  if (!view.says(4, "ftyp")) return undefined;
  const brands = Array.from({ length: Math.min(64, view.u32(0) >>> 2) }, (_, i) => i * 4).slice(2);
  if (!brands.some((at) => view.says(at, "avif") || view.says(at, "avis"))) return undefined;
  const file: Box = { type: "file", start: 0, end: view.length };
  const meta = child(view, file, "meta");
  const iprp = child(view, meta, "iprp", 4);
  const properties = [...boxes(view, child(view, iprp, "ipco").start, child(view, iprp, "ipco").end)];
  const pitm = child(view, meta, "pitm", 4);
  const primary = view.u8(pitm.start) === 0 ? view.u16(pitm.start + 4) : view.u32(pitm.start + 4);
  let head = { width: 0, height: 0, channels: 3, bits: 8, orientation: 1, complete: isComplete(view) };
  for (const number of propertiesOf(view, child(view, iprp, "ipma"), primary)) {
    const property = properties[number - 1];
    if (property?.type === "ispe")
      head = { ...head, width: view.u32(property.start + 4), height: view.u32(property.start + 8) };
    if (property?.type === "av1C") {
      const flags = view.u8(property.start + 2);
      head = { ...head, bits: flags & 0x20 ? 12 : flags & 0x40 ? 10 : 8 };
    }
    // Decoders turn the pixels as `irot` and `imir` say, whatever the caller asks for, so the size after that is the image's.
    if (property?.type === "irot" && view.u8(property.start) % 2 === 1)
      head = { ...head, width: head.height, height: head.width };
  }
  const alpha = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";
  const hasAlpha = properties.some(({ type, start }) => type === "auxC" && view.says(start + 4, alpha));
  return { ...head, channels: hasAlpha ? 4 : 3 };
}

/** Whether the file reaches to the end of its last box. */
function isComplete(view: BytesView): boolean {
  let end = 0;
  for (const box of boxes(view, 0, view.length)) end = box.end;
  return end > 0 && end <= view.length;
}
