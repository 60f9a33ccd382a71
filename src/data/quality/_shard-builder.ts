/** Puts what threads found out about stretches of rows together to shards. */

import type { Fault, FaultCode } from "../fault.ts";
import type { Source } from "../source/source.ts";
import type { TableSlice } from "../table.ts";
import type { ScanResult } from "./_scan-task.ts";
import { type KeyColumn, Shard, writeShard } from "./_shard.ts";
import { quarantined } from "./reasons.ts";

/** What a row is. */
export type RowKind = "text" | "image" | "table";

/** How far reading was, and what the source had reported by then. */
export interface Snapshot {
  readonly end: number;
  readonly rowFaults: Partial<Record<FaultCode, number>>;
  readonly numFaults: number;
}

/** The snapshot of now, when reading is at row `end`. */
export const snapshotOf = ({ faults }: Source, end: number): Snapshot => ({
  end,
  rowFaults: faults.rowCounts(),
  numFaults: faults.examples.length,
});

/** Rows with what was found out about them. */
export interface Piece {
  readonly slice: TableSlice;
  readonly codes: readonly (FaultCode | null)[];
  readonly result: ScanResult;
  /** Given when a shard ends here. */
  readonly snapshot: Snapshot | undefined;
}

/** Collects pieces until they are written. */
export class ShardBuilder {
  readonly #pieces: Piece[] = [];
  readonly #kind: RowKind;
  readonly #source: Source;
  readonly #before: Snapshot;

  constructor(kind: RowKind, source: Source, before: Snapshot) {
    this.#kind = kind;
    this.#source = source;
    this.#before = before;
  }

  /** The row after the last one. */
  get end(): number {
    return (this.#pieces.at(-1)?.slice.rows.at(-1) ?? this.#before.end - 1) + 1;
  }

  hasContent(now: Snapshot): boolean {
    return this.#pieces.length > 0 || now.numFaults > this.#before.numFaults || now.end > this.#before.end;
  }

  add(piece: Piece): void {
    this.#pieces.push(piece);
  }

  async write(path: string, now: Snapshot): Promise<Shard> {
    const pieces = this.#pieces;
    const numRows = pieces.reduce((sum, { slice }) => sum + slice.numRows, 0);
    const rows = new Float64Array(numRows);
    const verdicts = new Uint8Array(numRows);
    let at = 0;
    for (const { slice, codes, result } of pieces) {
      rows.set(slice.rows, at);
      for (let i = 0; i < slice.numRows; i++) {
        const code = codes[i] ?? null;
        verdicts[at + i] = code === null ? (result.verdicts[i] as number) : quarantined(code);
      }
      at += slice.numRows;
    }
    const rowFaults = Object.fromEntries(
      Object.entries(now.rowFaults).map(([code, count]) => [
        code,
        count - (this.#before.rowFaults[code as FaultCode] ?? 0),
      ]),
    );
    const facts = {
      start: this.#before.end,
      end: now.end,
      numRows,
      contentBytes: pieces.reduce((sum, { result }) => sum + result.contentBytes, 0),
      rowFaults,
      faults: this.#source.faults.examples.slice(this.#before.numFaults, now.numFaults) as readonly Fault[],
    };
    await writeShard(path, facts, rows, verdicts, keyColumns(pieces, verdicts, this.#kind));
    return Shard.open(path);
  }
}

/** Exact and near keys of all rows that were not set aside. */
function keyColumns(pieces: readonly Piece[], verdicts: Uint8Array, kind: RowKind): KeyColumn[] {
  const first = pieces.find(({ slice }) => slice.numRows > 0);
  if (first === undefined) return [];
  const words = first.result.keys.length / first.slice.numRows;
  const near = words === 0 ? [] : kind === "image" ? [{ name: "image", words: 4, from: 0 }] : buckets(words);
  return [
    column(
      "content",
      4,
      pieces,
      (piece) => piece.result.digests,
      4,
      0,
      (_, row) => (verdicts[row] as number) < 128,
    ),
    ...near.map(({ name, words: width, from }) =>
      column(
        name,
        width,
        pieces,
        ({ result }) => result.keys,
        words,
        from,
        ({ result }, row, i) => {
          return result.hasKeys[i] === 1 && (verdicts[row] as number) < 128;
        },
      ),
    ),
  ];
}

const buckets = (words: number): { name: string; words: number; from: number }[] =>
  Array.from({ length: words / 2 }, (_, i) => ({ name: `bucket-${i}`, words: 2, from: 2 * i }));

function column(
  name: string,
  words: number,
  pieces: readonly Piece[],
  keysOf: (piece: Piece) => Uint32Array,
  stride: number,
  from: number,
  isWanted: (piece: Piece, row: number, i: number) => boolean,
): KeyColumn {
  const numRows = pieces.reduce((sum, { slice }) => sum + slice.numRows, 0);
  const keys = new Uint32Array(words * numRows);
  const indices = new Uint32Array(numRows);
  let count = 0;
  let row = 0;
  for (const piece of pieces) {
    const all = keysOf(piece);
    for (let i = 0; i < piece.slice.numRows; i++, row++) {
      if (!isWanted(piece, row, i)) continue;
      for (let word = 0; word < words; word++) keys[words * count + word] = all[stride * i + from + word] as number;
      indices[count++] = row;
    }
  }
  return { name, words, keys: keys.slice(0, words * count), indices: indices.slice(0, count) };
}
