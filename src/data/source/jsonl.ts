/** JSONL: one JSON object a line. */

import { DataError, explain, messageOf } from "../../base/errors.ts";
import type { ColumnType, Field, Schema } from "../table.ts";
import { CellCount, fieldOf } from "./_infer.ts";
import { integerCell } from "./_integer-cell.ts";
import { openRecords } from "./_open-records.ts";
import { type Decoded, isNotBlank, type RecordFormat } from "./_record-format.ts";
import { lineFinder } from "./_records.ts";
import { allHaveExtension, type SourceFormat } from "./format.ts";
import type { OpenSourceOptions } from "./open.ts";
import { isTyped } from "./table-builder.ts";

type Row = Readonly<Record<string, unknown>>;

/** JSON objects, one a line; the columns are the keys that a sample has. */
export const jsonl: SourceFormat = {
  name: "jsonl",
  detect: (_, entries, head) => {
    if (allHaveExtension(entries, [".jsonl", ".ndjson"])) return true;
    const line = Buffer.from(head).toString().split("\n", 1)[0] ?? "";
    return allHaveExtension(entries, [".json"]) && rowOf(line) !== undefined;
  },
  open: (context) =>
    openRecords(context, {
      finder: () => lineFinder,
      hasHeader: () => false,
      infer: (files) => {
        const texts = files.flatMap(({ sample }) => [...sample.head, ...sample.further]);
        const schema = schemaOf(texts, context.options);
        if (schema.length === 0)
          throw new DataError(
            explain({
              api: "openSource",
              action: `open "${context.location}" as JSONL`,
              received: "no sampled line is a JSON object with a key",
              rule: "each line must be one",
            }),
            { source: context.location },
          );
        return { format: records(schema), firstByte: () => 0 };
      },
    }),
};

/** The object that a line holds, or undefined. */
function rowOf(line: string): Row | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function schemaOf(texts: readonly string[], options: OpenSourceOptions): Schema {
  const counts = new Map<string, CellCount>();
  let rows = 0;
  for (const text of texts) {
    const row = text.trim() === "" ? undefined : rowOf(text);
    if (row === undefined) continue;
    rows++;
    for (const [name, value] of Object.entries(row)) {
      const count = counts.get(name) ?? new CellCount();
      counts.set(name, count);
      count.add(typeOf(value));
    }
  }
  return [...counts].map(([name, count]) =>
    fieldOf(name, count, "json", options.types, count.nulls > 0 || count.total < rows),
  );
}

function typeOf(value: unknown): ColumnType | undefined {
  if (value === null) return undefined;
  if (typeof value === "number") return "float64";
  return typeof value === "string" ? "string" : typeof value === "boolean" ? "bool" : "json";
}

function records(schema: Schema): RecordFormat {
  const names = new Set(schema.map(({ name }) => name));
  return {
    name: "jsonl",
    schema,
    finder: lineFinder,
    isRow: isNotBlank,
    decoder: (columns) => {
      const cells = schema.map(cellOf);
      return (texts) => texts.map((text) => decode(text, names, schema, cells, columns));
    },
  };
}

function decode(
  text: string,
  names: ReadonlySet<string>,
  schema: Schema,
  cells: readonly CellOf[],
  columns: readonly number[],
): Decoded {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (error) {
    return { code: "syntax", detail: messageOf(error) };
  }
  if (!isObject(row)) return { code: "syntax", detail: "it is no JSON object" };
  if (!isShallow(row, mostLevels))
    return { code: "syntax", detail: `it is nested more than ${mostLevels} levels deep` };
  for (const name in row)
    if (!names.has(name)) return { code: "schema", detail: `it has the key "${name}", which no sampled row has` };
  const decoded: unknown[] = new Array(columns.length);
  for (let i = 0; i < columns.length; i++) {
    const index = columns[i] as number;
    const { name, type, nullable } = schema[index] as Field;
    const value = Object.hasOwn(row, name) ? row[name] : undefined;
    const cell = value === undefined || value === null ? (nullable ? null : undefined) : cells[index]?.(value);
    if (cell === undefined) {
      const found = value === undefined ? "is missing" : `is ${JSON.stringify(value).slice(0, 60)}`;
      return { code: "schema", detail: `column "${name}" ${found}, and is of type ${type}` };
    }
    if (typeof cell === "number" && Number.isInteger(cell) && !Number.isSafeInteger(cell) && isRounded(text, name))
      return { code: "range", detail: `column "${name}" holds more digits than a float64 has` };
    decoded[i] = cell;
  }
  return decoded;
}

/** Levels of objects and lists in a row: what comes after reading calls itself for each. */
const mostLevels = 500;

/** Whether a JSON value has at most so many levels. */
function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1));
}

/** Whether a whole number of a line is written with digits that a number loses. */
function isRounded(text: string, name: string): boolean {
  let isLost = false;
  const look = (key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const digits = key === name && typeof value === "number" ? context?.source : undefined;
    if (digits !== undefined && /^-?\d+$/.test(digits)) isLost ||= BigInt(digits) !== BigInt(value as number);
    return value;
  };
  JSON.parse(text, look as (key: string, value: unknown) => unknown);
  return isLost;
}

/** A JSON value as a cell, or undefined if it does not fit. */
type CellOf = (value: unknown) => unknown;

function cellOf(field: Field): CellOf {
  const { type } = field;
  switch (type) {
    case "string":
      return (value) => (typeof value === "string" ? value : undefined);
    case "json":
      return (value) => value;
    case "bool":
      return (value) => (typeof value !== "boolean" ? undefined : isTyped(field) ? Number(value) : value);
    case "timestamp":
      return (value) => (typeof value === "number" ? value : finiteOr(Date.parse(String(value))));
    case "bytes":
    case "image":
    case "tensor":
      return () => undefined;
    case "float32":
    case "float64":
      return (value) => (typeof value === "number" ? value : undefined);
    default:
      return integerCell(type);
  }
}

const finiteOr = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
