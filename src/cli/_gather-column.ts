/** A column of a source as one array. */

import { DataError, explain } from "../base/errors.ts";
import type { Source } from "../data/source/source.ts";
import type { Column, Field } from "../data/table.ts";
import { arrayTypeOf, type DType, type TypedArray } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Reads a column whole.
 *
 * @param names - The one column; undefined where the source has only one.
 */
export async function gatherColumn(
  source: Source,
  names: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Tensor> {
  const [name, ...others] = names ?? source.schema.map((field) => field.name);
  const field = source.schema.find((each) => each.name === name);
  const refuse = (received: string, rule: string): never => {
    throw new DataError(
      explain({
        api: "cameo data unpack",
        action: `write "${source.location}" as .npy`,
        received,
        rule,
        hint: "name one with --columns",
      }),
      { source: source.location },
    );
  };
  if (field === undefined || others.length > 0)
    return refuse(
      field === undefined ? `there is no column "${name}"` : `got ${1 + others.length} columns`,
      "a .npy holds one",
    );
  const parts: TypedArray[] = [];
  let shape: Shape | undefined;
  let numRows = 0;
  for await (const slice of source.read({ columns: [field.name], signal })) {
    numRows += slice.numRows;
    for (const { data, row } of elementsOf(slice.columns[field.name] as Column, field, refuse)) {
      shape ??= row;
      if (shape.join() !== row.join())
        refuse(`tensors of shapes [${shape.join(", ")}] and [${row.join(", ")}]`, "all must have one");
      parts.push(data);
    }
  }
  const dtype = (field.type === "tensor" ? field.element : field.type) as DType;
  const whole = new (arrayTypeOf(dtype))(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part as never, at);
    at += part.length;
  }
  return { dtype, shape: [numRows, ...(shape ?? [])], data: whole };
}

function elementsOf(
  column: Column,
  field: Field,
  refuse: (received: string, rule: string) => never,
): { readonly data: TypedArray; readonly row: Shape }[] {
  if (ArrayBuffer.isView(column)) return [{ data: column as TypedArray, row: [] }];
  if (field.type !== "tensor")
    return refuse(
      `column "${field.name}" is of type ${field.type}${field.nullable ? " with nulls" : ""}`,
      "must be numbers or tensors",
    );
  return (column as readonly (Tensor | null)[]).map((cell) => {
    if (cell === null || !ArrayBuffer.isView(cell.data))
      return refuse(`column "${field.name}" has nulls or texts`, "must be numbers");
    return { data: cell.data as TypedArray, row: cell.shape };
  });
}
