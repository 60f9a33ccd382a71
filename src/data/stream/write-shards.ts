/** Writes the rows of any source as shards that MosaicML's or WebDataset's readers take. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { DataError, explain, messageOf } from "../../base/errors.ts";
import { writeAtomically } from "../../base/files.ts";
import { firstFault } from "../first-fault.ts";
import { permutation } from "../sample/permutation.ts";
import type { Source } from "../source/source.ts";
import { webdatasetIndexName } from "../source/webdataset.ts";
import type { Cell, Table } from "../table.ts";
import { mdsFormat, mdsIndexName } from "./_mds-format.ts";
import { openFolder, writeNotes } from "./_shard-notes.ts";
import { type Packer, packer } from "./_shard-packer.ts";
import type { ShardFormat, WrittenShard } from "./_shard-writer.ts";
import { webdatasetFormat } from "./_webdataset-format.ts";
import { selectFields } from "./columns.ts";
import { takeWhole } from "./take-whole.ts";

/** Options of {@link writeShards}. */
export interface WriteShardsOptions {
  /** `"mds"` for MosaicML's streaming, `"webdataset"` for tar archives. */
  readonly format: "mds" | "webdataset";
  /** Folder for the shards; made if missing. It must hold nothing else. */
  readonly folder: string;
  /** Bytes after which a shard ends, before compression. @defaultValue 64,000,000 */
  readonly shardBytes?: number;
  /** Packs each MDS shard as a whole; a level may follow: `"zstd:7"`. @defaultValue none */
  readonly compression?: string;
  /** Writes rows in an order that this seed decides. @defaultValue the source's order */
  readonly shuffleSeed?: number;
  /** Columns wanted. @defaultValue all */
  readonly columns?: readonly string[];
  /**
   * Goes on where a call with the same source and options was stopped; what one has finished is left as it is.
   * @defaultValue true
   */
  readonly resume?: boolean;
  /** Called when a shard is on disk. */
  readonly onShard?: (progress: { readonly shards: number; readonly rows: number; readonly sizeBytes: number }) => void;
  /** Stops after the shard under way with the signal's reason; the next call goes on from there. */
  readonly signal?: AbortSignal;
}

/** What {@link writeShards} wrote. */
export interface WrittenShards {
  readonly shards: number;
  /** Samples in them. */
  readonly rows: number;
  /** Bytes of all shards, as stored. */
  readonly sizeBytes: number;
  /** The file that lists them. */
  readonly index: string;
  /** Rows that an earlier call had written. */
  readonly resumedRows: number;
}

/** A sample's offset in an MDS shard is a 32-bit number. */
const largestShard = 2 ** 32 - 1;

/**
 * Writes a source as shards with their SHA-256 in an index, holding one shard in memory.
 *
 * Every shard takes its name when all of it is on disk, and the index is written last. A call that was stopped or killed is finished by
 * the same call again, which begins after the last whole shard; after one that was finished it does nothing. Rows with a fault are left out
 * and reported to `source.faults`.
 *
 * @param source - Rows to write. A shuffled order needs `take`.
 * @param options - See {@link WriteShardsOptions}.
 * @returns What was written.
 * @throws DataError if the folder holds other files, a column cannot be written, or a row is null in a column of MDS.
 * @throws RangeError for shardBytes or a compression that cannot be.
 *
 * @example Rows in an archive that WebDataset reads
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openSource } from "cameo/data/source";
 * import { writeShards } from "cameo/data/stream";
 *
 * const folder = await mkdtemp(join(tmpdir(), "shards-"));
 * await writeFile(join(folder, "rows.jsonl"), '{"txt": "first"}\n{"txt": "second"}\n');
 * await using source = await openSource(join(folder, "rows.jsonl"));
 * const written = await writeShards(source, { format: "webdataset", folder: join(folder, "shards") });
 * assert.equal(written.rows, 2);
 * ```
 */
export async function writeShards(source: Source, options: WriteShardsOptions): Promise<WrittenShards> {
  const { folder, shardBytes = 64_000_000, signal } = options;
  const pack = packer(options.compression, options.format);
  if (!Number.isInteger(shardBytes) || shardBytes < 1 || shardBytes > largestShard)
    throw new RangeError(
      explain({
        api: "writeShards",
        action: "use shardBytes",
        received: `got ${shardBytes}`,
        rule: `must be an integer in [1, ${largestShard}]`,
      }),
    );
  if (options.shuffleSeed !== undefined && (source.take === undefined || source.numRows === undefined))
    throw failed(source, `shuffle "${source.location}"`, `${source.format} is read from its beginning only`, {
      rule: "a shuffled order needs rows by number",
      hint: "write shards in order first, and shuffle those",
    });
  const task = taskOf(source, options, shardBytes);
  const notes = await openFolder(folder, task, options.resume ?? true);
  const shards = [...notes.shards];
  let rows = shards.reduce((sum, shard) => sum + shard.samples, 0);
  const resumedRows = rows;
  let sizeBytes = shards.reduce((sum, shard) => sum + shard.sizeBytes, 0);
  if (notes.position === null) {
    const index = join(folder, options.format === "mds" ? mdsIndexName : webdatasetIndexName);
    return { shards: shards.length, rows, sizeBytes, index, resumedRows };
  }

  let format: ShardFormat | undefined;
  let samples: Uint8Array[] = [];
  let shardSize = 0;
  const flush = async (position: number): Promise<void> => {
    if (format === undefined || samples.length === 0) return;
    const shard = await writeShard(folder, format, shards.length, samples, pack);
    shards.push(shard);
    samples = [];
    shardSize = format.overheadBytes;
    rows += shard.samples;
    sizeBytes += shard.sizeBytes;
    await writeNotes(folder, { task, shards, position });
    options.onShard?.({ shards: shards.length, rows, sizeBytes });
    signal?.throwIfAborted();
  };
  const schema = selectFields(source.schema, options.columns);

  // The first row decides how images are named, also for a call that goes on in the middle.
  for await (const { cells } of rowsOf(source, schema, 0, 1, options)) {
    format = formatOf(source, options, schema, cells, shardBytes);
    shardSize = format.overheadBytes;
  }
  for await (const { row, at, cells } of rowsOf(source, schema, notes.position, undefined, options)) {
    if (format === undefined) format = formatOf(source, options, schema, cells, shardBytes);
    let sample: Uint8Array;
    try {
      sample = format.encodeSample(cells, row);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      const hint = messageOf(cause).includes("null")
        ? "WebDataset leaves such fields out, or choose other columns"
        : undefined;
      throw failed(source, `write row ${row}`, messageOf(cause), {
        rule: `${options.format} must have it`,
        hint,
        cause,
      });
    }
    const size = sample.length + format.sampleOverheadBytes;
    if (format.overheadBytes + size > largestShard)
      throw failed(source, `write row ${row}`, `it has ${sample.length} bytes`, { rule: "a shard has less than 2^32" });
    if (shardSize + size > shardBytes) await flush(at);
    samples.push(sample);
    shardSize += size;
  }
  await flush(Number.MAX_SAFE_INTEGER);
  if (format === undefined || shards.length === 0)
    throw failed(source, `write "${folder}"`, `the source has no rows${firstFault(source.faults)}`, {
      rule: "needs at least one",
    });
  const index = join(folder, format.indexName);
  await writeAtomically(index, `${format.encodeIndex(shards)}\n`);
  await writeNotes(folder, { task, shards, position: null });
  return { shards: shards.length, rows, sizeBytes, index, resumedRows };
}

function failed(
  source: Source,
  action: string,
  received: string,
  rest: { rule: string; hint?: string | undefined; cause?: unknown },
): DataError {
  return new DataError(explain({ api: "writeShards", action, received, rule: rest.rule, hint: rest.hint }), {
    source: source.location,
    cause: rest.cause,
  });
}

function taskOf(source: Source, options: WriteShardsOptions, shardBytes: number): string {
  const { format, compression = null, shuffleSeed = null, columns = null } = options;
  const content = JSON.stringify([1, source.fingerprint, format, compression, shuffleSeed, columns, shardBytes]);
  return createHash("sha256").update(content).digest("hex");
}

/** One row: its number in the source, its position in the order, its cells in the order of the schema. */
interface Row {
  readonly row: number;
  readonly at: number;
  readonly cells: readonly Cell[];
}

/** Rows taken at once in a shuffled order. */
const takenRows = 256;

async function* rowsOf(
  source: Source,
  schema: Source["schema"],
  start: number,
  count: number | undefined,
  { shuffleSeed, signal }: WriteShardsOptions,
): AsyncGenerator<Row> {
  const columns = schema.map(({ name }) => name);
  const settings = { columns, ...(signal === undefined ? {} : { signal }) };
  const cellsOf = (table: Table, i: number): Cell[] =>
    columns.map((name) => (table.columns[name] as readonly Cell[])[i] as Cell);
  if (shuffleSeed === undefined) {
    let left = count ?? Number.POSITIVE_INFINITY;
    for await (const slice of source.read({ ...settings, start, ...(count === undefined ? {} : { batchRows: count }) }))
      for (let i = 0; i < slice.numRows; i++) {
        if (left-- <= 0) return;
        const row = slice.rows[i] as number;
        yield { row, at: row, cells: cellsOf(slice, i) };
      }
    return;
  }
  const size = source.numRows as number;
  const order = permutation({ size, seed: shuffleSeed, name: "shards" });
  const end = count === undefined ? size : Math.min(size, start + count);
  for (let at = start; at < end; at += takenRows) {
    const rows = order.fill(at, new Float64Array(Math.min(takenRows, end - at)));
    const { table, kept, faults } = await takeWhole(source, [...rows], settings);
    for (const fault of faults.values()) source.faults.report(fault);
    for (const [i, slot] of kept.entries())
      yield { row: rows[slot] as number, at: at + slot, cells: cellsOf(table, i) };
  }
}

function formatOf(
  source: Source,
  options: WriteShardsOptions,
  schema: Source["schema"],
  first: readonly Cell[],
  shardBytes: number,
): ShardFormat {
  try {
    return options.format === "mds"
      ? mdsFormat(schema, first, shardBytes, options.compression ?? null)
      : webdatasetFormat(schema, first);
  } catch (cause) {
    throw failed(source, `write "${options.folder}"`, messageOf(cause), {
      rule: `${options.format} must have it`,
      cause,
    });
  }
}

async function writeShard(
  folder: string,
  format: ShardFormat,
  number: number,
  samples: readonly Uint8Array[],
  pack: Packer | undefined,
): Promise<WrittenShard> {
  const rawName = format.shardName(number);
  const raw = format.encodeShard(samples);
  const stored = pack === undefined ? raw : await pack.pack(raw);
  const name = pack === undefined ? rawName : `${rawName}.${pack.extension}`;
  const rawHash = createHash("sha256").update(raw).digest("hex");
  await writeAtomically(join(folder, name), stored);
  return {
    name,
    samples: samples.length,
    sizeBytes: stored.length,
    sha256: pack === undefined ? rawHash : createHash("sha256").update(stored).digest("hex"),
    raw: { name: rawName, sizeBytes: raw.length, sha256: rawHash },
  };
}
