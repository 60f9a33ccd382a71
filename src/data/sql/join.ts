/** Rows of two sources that belong together. */

import type { ReadRowsOptions, Source } from "../source/source.ts";
import { sqlFields } from "./_columns.ts";
import { quotedName } from "./duckdb.ts";
import { type QueryResult, querySources } from "./query.ts";

/** Options of {@link joinSources}. */
export interface JoinOptions extends Pick<ReadRowsOptions, "signal"> {
  /** Columns that must be equal: names that both have, or pairs of names, left and right. */
  readonly on: readonly (string | readonly [left: string, right: string])[];
  /** Which rows without a partner stay. @defaultValue "inner": none */
  readonly kind?: "inner" | "left" | "right" | "full" | "semi" | "anti";
}

/**
 * Joins two sources. The columns are those of the left, then those of the right that are not compared; one whose name the left has too gets
 * `_right` at its end. "semi" and "anti" give left rows that have, or have no, partner.
 *
 * @param left - Any source.
 * @param right - Any source.
 * @param options - See {@link JoinOptions}.
 *
 * @example Texts with the labels of another file
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { joinSources, openSource } from "cameo/data/source";
 *
 * const folder = await mkdtemp(join(tmpdir(), "join-"));
 * await writeFile(join(folder, "texts.jsonl"), '{"id":1,"text":"hi"}\n{"id":2,"text":"ho"}\n');
 * await writeFile(join(folder, "labels.csv"), "id,label\n2,good\n3,bad\n");
 * await using texts = await openSource(join(folder, "texts.jsonl"));
 * await using labels = await openSource(join(folder, "labels.csv"));
 * await using joined = await joinSources(texts, labels, { on: ["id"] });
 * assert.deepEqual((await Array.fromAsync(joined.read()))[0]?.columns, { id: [2], text: ["ho"], label: ["good"] });
 * ```
 */
export function joinSources(left: Source, right: Source, options: JoinOptions): Promise<QueryResult> {
  const { on, kind = "inner", signal } = options;
  const pairs = on.map((key) => (typeof key === "string" ? ([key, key] as const) : key));
  const condition = pairs.map(([l, r]) => `l.${quotedName(l)} = r.${quotedName(r)}`).join(" AND ");
  const names = sqlFields(left.schema).map(({ name }) => name);
  const isLeftOnly = kind === "semi" || kind === "anti";
  // A row that only the right has still shows what it would have been joined on.
  const keyed = new Map(pairs);
  const own = names.map((name) => {
    const partner = keyed.get(name);
    const both = partner !== undefined && (kind === "right" || kind === "full");
    return both
      ? `coalesce(l.${quotedName(name)}, r.${quotedName(partner)}) AS ${quotedName(name)}`
      : `l.${quotedName(name)}`;
  });
  const theirs = sqlFields(right.schema)
    .filter(({ name }) => !isLeftOnly && !pairs.some(([, key]) => key === name))
    .map(({ name }) => `r.${quotedName(name)} AS ${quotedName(names.includes(name) ? `${name}_right` : name)}`);
  const sql = `SELECT ${[...own, ...theirs].join(", ")} FROM l ${kind.toUpperCase()} JOIN r ON ${condition || "true"}`;
  return querySources({ l: left, r: right }, sql, signal === undefined ? {} : { signal });
}
