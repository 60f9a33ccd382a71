/** Packs as sources: rows in order or by number, every chunk checked against its hash. */

import { createHash } from "node:crypto";
import { DataError, explain, isCameoError, messageOf } from "../../base/errors.ts";
import type { TypedArray } from "../../tensor/dtype.ts";
import { type Fault, FaultLog } from "../fault.ts";
import type { SourceFormat } from "../source/format.ts";
import type { ReadRowsOptions, Source } from "../source/source.ts";
import { faultOf, ReadError } from "../store/read-error.ts";
import type { Store } from "../store/store.ts";
import { type StoreOptions, storeOf } from "../store/store-of.ts";
import type { Cell, Column, Field, Schema, Table, TableSlice } from "../table.ts";
import { decodeColumn } from "./column-codec.ts";
import { longestManifest, manifestName, type PackManifest, type PackPart, parseManifest } from "./pack-manifest.ts";

/** Options of {@link openPack}. */
export interface OpenPackOptions {
  /** Where faults go. @defaultValue a new log with the policy "quarantine" */
  readonly faults?: FaultLog;
  /** How a remote pack is reached. */
  readonly store?: StoreOptions;
  /** Most bytes that a part of a column may expand to. @defaultValue 1 GiB */
  readonly maxBytes?: number;
}

/** See {@link SourceFormat}. */
export const cameoPack: SourceFormat = {
  name: "cameo-pack",
  detect: (_, entries, head) =>
    entries.some(({ location }) => nameOf(location) === manifestName) &&
    (entries.length > 1 || new TextDecoder().decode(head).includes(`"cameo-pack"`)) &&
    entries.every(({ location }) => nameOf(location) === manifestName || /^rows-\d{6,}\.bin$/.test(nameOf(location))),
  open: ({ location, entries, store, faults }) => {
    const manifest = entries.find((entry) => nameOf(entry.location) === manifestName)?.location ?? manifestName;
    return readPack(location, manifest.slice(0, manifest.length - manifestName.length), store, faults);
  },
};

const nameOf = (location: string): string => location.split(/[\\/]/).at(-1) ?? "";

/**
 * Opens a pack: reads its manifest, no rows.
 *
 * Rows of a part whose hash is wrong are left out and reported with the code "checksum".
 *
 * @param location - Folder, `https://` or `s3://` prefix.
 * @param options - See {@link OpenPackOptions}.
 * @returns The source; it can `take` rows by number.
 * @throws DataError if there is no manifest, or it is damaged.
 *
 * @example One column of a pack
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, rm, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openPack, packSource } from "cameo/data/codec";
 * import { openSource } from "cameo/data/source";
 *
 * const folder = await mkdtemp(join(tmpdir(), "pack-"));
 * await writeFile(join(folder, "rows.csv"), "name,size\nant,1\nbee,2\n");
 * await using source = await openSource(join(folder, "rows.csv"));
 * await packSource(source, join(folder, "packed"), { workers: 0 });
 * await using pack = await openPack(join(folder, "packed"));
 * const names: unknown[] = [];
 * for await (const { columns } of pack.read({ columns: ["name"] })) names.push(...(columns.name as string[]));
 * assert.deepEqual(names, ["ant", "bee"]);
 * await rm(folder, { recursive: true });
 * ```
 */
export function openPack(location: string, options: OpenPackOptions = {}): Promise<Source> {
  const { faults = new FaultLog(), store, maxBytes } = options;
  const folder = location.endsWith("/") ? location : `${location}/`;
  return readPack(location, folder, storeOf(location, store), faults, maxBytes);
}

async function readPack(
  location: string,
  folder: string,
  store: Store,
  faults: FaultLog,
  maxBytes = 2 ** 30,
): Promise<Source> {
  const path = `${folder}${manifestName}`;
  const { sizeBytes } = await store.head(path);
  if (sizeBytes > longestManifest)
    throw refusal(path, `it has ${sizeBytes} bytes`, `at most ${longestManifest} are read`);
  const bytes = await store.read(path);
  let manifest: PackManifest;
  try {
    manifest = parseManifest(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    const reason = messageOf(cause).replace(/\s+/g, " ").slice(0, 200);
    throw refusal(path, `it is no manifest (${reason})`, "must be one that packSource wrote", cause);
  }
  const hash = createHash("sha256").update(bytes).digest("hex");
  return new PackSource({ location, folder, store, faults, manifest, maxBytes, fingerprint: `cameo-pack:${hash}` });
}

function refusal(path: string, received: string, rule: string, cause?: unknown): DataError {
  return new DataError(explain({ api: "openPack", action: `read "${path}"`, received, rule }), { source: path, cause });
}

interface Pack {
  readonly location: string;
  readonly folder: string;
  readonly store: Store;
  readonly faults: FaultLog;
  readonly manifest: PackManifest;
  readonly maxBytes: number;
  readonly fingerprint: string;
}

/** A part with the number of its first row. */
interface PlacedPart {
  readonly part: PackPart;
  readonly first: number;
}

class PackSource implements Source {
  readonly format = "cameo-pack";
  readonly location: string;
  readonly files: Source["files"];
  readonly schema: Schema;
  readonly numRows: number;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  readonly faults: FaultLog;
  readonly #pack: Pack;
  readonly #parts: readonly PlacedPart[];
  /** The part that was read last, by column: rows are often taken from the same. */
  #recent: { readonly first: number; readonly columns: Map<string, Promise<Column>> } | undefined;

  constructor(pack: Pack) {
    const { manifest } = pack;
    this.#pack = pack;
    this.location = pack.location;
    this.fingerprint = pack.fingerprint;
    this.faults = pack.faults;
    this.schema = manifest.schema;
    this.numRows = manifest.numRows;
    this.files = manifest.parts.map(({ file, sizeBytes, numRows }) => ({
      location: `${pack.folder}${file}`,
      sizeBytes,
      numRows,
    }));
    this.sizeBytes = manifest.parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    let first = 0;
    this.#parts = manifest.parts.map((part) => {
      first += part.numRows;
      return { part, first: first - part.numRows };
    });
  }

  async *read(options: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
    const { start = 0, end = this.numRows, batchRows = 1024, signal } = options;
    const fields = this.#fields(options.columns);
    for (const { part, first } of this.#parts) {
      const [from, to] = [Math.max(start, first), Math.min(end, first + part.numRows)];
      if (from >= to) continue;
      signal?.throwIfAborted();
      let columns: readonly Column[];
      try {
        columns = await this.#columns({ part, first }, fields, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const fault = faultOf(error, `${this.#pack.folder}${part.file}`, "decode");
        this.faults.report({ row: first, numRows: part.numRows, ...fault }, error);
        continue;
      }
      for (let row = from; row < to; row += batchRows) {
        const last = Math.min(to, row + batchRows);
        const cut = (column: Column): Column => sliceRows(column, part.numRows, row - first, last - first);
        yield {
          numRows: last - row,
          rows: Float64Array.from({ length: last - row }, (_, i) => row + i),
          columns: Object.fromEntries(fields.map(({ name }, i) => [name, cut(columns[i] as Column)])),
        };
      }
    }
  }

  async take(rows: readonly number[], options: Pick<ReadRowsOptions, "columns" | "signal"> = {}): Promise<Table> {
    const fields = this.#fields(options.columns);
    const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= this.numRows);
    if (wrong !== undefined)
      throw new RangeError(
        explain({
          api: "take",
          action: `take row ${wrong}`,
          received: `there are ${this.numRows} rows`,
          rule: "must be one of them",
        }),
      );
    const places = new Map<PlacedPart, number[]>();
    rows.forEach((row, i) => {
      const placed = this.#partOf(row);
      const list = places.get(placed) ?? [];
      list.push(i);
      places.set(placed, list);
    });
    const cells = fields.map((): unknown[] => []);
    let samples: readonly Column[] = [];
    for (const [placed, list] of places) {
      samples = await this.#columns(placed, fields, options.signal);
      for (const [c, column] of samples.entries()) {
        const width = column.length / placed.part.numRows;
        for (const i of list)
          for (let part = 0; part < width; part++)
            (cells[c] as unknown[])[i * width + part] = column[((rows[i] as number) - placed.first) * width + part];
      }
    }
    const columns = fields.map(({ name }, c) => [name, likeColumn(samples[c], cells[c] as Cell[])] as const);
    return { numRows: rows.length, columns: Object.fromEntries(columns) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#recent = undefined;
    return Promise.resolve();
  }

  #fields(names: readonly string[] | undefined): readonly Field[] {
    if (names === undefined) return this.schema;
    return names.map((name) => {
      const field = this.schema.find((each) => each.name === name);
      if (field === undefined) {
        const known = this.schema.map((each) => each.name).join(", ");
        throw refusal(this.location, `there is no column "${name}"`, `must be one of ${known}`);
      }
      return field;
    });
  }

  #partOf(row: number): PlacedPart {
    let [low, high] = [0, this.#parts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#parts[middle] as PlacedPart).first <= row) low = middle;
      else high = middle - 1;
    }
    return this.#parts[low] as PlacedPart;
  }

  #columns({ part, first }: PlacedPart, fields: readonly Field[], signal: AbortSignal | undefined): Promise<Column[]> {
    if (this.#recent?.first !== first) this.#recent = { first, columns: new Map() };
    const { columns } = this.#recent;
    return Promise.all(
      fields.map((field) => {
        const known = columns.get(field.name) ?? this.#column(part, field, signal);
        columns.set(field.name, known);
        known.catch(() => columns.delete(field.name));
        return known;
      }),
    );
  }

  async #column(part: PackPart, field: Field, signal: AbortSignal | undefined): Promise<Column> {
    const { store, folder, maxBytes } = this.#pack;
    const source = `${folder}${part.file}`;
    const { start, sizeBytes, sha256 } = part.chunks[this.schema.indexOf(field)] as PackPart["chunks"][number];
    const bytes = await store.read(source, {
      start,
      end: start + sizeBytes,
      ...(signal === undefined ? {} : { signal }),
    });
    const fault = (code: Fault["code"], detail: string, cause?: unknown): ReadError =>
      new ReadError({ code, source, byte: start, detail }, "must be as packSource wrote it", { cause });
    if (bytes.length !== sizeBytes)
      throw fault("truncated", `${bytes.length} of ${sizeBytes} bytes of column "${field.name}"`);
    if (createHash("sha256").update(bytes).digest("hex") !== sha256)
      throw fault("checksum", `column "${field.name}" has another SHA-256 than the manifest`);
    try {
      const column = decodeColumn(bytes, field, { maxBytes });
      if (column.length % part.numRows === 0 && column.length > 0) return column;
      throw fault("shape", `column "${field.name}" has ${column.length} values for ${part.numRows} rows`);
    } catch (error) {
      if (isCameoError(error, "codec")) throw fault("decode", messageOf(error), error);
      throw error;
    }
  }
}

/** Rows of a column; a row of complex numbers is two elements. */
function sliceRows(column: Column, numRows: number, from: number, to: number): Column {
  const width = column.length / numRows;
  return column.slice(from * width, to * width) as Column;
}

/** Cells as a column of the same kind. */
function likeColumn(sample: Column | undefined, cells: readonly Cell[]): Column {
  if (!ArrayBuffer.isView(sample)) return cells;
  return (sample.constructor as { from(values: readonly unknown[]): TypedArray } & (new () => TypedArray)).from(cells);
}
