/** CSV and TSV: rows of cells between delimiters, quoted as RFC 4180 says. */

import type { Schema } from "../table.ts";
import { cellOf, csvSchema } from "./_csv-cells.ts";
import { checkDelimiter, isNumber, sniffDelimiter, splitRow } from "./_csv-dialect.ts";
import { openRecords, type SampledFile } from "./_open-records.ts";
import { type Decoded, isNotBlank, type RecordFormat } from "./_record-format.ts";
import { csvFinder } from "./_records.ts";
import { allHaveExtension, type SourceFormat } from "./format.ts";

/** Tables as text. */
export const csv: SourceFormat = {
  name: "csv",
  detect: (_, entries) => allHaveExtension(entries, [".csv", ".tsv"]),
  open: (context) => {
    const { options } = context;
    let delimiter = options.delimiter ?? (allHaveExtension(context.entries, [".tsv"]) ? "\t" : undefined);
    if (delimiter !== undefined) checkDelimiter(delimiter, context.location);
    return openRecords(context, {
      finder: (head) => {
        delimiter ??= sniffDelimiter(Buffer.from(head).toString());
        const code = delimiter.charCodeAt(0);
        return () => csvFinder(code);
      },
      hasHeader: () => options.header ?? true,
      infer: (files) => {
        const sign = delimiter as string;
        const rows = files.map(({ sample }) =>
          [...sample.head, ...sample.further].flatMap((text) => split(text, sign)),
        );
        const first = rows[0]?.[0] ?? [];
        const hasHeader = options.header ?? looksLikeHeader(first);
        const names = hasHeader ? uniqueNames(first) : first.map((_, i) => `column${i}`);
        const cells = rows
          .flatMap((list) => (hasHeader ? list.slice(1) : list))
          .filter((row) => row.length === names.length);
        const header = files[0]?.sample.head[0];
        return {
          format: records(csvSchema(names, cells, options), sign),
          firstByte: (file) => firstByte(file, hasHeader, header, sign),
        };
      },
    });
  },
};

/** Where rows begin in a file; a header must be that of the first file. */
function firstByte(
  { sample }: SampledFile,
  hasHeader: boolean,
  header: string | undefined,
  delimiter: string,
): number | string {
  if (!hasHeader) return 0;
  const [own] = sample.head;
  const isSame = JSON.stringify(split(own ?? "", delimiter)) === JSON.stringify(split(header ?? "", delimiter));
  return isSame ? sample.secondByte : "its header is not that of the first file";
}

/** The cells of a sampled record; none if it is broken. */
function split(text: string, delimiter: string): string[][] {
  const cells = text.trim() === "" ? "" : splitRow(text, delimiter);
  return typeof cells === "string" ? [] : [cells];
}

/** A first row is a header if it has no number and no empty cell, and all its cells differ. */
function looksLikeHeader(first: readonly string[]): boolean {
  return first.every((cell) => cell.trim() !== "" && !isNumber(cell)) && new Set(first).size === first.length;
}

/** Names of columns: empty ones get their number, and doubles too. */
function uniqueNames(cells: readonly string[]): string[] {
  const names = new Set<string>();
  for (const [i, cell] of cells.entries()) {
    const name = cell.trim() === "" ? `column${i}` : cell.trim();
    names.add(names.has(name) ? `${name}_${i}` : name);
  }
  return [...names];
}

function records(schema: Schema, delimiter: string): RecordFormat {
  return {
    name: "csv",
    schema,
    finder: () => csvFinder(delimiter.charCodeAt(0)),
    isRow: isNotBlank,
    decoder: (columns) => {
      const cells = columns.map((index) => cellOf(schema[index] as Schema[number]));
      const decode = (row: readonly string[]): Decoded => {
        if (row.length !== schema.length)
          return { code: "schema", detail: `it has ${row.length} cells, and the table has ${schema.length} columns` };
        const decoded: unknown[] = new Array(columns.length);
        for (let i = 0; i < columns.length; i++) {
          const text = row[columns[i] as number] as string;
          const cell = cells[i]?.(text);
          if (cell === undefined) {
            const { name, type } = schema[columns[i] as number] as Schema[number];
            return { code: "schema", detail: `column "${name}" is "${text.slice(0, 60)}", and is of type ${type}` };
          }
          decoded[i] = cell;
        }
        return decoded;
      };
      return (texts) =>
        texts.map((text) => {
          const row = splitRow(text, delimiter);
          return typeof row === "string" ? { code: "syntax", detail: row } : decode(row);
        });
    },
  };
}
