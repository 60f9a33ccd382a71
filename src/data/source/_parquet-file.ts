/** One Parquet file: its footer, and ranges of rows of its columns. */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  type AsyncBuffer,
  type Compressors,
  type DecodedArray,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { getTreePath } from "hyparquet/src/schema.js";
import { compressors } from "hyparquet-compressors";
import { messageOf } from "../../base/errors.ts";
import { ReadError } from "../store/read-error.ts";
import type { Store, StoreEntry } from "../store/store.ts";
import type { Schema } from "../table.ts";
import { parquetParsers } from "./_parquet-columns.ts";
import { checkPages, levelsOf, UnpackedPages } from "./_parquet-pages.ts";
import { packedColumns, parquetFields } from "./_parquet-schema.ts";

/** Most bytes of a page, unpacked: writers make pages of a megabyte. */
const mostPageBytes = 2 ** 28;

/** Refuses what no honest writer makes, before it is allocated. */
function bounded(unpack: (input: Uint8Array, outputLength: number) => Uint8Array) {
  return (input: Uint8Array, outputLength: number, isCheck = false): Uint8Array => {
    if (outputLength >= 0 && outputLength <= mostPageBytes)
      return pages.once(input, () => unpack(input, outputLength), !isCheck);
    throw new RangeError(`a page of ${outputLength} bytes; at most ${mostPageBytes} are read`);
  };
}

const pages = new UnpackedPages();

/** Native codecs where Node has them. */
const unpackers: Compressors = Object.fromEntries(
  Object.entries({
    ...compressors,
    GZIP: (input: Uint8Array, maxOutputLength: number) => gunzipSync(input, { maxOutputLength }),
    BROTLI: (input: Uint8Array, maxOutputLength: number) => brotliDecompressSync(input, { maxOutputLength }),
    ZSTD: (input: Uint8Array, maxOutputLength: number) => zstdDecompressSync(input, { maxOutputLength }),
  }).map(([codec, unpack]) => [codec, bounded(unpack as (input: Uint8Array, outputLength: number) => Uint8Array)]),
);

/** Of a page that is not packed. */
function unpackAsIs(packed: Uint8Array, _sizeBytes: number, _isCheck: boolean): Uint8Array {
  return packed;
}

/** A run of rows that is stored together. */
export interface RowGroup {
  /** Row of the file. */
  readonly start: number;
  readonly numRows: number;
  /** Unpacked. */
  readonly sizeBytes: number;
}

/** See the top of the file. */
export class ParquetFile {
  readonly entry: StoreEntry;
  readonly metadata: FileMetaData;
  readonly schema: Schema;
  /** Columns of structs `{ bytes, path }` of which only the bytes are data. */
  readonly packed: ReadonlySet<string>;
  readonly groups: readonly RowGroup[];
  readonly numRows: number;
  readonly #store: Store;

  private constructor(store: Store, entry: StoreEntry, metadata: FileMetaData) {
    this.#store = store;
    this.entry = entry;
    this.metadata = metadata;
    this.schema = parquetFields(metadata);
    this.packed = new Set(packedColumns(metadata).keys());
    let start = 0;
    this.groups = metadata.row_groups.map(({ num_rows, total_byte_size }) => {
      const group = { start, numRows: Number(num_rows), sizeBytes: Number(total_byte_size) };
      start += group.numRows;
      return group;
    });
    this.numRows = start;
  }

  /** Reads the footer. Throws ReadError for what is no Parquet file, or only the beginning of one. */
  static async open(store: Store, entry: StoreEntry): Promise<ParquetFile> {
    const { location: source, sizeBytes } = entry;
    const fail = (code: "empty" | "truncated" | "syntax", detail: string, cause?: unknown): never => {
      throw new ReadError({ code, source, detail }, "must be a Parquet file", { cause });
    };
    if (sizeBytes === 0) fail("empty", "it has no bytes");
    const head = Buffer.from(await store.read(source, { end: Math.min(4, sizeBytes) })).toString("latin1");
    if (head !== "PAR1") fail("syntax", "it does not begin like a Parquet file");
    if (sizeBytes < 12) fail("truncated", `it has ${sizeBytes} bytes`);
    const tail = Buffer.from(await store.read(source, { start: sizeBytes - 4, end: sizeBytes })).toString("latin1");
    if (tail !== "PAR1") fail("truncated", "it does not end like a Parquet file");
    let metadata: FileMetaData;
    try {
      metadata = await parquetMetadataAsync(bufferOf(store, entry), { parsers: parquetParsers });
      const leaves = leafPaths(parquetSchema(metadata));
      for (const group of metadata.row_groups) checkGroup(group, leaves, sizeBytes);
      return new ParquetFile(store, entry, metadata);
    } catch (error) {
      if (error instanceof ReadError) throw error;
      return fail("syntax", `its footer is damaged: ${messageOf(error)}`, error);
    }
  }

  /** Decoded values of columns in rows of one group. Where the file has an index of pages, only theirs are read. */
  async read(columns: readonly string[], start: number, end: number, signal?: AbortSignal): Promise<DecodedArray[]> {
    const file = bufferOf(this.#store, this.entry, signal, (bytes, at) => this.#checked(bytes, at));
    const scan = await parquetScan({
      file,
      metadata: this.metadata,
      columns: [...columns],
      compressors: unpackers,
      parsers: parquetParsers,
      utf8: false,
    });
    const decoded: DecodedArray[] = [];
    for (const column of columns) {
      signal?.throwIfAborted();
      const values = await scan.readColumn({ column, rowStart: start, rowEnd: end });
      if (values.length !== end - start)
        throw new RangeError(`column "${column}" holds ${values.length} of ${end - start} rows`);
      decoded.push(values);
    }
    return decoded;
  }

  /** Checks bytes of a column if they begin with a page; indices of pages and the like pass. */
  #checked(bytes: ArrayBuffer, start: number): ArrayBuffer {
    for (const { columns } of this.metadata.row_groups)
      for (const { meta_data: chunk } of columns) {
        if (chunk === undefined) continue;
        const first = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
        const isOwn = start >= first && start + bytes.byteLength <= first + Number(chunk.total_compressed_size);
        if (!isOwn) continue;
        const unpack = unpackers[chunk.codec] as typeof unpackAsIs | undefined;
        const path = getTreePath(parquetSchema(this.metadata), chunk.path_in_schema);
        checkPages(bytes, chunk, levelsOf(path), (packed, size) => (unpack ?? unpackAsIs)(packed, size, true));
        return bytes;
      }
    return bytes;
  }

  /** Whether rows in the middle of a group can be read without all before them. */
  get hasPageIndex(): boolean {
    return this.metadata.row_groups.every(({ columns }) => columns.every((column) => column.offset_index_offset));
  }
}

/** Paths of the columns that hold values. */
function leafPaths({ path, children }: SchemaTree): string[] {
  return children.length === 0 ? [JSON.stringify(path)] : children.flatMap(leafPaths);
}

/** Refuses a row group whose columns are not those of the schema, or do not lie in the file. */
function checkGroup(
  { num_rows, columns }: FileMetaData["row_groups"][number],
  leaves: readonly string[],
  sizeBytes: number,
): void {
  const paths = new Set(columns.map(({ meta_data }) => JSON.stringify(meta_data?.path_in_schema)));
  if (columns.length !== leaves.length || !leaves.every((leaf) => paths.has(leaf)))
    throw new RangeError("a row group has other columns than the schema");
  const isIn = (start: bigint | number | undefined, length: bigint | number | undefined): boolean =>
    Number(start) >= 4 && Number(length) >= 0 && Number(start) + Number(length) <= sizeBytes;
  const areIn = columns.every(({ meta_data: chunk, offset_index_offset: index, offset_index_length: indexLength }) => {
    if (chunk === undefined) return false;
    const { data_page_offset, dictionary_page_offset, total_compressed_size } = chunk;
    return (
      isIn(dictionary_page_offset || data_page_offset, total_compressed_size) &&
      isIn(data_page_offset, 0) &&
      (!index || isIn(index, indexLength))
    );
  });
  if (typeof num_rows !== "bigint" || num_rows < 0n || num_rows > 0x7fffffffn || !areIn)
    throw new RangeError("a row group lies outside of the file");
}

/** Looks at bytes before they are decoded; `start` is where they lie in the file. */
type Check = (bytes: ArrayBuffer, start: number) => ArrayBuffer;

function bufferOf(store: Store, entry: StoreEntry, signal?: AbortSignal, check?: Check): AsyncBuffer {
  const slice = async (start: number, end: number): Promise<ArrayBuffer> => {
    if (!(start >= 0 && start <= end && end <= entry.sizeBytes))
      throw new RangeError(`bytes ${start} to ${end} of ${entry.sizeBytes}`);
    const bytes = await store.read(entry.location, { start, end, ...(signal === undefined ? {} : { signal }) });
    return bytes.buffer.byteLength === bytes.length ? bytes.buffer : bytes.slice().buffer;
  };
  return {
    byteLength: entry.sizeBytes,
    slice: (start, end = entry.sizeBytes) => {
      const bytes = check === undefined ? slice(start, end) : slice(start, end).then((found) => check(found, start));
      // hyparquet asks for ranges ahead and forgets them when another fails; Node ends the process for a rejection that nobody sees.
      bytes.catch(() => undefined);
      return bytes;
    },
  };
}
