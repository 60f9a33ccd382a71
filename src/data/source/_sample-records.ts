/** Some records of a file, from which columns and their types are inferred. */

import { isUtf8 } from "node:buffer";
import type { Store, StoreEntry } from "../store/store.ts";
import { streamUnpacked, type UnpackOptions } from "../store/unpack.ts";
import { lineFinder, type RecordFinder, splitRecords } from "./_records.ts";

const headBytes = 2 ** 20;
const windowBytes = 2 ** 18;
const windows = 4;
const mostRecords = 5000;

/** Records of a file: those at its head, and of a long file that can be read anywhere, some from further down. */
export interface RecordSample {
  /** In order, without line ends; those that are no UTF-8 are left out. */
  readonly head: readonly string[];
  /** From further down. Where a cut falls into a quoted cell, the first of a stretch may be parts of records. */
  readonly further: readonly string[];
  /** Byte at which the second record begins. */
  readonly secondByte: number;
  /** Whether the head is all there is. */
  readonly isWhole: boolean;
}

/** How to sample. */
export interface SampleOptions {
  readonly store: Store;
  readonly entry: StoreEntry;
  readonly isPacked: boolean;
  readonly unpack: UnpackOptions;
  readonly finder: () => RecordFinder;
  readonly maxRowBytes: number;
  /** Whether the first records are enough. */
  readonly isBrief: boolean;
}

/** Reads a sample of about 2 MiB at most. Damage ends it early; reading will meet it again and report it. */
export async function sampleRecords(options: SampleOptions): Promise<RecordSample> {
  const { store, entry, isPacked, finder, maxRowBytes } = options;
  const head: string[] = [];
  let secondByte = 0;
  let seen = 0;
  let isWhole = true;
  const pieces = streamUnpacked(store, entry.location, options.unpack);
  try {
    for await (const block of splitRecords(pieces, finder(), maxRowBytes)) {
      const second = block.starts[head.length === 0 && secondByte === 0 ? 1 : 0];
      if (secondByte === 0) secondByte = second === undefined ? block.endOffset : block.offset + second;
      pushTexts(block, head);
      seen = block.endOffset;
      isWhole = !options.isBrief && seen < headBytes && head.length < mostRecords;
      if (!isWhole) break;
    }
  } catch (error) {
    if (head.length === 0) throw error;
  }
  const further: string[] = [];
  const isLong = !isPacked && !options.isBrief && entry.sizeBytes > seen + 2 * windowBytes;
  for (let i = 1; isLong && i <= windows; i++) {
    const start = Math.floor(seen + ((entry.sizeBytes - windowBytes - seen) * i) / windows);
    const bytes = await store.read(entry.location, { start, end: start + windowBytes });
    // What stands before the first line end is part of a record, and so is what stands after the last.
    const from = bytes.indexOf(10) + 1;
    const to = bytes.lastIndexOf(10);
    if (from > 0 && to > from)
      for await (const block of splitRecords(once(bytes.subarray(from, to)), lineFinder(), maxRowBytes, 1))
        pushTexts(block, further, (mostRecords / windows) * i);
  }
  return { head, further, secondByte, isWhole };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function pushTexts(
  block: { readonly bytes: Buffer; readonly starts: readonly number[]; readonly ends: readonly number[] },
  texts: string[],
  most = mostRecords,
): void {
  for (let i = 0; i < block.starts.length && texts.length < most; i++) {
    const bytes = block.bytes.subarray(block.starts[i], block.ends[i]);
    if (isUtf8(bytes)) texts.push(bytes.toString());
  }
}
