/** NumPy's `.npy` files: one array each, as tensors and as sources. */

import { explain } from "../../base/errors.ts";
import type { TypedArray } from "../../tensor/dtype.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ReadError } from "../store/read-error.ts";
import type { Column } from "../table.ts";
import { bytesOf, itemsOf } from "./_array-items.ts";
import { type ArrayColumn, alignColumns, arraySource, openColumns } from "./_array-source.ts";
import { type ByteRanges, memoryRanges } from "./_byte-ranges.ts";
import { headedRanges } from "./_headed-ranges.ts";
import { descrOf, isNpy, type NpyHeader, npyHeader, readNpyHeader } from "./_npy-header.ts";
import { stemOf } from "./_split-name.ts";
import { allHaveExtension, dataEntries, type SourceFormat } from "./format.ts";

/** Items of an array in Fortran order, for the rows from `start` to `end`, in C order. `width` is the elements of an item. */
function rowsOfFortran(items: Column, shape: Shape, width: number, start: number, end: number): Column {
  const rest = shape.slice(1);
  const size = sizeOf(rest);
  const strides = stridesOf(rest);
  // How far item `index` of a row lies from its first: the first axis, of the rows, changes fastest, then the second, …
  const offsets = Float64Array.from({ length: size }, (_, index) => {
    let stride = shape[0] as number;
    let offset = 0;
    for (const [axis, length] of rest.entries()) {
      offset += (Math.floor(index / (strides[axis] as number)) % length) * stride;
      stride *= length;
    }
    return offset;
  });
  const count = (end - start) * size * width;
  const rows = Array.isArray(items) ? new Array(count) : new (arrayOf(items as TypedArray))(count);
  for (let row = start, to = 0; row < end; row++)
    for (let index = 0; index < size; index++)
      for (let part = 0; part < width; part++)
        rows[to++] = items[(row + (offsets[index] as number)) * width + part] as never;
  return rows;
}

function arrayOf(items: TypedArray): new (length: number) => TypedArray {
  return items.constructor as new (
    length: number,
  ) => TypedArray;
}

/**
 * The array of a `.npy` file as a column. Where the file is shorter than its header says, the rows that are whole are left and `onCut`
 * hears of it.
 */
export function npyColumn(
  name: string,
  ranges: ByteRanges,
  header: NpyHeader,
  onCut: (cut: ReadError) => void,
): ArrayColumn {
  const { type, shape, isFortran, dataStart } = header;
  const { source } = ranges;
  const rowBytes = sizeOf(shape.slice(1)) * type.sizeBytes;
  const rows = shape[0] ?? 1;
  const isBytes = type.dtype === "bytes";
  if ((isBytes && shape.length > 1) || (rowBytes === 0 && rows > 0)) {
    const detail = isBytes ? `byte strings with ${shape.length} axes` : `${rows} rows of no bytes`;
    throw new ReadError(
      { code: "shape", source, detail },
      isBytes ? "must have one axis" : "a row must hold something",
    );
  }
  const there = Math.floor(Math.max(0, ranges.sizeBytes - dataStart) / rowBytes);
  if (there < rows) {
    const detail = `the header promises ${rows} rows of ${rowBytes} bytes, ${there} are there`;
    const cut = new ReadError({ code: "truncated", source, byte: ranges.sizeBytes, detail }, "must be complete");
    if (isFortran || shape.length === 0) throw cut; // no row of it is whole
    onCut(cut);
  }
  const width = type.dtype.startsWith("complex") ? 2 : 1;
  let fortran: Promise<Column> | undefined;
  const read = async (start: number, end: number, signal?: AbortSignal): Promise<Column> => {
    if (!isFortran)
      return itemsOf(await ranges.read(dataStart + start * rowBytes, dataStart + end * rowBytes, signal), type);
    // Its rows lie scattered over all of the file, so all of it is read, once.
    fortran ??= ranges.read(dataStart, dataStart + rows * rowBytes).then((bytes) => itemsOf(bytes, type));
    return rowsOfFortran(await fortran, shape, width, start, end);
  };
  const axes = shape.length === 0 ? shape : [Math.min(rows, there), ...shape.slice(1)];
  return { name, source, dtype: type.dtype, shape: axes, rowBytes, read };
}

/** Reads a whole array. */
export async function readNpyTensor(ranges: ByteRanges): Promise<Tensor> {
  const fail = (cut: ReadError): never => {
    throw cut;
  };
  const header = await readNpyHeader(ranges);
  const { shape } = header;
  const { dtype } = header.type;
  if (dtype === "bytes") {
    const detail = "the items are byte strings";
    throw new ReadError({ code: "schema", source: ranges.source, detail }, "no tensor holds them", {
      hint: 'save array.astype("U"), or open the file as a source',
    });
  }
  if (sizeOf(shape) === 0) return { dtype, shape, data: itemsOf(new Uint8Array(), header.type) as Tensor["data"] };
  const data = await npyColumn("", ranges, header, fail).read(0, shape[0] ?? 1);
  return { dtype, shape, data: data as Tensor["data"] };
}

/**
 * Reads a `.npy` file: versions 1 to 3, either order of bytes, C and Fortran order, every type of number and strings. Objects and
 * structures are refused: the first are pickles, which run code when they are read.
 *
 * @param bytes - The file.
 * @param source - What errors call it.
 * @returns The array, in C order. 16-bit floats are their bits, complex numbers pairs.
 * @throws DataError if the file is damaged or holds what no tensor does.
 *
 * @example There and back
 * ```ts
 * import assert from "node:assert/strict";
 * import { tensor } from "cameo";
 * import { readNpy, writeNpy } from "cameo/data/source";
 *
 * const matrix = tensor("float32", [2, 2], [1, 2, 3, 4]);
 * assert.deepEqual(await readNpy(writeNpy(matrix)), matrix);
 * ```
 */
export function readNpy(bytes: Uint8Array, source = "array.npy"): Promise<Tensor> {
  return readNpyTensor(memoryRanges(source, bytes));
}

/**
 * The `.npy` file of a tensor, as `numpy.save` writes it.
 *
 * @param tensor - Of a type that NumPy has too: no bfloat16, strings, or numbers of fewer than 8 bits.
 * @returns The file.
 * @throws TypeError if NumPy has no such type.
 *
 * @example Sixty-four bytes of data lie behind 128 of header
 * ```ts
 * import assert from "node:assert/strict";
 * import { tensor } from "cameo";
 * import { writeNpy } from "cameo/data/source";
 *
 * assert.equal(writeNpy(tensor("float64", [8], new Float64Array(8))).length, 128 + 64);
 * ```
 */
export function writeNpy(tensor: Tensor): Uint8Array<ArrayBuffer> {
  const descr = descrOf(tensor.dtype);
  if (descr === undefined)
    throw new TypeError(
      explain({
        api: "writeNpy",
        action: "write a tensor",
        received: `got ${tensor.dtype}`,
        rule: "NumPy has no such type",
      }),
    );
  const header = npyHeader(descr, tensor.shape);
  const data = bytesOf(tensor.data as TypedArray);
  const bytes = new Uint8Array(header.length + data.length);
  bytes.set(header);
  bytes.set(data, header.length);
  return bytes;
}

/** A `.npy` file, or several with as many rows: each is a column, named after its file. Splits are told by names: `x_train.npy`. */
export const npy: SourceFormat = {
  name: "npy",
  detect: (_, entries, head) => isNpy(head) && allHaveExtension(entries, [".npy"]),
  open: async (context) => {
    const { location, faults, options } = context;
    const entries = dataEntries(context.entries);
    const sizeOfFile = ({ dataStart, shape, type }: NpyHeader): number => dataStart + sizeOf(shape) * type.sizeBytes;
    const columns = await openColumns(entries, faults, async (entry) => {
      const { header, ranges } = await headedRanges(context, entry, readNpyHeader, sizeOfFile);
      const name = stemOf(entry.location, /\.npy$/i);
      return npyColumn(name, ranges, header, (cut) => faults.report(cut.fault, cut));
    });
    return arraySource({
      format: "npy",
      location,
      entries,
      faults,
      columns: alignColumns(location, columns, faults, options.split),
    });
  },
};
