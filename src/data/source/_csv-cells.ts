/** Texts of a CSV as typed cells. */

import type { ColumnType, Field, Schema } from "../table.ts";
import { isNumber } from "./_csv-dialect.ts";
import { CellCount, fieldOf } from "./_infer.ts";
import { integerCell } from "./_integer-cell.ts";
import type { OpenSourceOptions } from "./open.ts";

/** What stands for nothing in a column that is no text. */
const nulls: ReadonlySet<string> = new Set(["", "NA", "N/A", "null", "NULL", "None"]);

const day = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/** Settles the columns from sampled rows. Text columns have no nulls: an empty cell is an empty text. */
export function csvSchema(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  options: OpenSourceOptions,
): Schema {
  return names.map((name, i) => {
    const count = new CellCount();
    for (const row of rows) count.add(typeOf(row[i] as string));
    const field = fieldOf(name, count, "string", options.types);
    return field.type === "string" && options.types?.[name] === undefined ? { ...field, nullable: false } : field;
  });
}

function typeOf(text: string): ColumnType | undefined {
  if (nulls.has(text)) return undefined;
  if (isNumber(text)) return isExact(text, Number(text)) ? "float64" : "string";
  if (/^(true|false)$/i.test(text)) return "bool";
  return day.test(text) && Number.isFinite(timeOf(text)) ? "timestamp" : "string";
}

/** A time without a zone is UTC: the same file means the same everywhere. */
function timeOf(text: string): number {
  const iso = text.replace(" ", "T");
  return Date.parse(/^[^T]*$|Z$|[+-]\d\d:?\d\d$/.test(iso) ? iso : `${iso}Z`);
}

/** Whether a double holds a whole number digit by digit. */
function isExact(text: string, value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER || !/^\s*[+-]?\d+\s*$/.test(text);
}

/** How texts become cells of a column; undefined where one does not fit. */
export function cellOf(field: Field): (text: string) => unknown {
  const { type, nullable } = field;
  const value = valueOf(type, nullable);
  if (type === "string") return nullable ? (text) => (text === "" ? null : text) : (text) => text;
  return (text) => value(text) ?? (nullable && nulls.has(text) ? null : undefined);
}

function valueOf(type: ColumnType, nullable: boolean): (text: string) => unknown {
  switch (type) {
    case "float32":
    case "float64":
      return numberOf;
    case "bool":
      return (text) => {
        const isTrue = /^true$/i.test(text);
        return isTrue || /^false$/i.test(text) ? (nullable ? isTrue : Number(isTrue)) : undefined;
      };
    case "timestamp":
      return (text) => {
        const time = timeOf(text);
        return Number.isFinite(time) ? time : undefined;
      };
    case "json":
      return (text) => {
        try {
          return JSON.parse(text);
        } catch {
          return undefined;
        }
      };
    case "int64":
    case "uint64":
      return (text) => {
        if (!/^\s*[+-]?\d+\s*$/.test(text)) return undefined;
        const value = BigInt(text.trim().replace("+", ""));
        return (type === "int64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) === value ? value : undefined;
      };
    case "bytes":
    case "image":
    case "tensor":
    case "string":
      return () => undefined;
    default: {
      const integer = integerCell(type);
      return (text) => integer(text.trim() === "" ? Number.NaN : Number(text));
    }
  }
}

/** A number as people write it, with `nan` and `inf`. */
function numberOf(text: string): number | undefined {
  const value = Number(text); // quicker than a look at how it is written; but white space is 0 to it
  if (value !== 0 && !Number.isNaN(value)) return isExact(text, value) ? value : undefined;
  if (value === 0) return /\d/.test(text) ? value : undefined;
  if (!isNumber(text)) return undefined;
  return /nan/i.test(text) ? Number.NaN : /-/.test(text) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
