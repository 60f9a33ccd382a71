/** One file of records: reading from any row on, and finding single rows. */

import { isUtf8 } from "node:buffer";
import type { FaultLog } from "../fault.ts";
import { faultOf, ReadError } from "../store/read-error.ts";
import type { Store, StoreEntry } from "../store/store.ts";
import { streamUnpacked, type UnpackOptions } from "../store/unpack.ts";
import { LineIndex } from "./_line-index.ts";
import type { RecordFault, RecordFormat } from "./_record-format.ts";
import { type RecordBlock, splitRecords } from "./_records.ts";

/** Rows of one block: texts, and what is wrong with those that have none. */
export interface RowBlock {
  /** Rows of the file, counted from 0. */
  readonly rows: readonly number[];
  readonly texts: readonly string[];
  /** By index in `rows`. */
  readonly faults: ReadonlyMap<number, RecordFault>;
  readonly sizeBytes: number;
}

/** Places where something stands that is reported once, however often it is read. */
export class ReportOnce {
  readonly #log: FaultLog;
  readonly #seen = new Set<string>();

  constructor(log: FaultLog) {
    this.#log = log;
  }

  /** Reports the fault of a file, the first time. */
  file(fault: Parameters<FaultLog["report"]>[0], cause?: unknown): void {
    const key = `${fault.code} ${fault.source}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#log.report(fault, cause);
  }
}

/** What {@link RecordFile} needs besides its entry. */
export interface RecordFileOptions {
  readonly store: Store;
  readonly format: RecordFormat;
  readonly isPacked: boolean;
  /** Where the first row begins. */
  readonly firstByte: number;
  readonly maxRowBytes: number;
  readonly unpack: UnpackOptions;
  readonly report: ReportOnce;
}

/** See the top of the file. */
export class RecordFile {
  readonly entry: StoreEntry;
  readonly index: LineIndex;
  readonly #options: RecordFileOptions;

  constructor(entry: StoreEntry, options: RecordFileOptions) {
    this.entry = entry;
    this.#options = options;
    this.index = new LineIndex(options.firstByte);
  }

  get numRows(): number | undefined {
    return this.index.numRows;
  }

  /** Rows of the file from `start` to before `end`, block by block. Learns where rows are on the way. */
  async *rows(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<RowBlock> {
    const { format, isPacked, maxRowBytes, unpack } = this.#options;
    const { firstByte, store } = this.#options;
    const from = isPacked ? { row: 0, byte: firstByte } : this.index.find(start).from;
    const to = isPacked ? undefined : this.index.find(end - 1).to;
    const abort = signal === undefined ? {} : { signal };
    const pieces = isPacked
      ? skipBytes(streamUnpacked(store, this.entry.location, { ...unpack, ...abort }), firstByte)
      : store.stream(this.entry.location, {
          start: from.byte,
          ...(to === undefined ? {} : { end: to.byte }),
          ...abort,
        });
    let row = from.row;
    try {
      for await (const block of splitRecords(pieces, format.finder(), maxRowBytes, from.byte)) {
        const first = row;
        row = this.#note(block, row);
        if (row > start) yield rowBlock(block, format, first, start, end);
        if (row >= end) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      const fault = faultOf(error, this.entry.location, "remote");
      // Rows behind a server that fails would get other numbers the next time, so that is the end.
      if (fault.code === "remote" || !(error instanceof ReadError)) throw error;
      this.#options.report.file({ ...fault, row }, error);
    }
    if (to === undefined) this.index.numRows ??= row;
  }

  /** Notes where the rows of a block are. Returns the number of the row after it. */
  #note(block: RecordBlock, first: number): number {
    const { isRow } = this.#options.format;
    let row = first;
    for (let i = 0; i < block.starts.length; i++) {
      const start = block.starts[i] as number;
      if (block.fault === undefined && !isRow(block.bytes, start, block.ends[i] as number)) continue;
      this.index.add(row++, block.offset + start);
    }
    return row;
  }

  /** Counts the rows and learns where they are, if that is not known. */
  async count(signal: AbortSignal | undefined): Promise<number> {
    if (this.index.numRows === undefined)
      for await (const _ of this.rows(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, signal));
    return this.index.numRows as number;
  }
}

/** The rows of a block that lie in [start, end), decoded from UTF-8. */
function rowBlock(block: RecordBlock, format: RecordFormat, first: number, start: number, end: number): RowBlock {
  const { bytes, starts, ends } = block;
  const rows: number[] = [];
  const texts: string[] = [];
  const faults = new Map<number, RecordFault>();
  const isText = isUtf8(bytes);
  let row = first;
  let sizeBytes = 0;
  for (let i = 0; i < starts.length; i++) {
    const [from, to] = [starts[i] as number, ends[i] as number];
    if (block.fault === undefined && !format.isRow(bytes, from, to)) continue;
    const at = row++;
    if (at < start) continue;
    if (at >= end) break;
    const isFaulty = !isText && !isUtf8(bytes.subarray(from, to));
    if (block.fault !== undefined) faults.set(rows.length, { code: "syntax", detail: block.fault });
    else if (isFaulty) faults.set(rows.length, { code: "utf8", detail: "it is no UTF-8" });
    rows.push(at);
    texts.push(isFaulty ? "" : bytes.toString("utf8", from, to));
    sizeBytes += to - from;
  }
  return { rows, texts, faults, sizeBytes };
}

/** Drops the first bytes of a stream. */
async function* skipBytes(pieces: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const piece of pieces) {
    const skipped = Math.min(left, piece.length);
    left -= skipped;
    if (skipped < piece.length) yield piece.subarray(skipped);
  }
}
