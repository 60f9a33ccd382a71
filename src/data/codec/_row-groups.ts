/** Rows of a source in groups of about equal size. */

import type { TypedArray } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Source } from "../source/source.ts";
import type { Cell, Column, Field, Schema, Table } from "../table.ts";
import { columnBytes } from "./column-bytes.ts";

/** Rows that are compressed together. */
export interface RowGroup {
  readonly numRows: number;
  /** One for each column of the schema, in memory of its own. */
  readonly columns: readonly Column[];
  /** Bytes of each, uncompressed. */
  readonly plainBytes: readonly number[];
}

/**
 * Reads a source in groups of at least `groupBytes`, or all that is left.
 *
 * @param schema - Columns to read.
 */
export async function* rowGroups(
  source: Source,
  schema: Schema,
  groupBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowGroup> {
  let slices: Table[] = [];
  let sizes = schema.map(() => 0);
  const options = { columns: schema.map(({ name }) => name), ...(signal === undefined ? {} : { signal }) };
  const collect = (): RowGroup => {
    const group = {
      numRows: slices.reduce((sum, { numRows }) => sum + numRows, 0),
      columns: schema.map((field) =>
        joined(
          slices.map(({ columns }) => columns[field.name] as Column),
          field,
        ),
      ),
      plainBytes: sizes,
    };
    slices = [];
    sizes = schema.map(() => 0);
    return group;
  };
  for await (const slice of source.read(options)) {
    if (slice.numRows === 0) continue;
    slices.push(slice);
    sizes = schema.map((field, i) => (sizes[i] as number) + columnBytes(slice.columns[field.name] as Column, field));
    if (sizes.reduce((sum, size) => sum + size, 0) >= groupBytes) yield collect();
  }
  if (slices.length > 0) yield collect();
}

/** Parts of a column as one, in memory of its own: that of bytes and tensors is one buffer, which a thread takes over as a whole. */
function joined(parts: readonly Column[], field: Field): Column {
  if (ArrayBuffer.isView(parts[0])) return concatenated(parts as readonly TypedArray[]);
  const cells = (parts as readonly (readonly Cell[])[]).flat(1) as Cell[];
  if (field.type === "tensor") return withOneBuffer(cells, (cell) => elementsOf(cell as Tensor));
  return withOneBuffer(cells, (cell) => (cell instanceof Uint8Array ? cell : undefined));
}

const elementsOf = ({ data }: Tensor): TypedArray | undefined =>
  ArrayBuffer.isView(data) ? (data as TypedArray) : undefined;

function concatenated(parts: readonly TypedArray[]): TypedArray {
  const [first] = parts as [TypedArray];
  const whole = new (first.constructor as new (length: number) => TypedArray)(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part as never, at);
    at += part.length;
  }
  return whole;
}

/** Cells whose elements are views of one array. Cells without, or of another type than the first, stay as they are. */
function withOneBuffer(
  cells: readonly Cell[],
  elementsOfCell: (cell: Cell) => TypedArray | undefined,
): readonly Cell[] {
  const elements = cells.map((cell) => (cell === null ? undefined : elementsOfCell(cell)));
  const type = elements.find((each) => each !== undefined)?.constructor;
  const alike = elements.filter((each) => each !== undefined && each.constructor === type) as TypedArray[];
  if (alike.length === 0) return cells;
  const whole = concatenated(alike);
  let at = 0;
  return cells.map((cell, i) => {
    const own = elements[i];
    if (own === undefined || own.constructor !== type) return cell;
    at += own.length;
    const view = whole.subarray(at - own.length, at) as TypedArray;
    return cell instanceof Uint8Array ? view : { ...(cell as Tensor), data: view };
  }) as readonly Cell[];
}

/** The buffer behind a column of a group, if it has one: what a thread takes over. */
export function buffersOf(column: Column, field: Field): ArrayBuffer[] {
  if (ArrayBuffer.isView(column)) return [(column as TypedArray).buffer as ArrayBuffer];
  if (!["bytes", "image", "tensor"].includes(field.type)) return [];
  const cell = column.find((each) => each !== null) as Uint8Array | Tensor | undefined;
  const view = cell instanceof Uint8Array ? cell : cell?.data;
  return ArrayBuffer.isView(view) ? [view.buffer as ArrayBuffer] : [];
}
