/** Files that begin with a header that says how long they are, plain or packed as `.gz` or `.zst`. */

import { ReadError } from "../store/read-error.ts";
import type { StoreEntry } from "../store/store.ts";
import { packingOf, streamUnpacked } from "../store/unpack.ts";
import { type ByteRanges, memoryRanges, storedRanges, unpackedRanges } from "./_byte-ranges.ts";
import type { OpenContext } from "./format.ts";

/** Unpacked bytes that hold every header. */
const headBytes = 2 ** 17;
/** Most bytes that a packed file may need in memory, unless the options say otherwise. */
const mostUnpacked = 2 ** 31;

type Context = Pick<OpenContext, "store" | "faults" | "options">;

/** Reads the header of a file. A packed file is unpacked into memory when more than the header is read, up to the size that the header gives. */
export async function headedRanges<Header>(
  context: Context,
  entry: StoreEntry,
  readHeader: (ranges: ByteRanges) => Promise<Header>,
  sizeBytesOf: (header: Header) => number,
): Promise<{ readonly header: Header; readonly ranges: ByteRanges }> {
  const stored = storedRanges(context.store, entry);
  if (packingOf(await stored.read(0, Math.min(4, entry.sizeBytes))) === "none")
    return { header: await readHeader(stored), ranges: stored };
  const head = await firstBytes(context, entry.location, headBytes);
  const header = await readHeader(memoryRanges(entry.location, head));
  const sizeBytes = sizeBytesOf(header);
  return {
    header,
    ranges: unpackedRanges(entry.location, sizeBytes, (signal) => unpackUpTo(context, entry, sizeBytes, signal)),
  };
}

/** The first bytes of what is packed. A file that breaks off earlier gives what is there. */
async function firstBytes({ store, options }: Context, location: string, count: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of streamUnpacked(store, location, options.unpack)) {
      pieces.push(piece);
      size += piece.length;
      if (size >= count) break;
    }
  } catch (error) {
    if (!(error instanceof ReadError) || error.fault.code !== "truncated" || size === 0) throw error;
  }
  return Buffer.concat(pieces);
}

/** All that is packed, and no byte more than was promised. What breaks off is reported, and what is there is used. */
async function unpackUpTo(
  { store, options, faults }: Context,
  { location }: StoreEntry,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const maxBytes = options.unpack?.maxBytes ?? mostUnpacked;
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    const limits = { ...options.unpack, maxBytes, ...(signal === undefined ? {} : { signal }) };
    for await (const piece of streamUnpacked(store, location, limits)) {
      pieces.push(piece);
      size += piece.length;
      if (size >= sizeBytes) break;
    }
  } catch (error) {
    if (!(error instanceof ReadError) || error.fault.code === "remote") throw error;
    faults.report(error.fault, error);
  }
  return Buffer.concat(pieces).subarray(0, sizeBytes);
}
