/** Bytes that can be read by range, wherever they are: an object of a store, a part of one, memory, something to be unpacked first. */

import { ReadError } from "../store/read-error.ts";
import type { Store, StoreEntry } from "../store/store.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** See the top of the file. */
export interface ByteRanges {
  /** What faults call it. */
  readonly source: string;
  readonly sizeBytes: number;
  /** Bytes of a range, in memory of their own. Throws ReadError "truncated" if there are fewer: no size is believed before that. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Bytes>;
}

/** Fails unless the range lies within the bytes that are there. */
function checkRange({ source, sizeBytes }: ByteRanges, start: number, end: number): void {
  if (start >= 0 && start <= end && end <= sizeBytes) return;
  const detail = `bytes ${start} to ${end} are needed, there are ${sizeBytes}`;
  throw new ReadError({ code: "truncated", source, byte: sizeBytes, detail }, "must hold what its header promises");
}

/** An object of a store. */
export function storedRanges(store: Store, { location, sizeBytes }: StoreEntry): ByteRanges {
  const ranges: ByteRanges = {
    source: location,
    sizeBytes,
    read: async (start, end, signal) => {
      checkRange(ranges, start, end);
      return start === end
        ? new Uint8Array()
        : store.read(location, { start, end, ...(signal === undefined ? {} : { signal }) });
    },
  };
  return ranges;
}

/** Memory. */
export function memoryRanges(source: string, bytes: Uint8Array): ByteRanges {
  const ranges: ByteRanges = {
    source,
    sizeBytes: bytes.length,
    read: async (start, end) => {
      checkRange(ranges, start, end);
      return Uint8Array.from(bytes.subarray(start, end));
    },
  };
  return ranges;
}

/** A part of other bytes. */
export function partOf(whole: ByteRanges, source: string, start: number, sizeBytes: number): ByteRanges {
  const ranges: ByteRanges = {
    source,
    sizeBytes,
    read: async (from, to, signal) => {
      checkRange(ranges, from, to);
      return whole.read(start + from, start + to, signal);
    },
  };
  return ranges;
}

/** Bytes that have to be made whole before any can be read; made at the first reading, and kept. */
export function unpackedRanges(
  source: string,
  sizeBytes: number,
  unpack: (signal: AbortSignal | undefined) => Promise<Uint8Array>,
): ByteRanges {
  let whole: Promise<Uint8Array> | undefined;
  const ranges: ByteRanges = {
    source,
    sizeBytes,
    read: async (start, end, signal) => {
      checkRange(ranges, start, end);
      whole ??= unpack(signal).catch((error: unknown) => {
        whole = undefined; // the next reader may have more luck
        throw error;
      });
      return memoryRanges(source, await whole).read(start, end);
    },
  };
  return ranges;
}
