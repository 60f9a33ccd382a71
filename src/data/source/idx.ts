/** IDX files, the format of MNIST: big-endian arrays with their shape. */

import type { DType } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { ReadError } from "../store/read-error.ts";
import { itemsOf } from "./_array-items.ts";
import { type ArrayColumn, alignColumns, arraySource, openColumns } from "./_array-source.ts";
import type { ByteRanges } from "./_byte-ranges.ts";
import { headedRanges } from "./_headed-ranges.ts";
import { stemOf } from "./_split-name.ts";
import { bareName, dataEntries, type SourceFormat } from "./format.ts";

/** Types by the third byte of the file, with the bytes of an item. */
const types: Readonly<Record<number, readonly [DType, number]>> = {
  8: ["uint8", 1],
  9: ["int8", 1],
  11: ["int16", 2],
  12: ["int32", 4],
  13: ["float32", 4],
  14: ["float64", 8],
};

interface IdxHeader {
  readonly dtype: DType;
  /** Bytes of an item. */
  readonly width: number;
  readonly shape: Shape;
  readonly dataStart: number;
}

/** Whether bytes begin as an IDX file does: two zeros, a type, and one to eight axes. */
function isIdx(head: Uint8Array): boolean {
  const axes = head[3] ?? 0;
  return head[0] === 0 && head[1] === 0 && types[head[2] ?? 0] !== undefined && axes >= 1 && axes <= 8;
}

async function readHeader(ranges: ByteRanges): Promise<IdxHeader> {
  const { source } = ranges;
  const start = await ranges.read(0, Math.min(4, ranges.sizeBytes));
  if (start.length === 0) throw new ReadError({ code: "empty", source, detail: "0 bytes" }, "must be an IDX file");
  if (!isIdx(start)) {
    const detail = `begins with ${start.join(", ")}`;
    throw new ReadError(
      { code: "syntax", source, byte: 0, detail },
      "must begin with 0, 0, a type and the number of axes",
    );
  }
  const [dtype, width] = types[start[2] as number] as readonly [DType, number];
  const dataStart = 4 + 4 * (start[3] as number);
  const lengths = await ranges.read(4, dataStart);
  const view = new DataView(lengths.buffer);
  const shape = Array.from({ length: lengths.length / 4 }, (_, axis) => view.getUint32(axis * 4));
  if (!Number.isSafeInteger(sizeOf(shape) * width) || sizeOf(shape.slice(1)) === 0) {
    const detail = `the shape is [${shape.join(", ")}]`;
    throw new ReadError({ code: "syntax", source, detail }, "must be an array that can exist");
  }
  return { dtype, width, shape, dataStart };
}

function columnOf(name: string, ranges: ByteRanges, header: IdxHeader, onCut: (cut: ReadError) => void): ArrayColumn {
  const { dtype, width, shape, dataStart } = header;
  const { source, sizeBytes } = ranges;
  const rowBytes = sizeOf(shape.slice(1)) * width;
  const rows = shape[0] as number;
  const there = Math.floor((sizeBytes - dataStart) / rowBytes);
  if (there < rows) {
    const detail = `the header promises ${rows} rows of ${rowBytes} bytes, ${there} are there`;
    onCut(new ReadError({ code: "truncated", source, byte: sizeBytes, detail }, "must be complete"));
  }
  const type = { dtype, sizeBytes: width, isBigEndian: true };
  return {
    name,
    source,
    dtype,
    shape: [Math.min(rows, there), ...shape.slice(1)],
    rowBytes,
    read: async (start, end, signal) =>
      itemsOf(await ranges.read(dataStart + start * rowBytes, dataStart + end * rowBytes, signal), type),
  };
}

/** What a column is called: the two of MNIST after one of their cells. */
function nameOf(stem: string): string {
  return stem.replace(/(^|[-_.])images$/, "$1image").replace(/(^|[-_.])labels$/, "$1label");
}

/** IDX files, plain or packed: a pair of images and labels, or any that have as many rows. Names tell the splits, `t10k` being the test. */
export const idx: SourceFormat = {
  name: "idx",
  detect: (_, entries, head) =>
    isIdx(head) && dataEntries(entries).every(({ location }) => /[-.]idx\d?([-.]|$)/.test(bareName(location))),
  open: async (context) => {
    const { location, faults, options } = context;
    const entries = dataEntries(context.entries);
    const sizeOfFile = ({ dataStart, shape, width }: IdxHeader): number => dataStart + sizeOf(shape) * width;
    const columns = await openColumns(entries, faults, async (entry) => {
      const { header, ranges } = await headedRanges(context, entry, readHeader, sizeOfFile);
      const report = (cut: ReadError): void => faults.report(cut.fault, cut);
      return columnOf(nameOf(stemOf(entry.location, /[-.](idx\d.*|idx)$/i)), ranges, header, report);
    });
    const aligned = alignColumns(location, columns, faults, options.split);
    return arraySource({ format: "idx", location, entries, faults, columns: aligned });
  },
};
