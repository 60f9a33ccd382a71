/** What `cameo inspect` found out: facts for programs, and rows for people. */

import type { Style } from "./_style.ts";

/** One thing that was inspected. */
export interface Finding {
  /** Plain JSON. */
  readonly facts: { readonly kind: string; readonly path: string; readonly [fact: string]: unknown };
  /** Label and text; a label of `""` goes on with the row above. */
  readonly rows: readonly (readonly [label: string, text: string])[];
  /** Lines below the rows, as they are. */
  readonly listing?: readonly string[];
}

/** A finding as text. */
export function findingText({ facts, rows, listing = [] }: Finding, style: Style): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  const body = rows.map(([label, text]) => `  ${style.dim(label.padEnd(width))}  ${text}`);
  return [
    `${style.bold(facts.path)}  ${facts.kind}`,
    ...body,
    ...(listing.length === 0 ? [] : ["", ...listing]),
    "",
  ].join("\n");
}

/** Rows of a list under one label, the first `most` of them. */
export function listRows(label: string, items: readonly string[], most: number): [string, string][] {
  const shown = items.slice(0, most).map((text, i): [string, string] => [i === 0 ? label : "", text]);
  return items.length > most ? [...shown, ["", `and ${items.length - most} more`]] : shown;
}

/** Columns as wide as their widest cell; numbers are for the caller to align. */
export function columns(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join("  ")
      .trimEnd(),
  );
}

/** Text on one line, cut to a length. */
export function oneLine(text: string, most = 100): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat;
}
