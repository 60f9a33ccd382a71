/** Writes rows as JSONL, CSV or Parquet. */

import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGzip, createZstdCompress } from "node:zlib";
import { explain } from "../../base/errors.ts";
import { storeOf } from "../store/store-of.ts";
import type { Schema, Table } from "../table.ts";
import { parquetBytes } from "./_parquet-writer.ts";
import { csvLines, jsonLines } from "./_text-writers.ts";
import { hasExtension } from "./format.ts";

/** Options of {@link writeTable}. */
export interface WriteTableOptions {
  /** Most rows of a row group in Parquet; fewer come where a group reaches 64 MiB. @defaultValue 100,000 */
  readonly rowGroupRows?: number;
  /** Stops the writing with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a schema and its rows become bytes. */
type Writer = (schema: Schema, tables: AsyncIterable<Table>, options: WriteTableOptions) => AsyncIterable<Uint8Array>;

const writers: readonly (readonly [extensions: readonly string[], writer: Writer])[] = [
  [[".jsonl", ".ndjson"], (schema, tables) => jsonLines(schema, tables)],
  [[".csv"], (schema, tables) => csvLines(schema, tables, ",")],
  [[".tsv"], (schema, tables) => csvLines(schema, tables, "\t")],
  [[".parquet"], (schema, tables, { rowGroupRows = 100_000 }) => parquetBytes(schema, tables, rowGroupRows)],
];

/**
 * Writes tables to one file or object, which appears when all of it is written.
 *
 * The extension names the format: `.jsonl`, `.csv`, `.tsv`, `.parquet`; JSONL and CSV are packed if `.gz` or `.zst` follows. Parquet keeps
 * types, bytes and nulls; in JSONL bytes are base64 and 64-bit integers are digits, in CSV lists and objects are JSON.
 *
 * @param location - Path or `s3://` location.
 * @param schema - Columns, in order.
 * @param tables - Rows; each table has all columns.
 * @param options - See {@link WriteTableOptions}.
 * @returns Rows and bytes that were written.
 * @throws RangeError for an extension that names no format.
 *
 * @example From JSONL to Parquet
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openSource, writeTable } from "cameo/data/source";
 *
 * const folder = await mkdtemp(join(tmpdir(), "write-"));
 * await writeFile(join(folder, "a.jsonl"), '{"word":"one","n":1}\n{"word":"two","n":2}\n');
 * await using source = await openSource(join(folder, "a.jsonl"));
 * const { numRows } = await writeTable(join(folder, "a.parquet"), source.schema, source.read());
 * assert.equal(numRows, 2);
 * await using copy = await openSource(join(folder, "a.parquet"));
 * assert.deepEqual((await Array.fromAsync(copy.read()))[0]?.columns, {
 *   word: ["one", "two"],
 *   n: Float64Array.of(1, 2),
 * });
 * ```
 */
export async function writeTable(
  location: string,
  schema: Schema,
  tables: AsyncIterable<Table>,
  options: WriteTableOptions = {},
): Promise<{ numRows: number; sizeBytes: number }> {
  const writer = writers.find(([extensions]) => hasExtension(location, extensions))?.[1];
  const packing = /\.(gz|zst)$/i.exec(location)?.[1]?.toLowerCase();
  if (writer === undefined || (packing !== undefined && hasExtension(location, [".parquet"])))
    throw new RangeError(
      explain({
        api: "writeTable",
        action: `write "${location}"`,
        received: "its extension names no format",
        rule: "must be .jsonl, .csv, .tsv (each also with .gz or .zst) or .parquet",
      }),
    );
  const store = storeOf(location);
  if (store.write === undefined)
    throw new RangeError(
      explain({
        api: "writeTable",
        action: `write "${location}"`,
        received: "got a web address",
        rule: "must be a path or s3://",
      }),
    );
  let numRows = 0;
  async function* counted(): AsyncGenerator<Table> {
    for await (const table of tables) {
      options.signal?.throwIfAborted();
      numRows += table.numRows;
      yield table;
    }
  }
  let sizeBytes = 0;
  async function* measured(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      sizeBytes += piece.length;
      yield piece;
    }
  }
  const plain = writer(schema, counted(), options);
  await store.write(location, measured(packing === undefined ? plain : packed(plain, packing)), options.signal);
  return { numRows, sizeBytes: store.kind === "file" ? (await stat(location)).size : sizeBytes };
}

/** Packs a stream. */
async function* packed(bytes: AsyncIterable<Uint8Array>, packing: string): AsyncGenerator<Uint8Array> {
  const engine = packing === "gz" ? createGzip() : createZstdCompress();
  const source = Readable.from(bytes);
  source.on("error", (error) => engine.destroy(error));
  yield* source.pipe(engine) as AsyncIterable<Uint8Array>;
}
