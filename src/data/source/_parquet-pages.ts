/**
 * Checks the pages of a column before hyparquet decodes them. It takes the lengths of runs as they stand in the file: one damaged byte
 * can ask for two thousand million values, and the thread is gone.
 */

import { parquetHeader } from "hyparquet/src/column.js";
import type { ColumnMetaData, PageHeader, SchemaTree } from "hyparquet/src/types.js";

/** Most values of a page: a row group of one repeated value may be one page. */
const mostPageValues = 2 ** 26;

/** Pages that were unpacked for the check, by where they lie in a chunk; decoding takes them from here. */
export class UnpackedPages {
  readonly #pages = new WeakMap<ArrayBufferLike, Map<number, Uint8Array>>();

  /** What `unpack` makes of packed bytes, once. */
  once(packed: Uint8Array, unpack: () => Uint8Array, isLast: boolean): Uint8Array {
    const own = this.#pages.get(packed.buffer) ?? new Map<number, Uint8Array>();
    this.#pages.set(packed.buffer, own);
    const known = own.get(packed.byteOffset);
    if (isLast) own.delete(packed.byteOffset);
    else if (known === undefined) own.set(packed.byteOffset, unpack());
    return known ?? own.get(packed.byteOffset) ?? unpack();
  }
}

/** The deepest levels of a column: how often it repeats, and how often it may be missing. */
export function levelsOf(path: readonly SchemaTree[]): { readonly repetition: number; readonly definition: number } {
  let repetition = 0;
  let definition = 0;
  for (const { element } of path.slice(1)) {
    if (element.repetition_type === "REPEATED") repetition++;
    if (element.repetition_type !== "REQUIRED") definition++;
  }
  return { repetition, definition };
}

/**
 * Checks pages.
 *
 * @param buffer - Pages one after the other, from a header on.
 * @param chunk - The column they belong to.
 * @param levels - See {@link levelsOf}.
 * @param unpack - Unpacks a page.
 * @throws RangeError for a page that says what cannot be.
 */
export function checkPages(
  buffer: ArrayBuffer,
  chunk: ColumnMetaData,
  levels: ReturnType<typeof levelsOf>,
  unpack: (packed: Uint8Array, sizeBytes: number) => Uint8Array,
): void {
  const reader = { view: new DataView(buffer), offset: 0 };
  while (reader.offset < buffer.byteLength - 1) {
    const header = parquetHeader(reader);
    const sizeBytes = header.compressed_page_size;
    if (!(sizeBytes >= 0 && reader.offset + sizeBytes <= buffer.byteLength))
      throw new RangeError(`a page of ${sizeBytes} bytes, where ${buffer.byteLength - reader.offset} are left`);
    checkPage(header, new Uint8Array(buffer, reader.offset, sizeBytes), chunk, levels, unpack);
    reader.offset += sizeBytes;
  }
}

function checkPage(
  header: PageHeader,
  bytes: Uint8Array,
  chunk: ColumnMetaData,
  levels: ReturnType<typeof levelsOf>,
  unpack: (packed: Uint8Array, sizeBytes: number) => Uint8Array,
): void {
  const { data_page_header: first, data_page_header_v2: second, dictionary_page_header: dictionary } = header;
  const numValues = (first ?? second ?? dictionary)?.num_values ?? 0;
  if (!(numValues >= 0 && numValues <= mostPageValues && (dictionary !== undefined || numValues <= chunk.num_values)))
    throw new RangeError(`a page of ${numValues} values in a column of ${chunk.num_values}`);
  const widths = [levels.repetition, levels.definition].map((level) => 32 - Math.clz32(level));
  if (second !== undefined) {
    let at = 0;
    const lengths = [second.repetition_levels_byte_length, second.definition_levels_byte_length];
    for (const [i, width] of widths.entries()) {
      if (width > 0) checkRuns(bytes, at, width, numValues);
      const length = lengths[i];
      if (!(length !== undefined && length >= 0 && at + length <= bytes.length))
        throw new RangeError(`levels of ${length} bytes in a page of ${bytes.length}`);
      at += length;
    }
    if (!(second.num_nulls >= 0 && second.num_nulls <= numValues))
      throw new RangeError(`${second.num_nulls} nulls among ${numValues} values`);
    const values = bytes.subarray(at);
    const sizeBytes = header.uncompressed_page_size - at;
    checkIndices(
      second.encoding,
      second.is_compressed === false ? values : unpack(values, sizeBytes),
      0,
      chunk,
      numValues,
    );
  } else if (first !== undefined) {
    const page = unpack(bytes, header.uncompressed_page_size);
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    let at = 0;
    for (const width of widths) {
      if (width === 0) continue;
      checkRuns(page, at + 4, width, numValues);
      at += 4 + view.getUint32(at, true);
    }
    checkIndices(first.encoding, page, at, chunk, numValues);
  }
}

/** Checks the indices into a dictionary. Nulls have none, so there may be fewer than values. */
function checkIndices(encoding: string, page: Uint8Array, at: number, chunk: ColumnMetaData, numValues: number): void {
  const isBoolean = chunk.type === "BOOLEAN";
  if (!(encoding.endsWith("_DICTIONARY") || (encoding === "RLE" && isBoolean)) || at >= page.length) return;
  if (isBoolean) checkRuns(page, at + 4, 1, numValues, true);
  else checkRuns(page, at + 1, page[at] as number, numValues, true);
}

/** Checks that runs make as many values as they should, and no more. */
function checkRuns(bytes: Uint8Array, start: number, width: number, numValues: number, mayEnd = false): void {
  let at = start;
  for (let seen = 0; seen < numValues; ) {
    let header = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      if (at >= bytes.length || shift > 28) {
        if (mayEnd && at >= bytes.length) return;
        throw new RangeError(`runs that end after ${seen} of ${numValues} values`);
      }
      byte = bytes[at++] as number;
      header += (byte & 0x7f) * 2 ** shift;
    }
    const isPacked = header % 2 === 1;
    const count = Math.floor(header / 2) * (isPacked ? 8 : 1);
    // A packed run is padded, by some writers to more than eight values.
    if (count > numValues - seen + (isPacked ? 1024 : 0))
      throw new RangeError(`a run of ${count} values of ${numValues}`);
    at += isPacked ? (count / 8) * width : Math.ceil(width / 8);
    seen += count;
  }
}
