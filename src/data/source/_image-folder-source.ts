/** Rows of image files, read when they are asked for. */

import { explain, messageOf } from "../../base/errors.ts";
import { ImageError } from "../codec/image-error.ts";
import { type ImageInfo, imageInfo } from "../codec/image-info.ts";
import { mostPixels } from "../codec/most-pixels.ts";
import type { Fault, FaultLog } from "../fault.ts";
import { faultOf, ReadError } from "../store/read-error.ts";
import type { Store, StoreEntry } from "../store/store.ts";
import type { Column, Field, Schema, Table, TableSlice } from "../table.ts";
import { columnIndices, fingerprintOf } from "./_record-source.ts";
import { pickRows } from "./pick-rows.ts";
import type { ReadRowsOptions, Source } from "./source.ts";

/** An image file. */
export interface ImageRow {
  readonly entry: StoreEntry;
  /** Its path below the folder. */
  readonly name: string;
}

/** What an {@link ImageFolderSource} is made of. */
export interface ImageFolderParts {
  readonly location: string;
  readonly store: Store;
  readonly faults: FaultLog;
  readonly rows: readonly ImageRow[];
  /** Columns besides those of the image itself, with a value for each row. */
  readonly fields: readonly Field[];
  readonly columns: Readonly<Record<string, Column>>;
  /** Most bytes of a file. */
  readonly maxRowBytes?: number;
}

/** Most bytes of a table. */
const tableBytes = 2 ** 26;
/** Bytes in which the header of an image is looked for first; where it is longer, the file is read. */
const headBytes = 8192;
/** Files read at the same time. */
const inFlight = 16;

const imageFields: Schema = [
  { name: "image", type: "image", nullable: false },
  { name: "file_name", type: "string", nullable: false },
  { name: "width", type: "int32", nullable: false },
  { name: "height", type: "int32", nullable: false },
];

/** One row, or why there is none. */
type Loaded = { readonly bytes: Uint8Array; readonly info: ImageInfo | undefined } | { readonly fault: Fault };

/** See the top of the file. */
export class ImageFolderSource implements Source {
  readonly format = "image-folder";
  readonly location: string;
  readonly files: Source["files"];
  readonly schema: Schema;
  readonly numRows: number;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  readonly faults: FaultLog;
  readonly #parts: ImageFolderParts;

  constructor(parts: ImageFolderParts) {
    const { rows } = parts;
    this.#parts = parts;
    this.location = parts.location;
    this.files = rows.map(({ entry: { location, sizeBytes } }) => ({ location, sizeBytes, numRows: 1 }));
    this.schema = [...imageFields, ...parts.fields];
    this.numRows = rows.length;
    this.sizeBytes = rows.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
    this.fingerprint = fingerprintOf(
      rows.map(({ entry, name }) => ({ ...entry, location: name.replaceAll("/", ":") })),
    );
    this.faults = parts.faults;
  }

  async *read(options: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
    const { start = 0, end = this.numRows, batchRows = 1024, signal } = options;
    const names = this.#names(options.columns);
    const { rows } = this.#parts;
    const last = Math.min(end, this.numRows);
    const bytesOf = (row: number): number =>
      names.includes("image") ? (rows[row] as ImageRow).entry.sizeBytes : headBytes;
    for (let first = start, next = start; first < last; first = next) {
      let bytes = 0;
      while (next < last && next - first < batchRows && (next === first || bytes + bytesOf(next) <= tableBytes)) {
        bytes += bytesOf(next);
        next++;
      }
      const wanted = Array.from({ length: next - first }, (_, i) => first + i);
      const loaded = await this.#load(wanted, names, signal);
      const sound = wanted.filter((row, i) => {
        const each = loaded[i] as Loaded;
        if ("fault" in each) this.faults.report({ ...each.fault, row });
        return !("fault" in each);
      });
      if (sound.length === 0) continue;
      const table = this.#table(
        names,
        sound,
        loaded.filter((each) => !("fault" in each)),
      );
      yield { ...table, rows: Float64Array.from(sound) };
    }
  }

  async take(rows: readonly number[], options: Pick<ReadRowsOptions, "columns" | "signal"> = {}): Promise<Table> {
    const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= this.numRows);
    if (wrong !== undefined) {
      const received = `there are ${this.numRows} rows`;
      throw new RangeError(explain({ api: "take", action: `take row ${wrong}`, received, rule: "must be one" }));
    }
    const names = this.#names(options.columns);
    const loaded = await this.#load(rows, names, options.signal);
    for (const [i, each] of loaded.entries()) {
      if ("fault" in each) throw new ReadError({ ...each.fault, row: rows[i] as number }, "must be a sound image");
    }
    return this.#table(names, rows, loaded);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #names(columns: readonly string[] | undefined): readonly string[] {
    return columnIndices(this.schema, columns).map((index) => (this.schema[index] as Field).name);
  }

  /** Reads as little as the columns need: whole files, heads, or nothing. */
  async #load(rows: readonly number[], names: readonly string[], signal: AbortSignal | undefined): Promise<Loaded[]> {
    const loaded: Loaded[] = new Array(rows.length);
    const isWhole = names.includes("image");
    const isNeeded = isWhole || names.includes("width") || names.includes("height");
    const jobs = rows.entries();
    const work = async (): Promise<void> => {
      for (const [i, row] of jobs) {
        signal?.throwIfAborted();
        const { entry } = this.#parts.rows[row] as ImageRow;
        loaded[i] = isNeeded
          ? await this.#loadFile(entry, isWhole, signal)
          : { bytes: new Uint8Array(), info: undefined };
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
    return loaded;
  }

  async #loadFile({ location, sizeBytes }: StoreEntry, isWhole: boolean, signal?: AbortSignal): Promise<Loaded> {
    const { store, maxRowBytes = 2 ** 26 } = this.#parts;
    const range = signal === undefined ? {} : { signal };
    try {
      if (sizeBytes > maxRowBytes) {
        const detail = `${sizeBytes} bytes, the limit is ${maxRowBytes}`;
        return { fault: { code: "image-size", source: location, detail } };
      }
      if (!isWhole && sizeBytes > headBytes) {
        const head = await store.read(location, { ...range, end: headBytes });
        const info = headInfo(head);
        if (info !== undefined) return { bytes: head, info: believable(info) };
      }
      const bytes = await store.read(location, range);
      const info = believable(imageInfo(bytes));
      if (info.complete) return { bytes, info };
      const detail = `the ${info.format.toUpperCase()} ends before its image does`;
      return { fault: { code: "truncated", source: location, byte: bytes.length, detail } };
    } catch (error) {
      if (error instanceof ImageError)
        return { fault: { code: error.fault, source: location, detail: messageOf(error).split("\n")[0] ?? "" } };
      if (error instanceof ReadError) return { fault: faultOf(error, location, "decode") };
      throw error;
    }
  }

  #table(names: readonly string[], rows: readonly number[], loaded: readonly Loaded[]): Table {
    const parts = this.#parts;
    const described = pickRows({ numRows: this.numRows, columns: parts.columns, rows: new Float64Array() }, rows);
    const infoOf = (each: Loaded | undefined): ImageInfo => (each as { info: ImageInfo }).info;
    const column = (name: string): Column => {
      if (name === "image") return loaded.map((each) => (each as { bytes: Uint8Array }).bytes);
      if (name === "file_name") return rows.map((row) => (parts.rows[row] as ImageRow).name);
      if (name === "width") return Int32Array.from(loaded, (each) => infoOf(each).width);
      if (name === "height") return Int32Array.from(loaded, (each) => infoOf(each).height);
      return described.columns[name] as Column;
    };
    return { numRows: rows.length, columns: Object.fromEntries(names.map((name) => [name, column(name)])) };
  }
}

/** The same, unless it claims more pixels than anything that decodes it would make. */
function believable(info: ImageInfo): ImageInfo {
  const { width, height } = info;
  if (width * height <= mostPixels) return info;
  throw new ImageError("image-size", `it says that it has ${width} x ${height} pixels, the limit is ${mostPixels}`);
}

/** What the head of a file says, or undefined where it takes more of the file to tell. */
function headInfo(head: Uint8Array): ImageInfo | undefined {
  try {
    return imageInfo(head);
  } catch (error) {
    if (error instanceof ImageError && error.fault === "truncated") return undefined;
    throw error;
  }
}
