/** SQL over whole sources: joins, groups, windows. */

import type { ReadRowsOptions, Source } from "../source/source.ts";
import type { Schema, Table } from "../table.ts";
import { appendTable, chunkTable, resultSchema, sqlFields, sqlTypeOf } from "./_columns.ts";
import { Database, quotedName } from "./duckdb.ts";

/** What a query gives. Dispose it: its tables lie on disk until then. */
export interface QueryResult extends AsyncDisposable {
  readonly schema: Schema;
  /** The rows; once. */
  read(): AsyncIterable<Table>;
}

/**
 * Runs a query over sources as tables.
 *
 * The columns are first copied into a database in the temporary folder, so memory is bounded, and disk has to hold them once more. For a
 * condition on the rows of one source take {@link filterSource}, which copies nothing. SQL reaches the given tables only: no files, no network.
 *
 * @param sources - By the name that the query gives them.
 * @param sql - One SELECT.
 * @param options - Signal that stops the copying.
 * @throws DataError if the SQL is refused; RuntimeError if `@duckdb/node-api` is not installed.
 *
 * @example Rows per group
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openSource, querySources } from "cameo/data/source";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "query-")), "a.jsonl");
 * await writeFile(path, '{"kind":"a"}\n{"kind":"b"}\n{"kind":"a"}\n');
 * await using pets = await openSource(path);
 * await using result = await querySources({ pets }, "SELECT kind, count(*)::INTEGER AS n FROM pets GROUP BY kind ORDER BY kind");
 * const [table] = await Array.fromAsync(result.read());
 * assert.deepEqual(table?.columns, { kind: ["a", "b"], n: [2, 1] });
 * ```
 */
export async function querySources(
  sources: Readonly<Record<string, Source>>,
  sql: string,
  options: Pick<ReadRowsOptions, "signal"> = {},
): Promise<QueryResult> {
  const database = await Database.open("disk");
  try {
    for (const [name, source] of Object.entries(sources)) await copy(database, name, source, options);
    const result = await Database.asked(sql, () => database.connection.stream(sql));
    const schema = resultSchema(result.deduplicatedColumnNames(), result.columnTypes());
    return {
      schema,
      read: async function* () {
        for (;;) {
          const chunk = await Database.asked(sql, () => result.fetchChunk());
          if (chunk === null || chunk.rowCount === 0) return;
          yield chunkTable(chunk, schema);
        }
      },
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

async function copy(
  { connection, duckdb }: Database,
  name: string,
  source: Source,
  options: Pick<ReadRowsOptions, "signal">,
): Promise<void> {
  const fields = sqlFields(source.schema);
  const columns = fields.map((field) => `${quotedName(field.name)} ${sqlTypeOf(field)}`);
  await connection.run(`CREATE TABLE ${quotedName(name)} (${columns.join(", ")})`);
  const appender = await connection.createAppender(name);
  const types = fields.map((_, i) => appender.columnType(i));
  const read = { ...options, columns: fields.map((field) => field.name), batchRows: 20_480 };
  for await (const table of source.read(read)) appendTable(duckdb, appender, fields, types, table);
  appender.closeSync();
}
