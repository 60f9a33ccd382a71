/** Cuts bytes into records: lines, or rows of a CSV whose quoted cells may hold line ends. */

/** Records that lie in one buffer. */
export interface RecordBlock {
  readonly bytes: Buffer;
  /** Where each record begins and ends in the buffer, without its line end. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Byte of the (unpacked) file at which the buffer begins. */
  readonly offset: number;
  /** Byte of the file after the last record and its line end. */
  readonly endOffset: number;
  /** What is wrong with the one record of this block. */
  readonly fault?: string;
}

/** Finds where records end. Keeps its progress in a record that is not complete. */
export interface RecordFinder {
  /** Index of the line end of the record that begins at `from`, or -1 if it is not there. Called again with more bytes, then. */
  end(bytes: Buffer, from: number): number;
  /** Forgets the record at hand. */
  reset(): void;
  /** True if a file is one record. */
  readonly isWhole?: boolean;
}

const lineEnd = 10;
const carriageReturn = 13;

/** Every line is a record. */
export function lineFinder(): RecordFinder {
  return { end: (bytes, from) => bytes.indexOf(lineEnd, from), reset: () => undefined };
}

/** The whole file is a record. */
export function wholeFinder(): RecordFinder {
  return { end: () => -1, reset: () => undefined, isWhole: true };
}

/** A quote at the start of a cell opens it up to the next single quote; doubled quotes in it stand for one. */
export function csvFinder(delimiter: number, quote = 34): RecordFinder {
  let seen: Buffer | undefined;
  let nextQuote = 0;
  let scanned = 0; // of the record at hand
  let state: "start" | "plain" | "quoted" | "closing" = "start";
  const reset = (): void => {
    scanned = 0;
    state = "start";
  };
  const scan = (bytes: Buffer, from: number): number => {
    for (let at = from + scanned; at < bytes.length; at++) {
      const byte = bytes[at];
      if (state === "quoted") {
        if (byte === quote) state = "closing";
      } else if (byte === quote && state !== "plain") {
        state = "quoted"; // opens the cell, or is the second of two
      } else if (byte === lineEnd) {
        reset();
        return at;
      } else state = byte === delimiter ? "start" : "plain";
    }
    scanned = bytes.length - from;
    return -1;
  };
  const end = (bytes: Buffer, from: number): number => {
    if (scanned > 0) return scan(bytes, from);
    if (seen !== bytes || nextQuote < from) {
      seen = bytes;
      nextQuote = bytes.indexOf(quote, from);
      if (nextQuote < 0) nextQuote = Number.POSITIVE_INFINITY;
    }
    const line = bytes.indexOf(lineEnd, from);
    return line >= 0 && line < nextQuote ? line : nextQuote === Number.POSITIVE_INFINITY ? -1 : scan(bytes, from);
  };
  return { end, reset };
}

/** A UTF-8 byte-order mark, which is a sign of the encoding at the start of a file and a character anywhere else. */
export function markLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/**
 * Cuts a stream into records, block by block.
 *
 * A record longer than the limit comes as a block with a fault and is otherwise passed over. A quote that is never closed costs the
 * line it stands in, not the rest of the file.
 *
 * @param pieces - Bytes of the file from `offset` on.
 * @param finder - Where records end.
 * @param maxBytes - Most bytes of a record.
 * @param offset - Where in the file the bytes begin.
 */
export async function* splitRecords(
  pieces: AsyncIterable<Uint8Array>,
  finder: RecordFinder,
  maxBytes: number,
  offset = 0,
): AsyncGenerator<RecordBlock> {
  let pending: Uint8Array[] = []; // the record at hand
  let pendingBytes = 0;
  let at = offset; // where it begins
  let isDropping = false;
  let mark = offset === 0 ? undefined : 0;
  const lineIn = (bytes: Uint8Array): number => (finder.isWhole ? -1 : bytes.indexOf(lineEnd));

  for await (const piece of pieces) {
    pending.push(piece);
    pendingBytes += piece.length;
    if (mark === undefined && pendingBytes < 3) continue;
    if (isDropping) {
      const found = lineIn(piece);
      at += found < 0 ? piece.length : found + 1;
      pending = found < 0 ? [] : [piece.subarray(found + 1)];
      pendingBytes = found < 0 ? 0 : piece.length - found - 1;
      isDropping = found < 0;
      if (isDropping) continue;
    } else if (lineIn(piece) < 0 && pendingBytes <= maxBytes) continue;
    const bytes = joined(pending);
    mark ??= markLength(bytes);
    const block = blockOf(bytes, finder, at, at === 0 ? mark : 0);
    if (block.starts.length > 0) yield block;
    let rest = bytes.subarray(block.endOffset - at);
    at = block.endOffset;
    if (rest.length > maxBytes) {
      finder.reset();
      const line = lineIn(rest);
      yield faulty(line < 0 ? `longer than ${maxBytes} bytes` : unclosed, at, line < 0 ? rest.length : line + 1);
      isDropping = line < 0;
      at += isDropping ? rest.length : line + 1;
      rest = isDropping ? Buffer.alloc(0) : rest.subarray(line + 1);
    }
    pending = rest.length === 0 ? [] : [rest];
    pendingBytes = rest.length;
  }

  // What is left has no line end, except those behind a quote that is not closed.
  for (let rest = joined(pending); rest.length > 0 && !isDropping; ) {
    const skipped = at === 0 ? (mark ?? markLength(rest)) : 0;
    const block = blockOf(rest, finder, at, skipped);
    if (block.starts.length > 0) yield block;
    rest = rest.subarray(block.endOffset - at);
    at = block.endOffset;
    finder.reset();
    const line = lineIn(rest);
    if (line >= 0) yield faulty(unclosed, at, line + 1);
    else if (rest.length > (at === 0 ? skipped : 0))
      yield {
        bytes: rest,
        starts: [at === 0 ? skipped : 0],
        ends: [rest.length],
        offset: at,
        endOffset: at + rest.length,
      };
    if (line < 0) return;
    rest = rest.subarray(line + 1);
    at += line + 1;
  }
}

const unclosed = "a quote that is never closed";

function joined(pieces: readonly Uint8Array[]): Buffer {
  const [first] = pieces;
  if (pieces.length > 1) return Buffer.concat(pieces);
  return first === undefined ? Buffer.alloc(0) : Buffer.from(first.buffer, first.byteOffset, first.length);
}

function blockOf(bytes: Buffer, finder: RecordFinder, offset: number, skipped: number): RecordBlock {
  const starts: number[] = [];
  const ends: number[] = [];
  let start = skipped;
  let endOffset = offset;
  for (let end = finder.end(bytes, start); end >= 0; end = finder.end(bytes, start)) {
    starts.push(start);
    ends.push(end > start && bytes[end - 1] === carriageReturn ? end - 1 : end);
    start = end + 1;
    endOffset = offset + start;
  }
  return { bytes, starts, ends, offset, endOffset };
}

function faulty(fault: string, offset: number, length: number): RecordBlock {
  return { bytes: Buffer.alloc(0), starts: [0], ends: [0], offset, endOffset: offset + length, fault };
}
