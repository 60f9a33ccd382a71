/** Rows of any source that meet a SQL condition. */

import type { DuckDBAppender, DuckDBType } from "@duckdb/node-api";
import { pickRows } from "../source/pick-rows.ts";
import type { ReadRowsOptions, Source } from "../source/source.ts";
import type { Schema, TableSlice } from "../table.ts";
import { appendTable, sqlFields, sqlTypeOf } from "./_columns.ts";
import { Database, quotedName } from "./duckdb.ts";

/** Rows that DuckDB sees at once. */
const slabRows = 20_480;

/**
 * A view of a source with the rows that meet a condition; they keep their numbers.
 *
 * Works for every format, streaming: the columns that the condition names go through DuckDB, slab by slab, and nothing else does. The
 * condition sees each row by itself, so it can hold no aggregate, window or subquery over the data; {@link querySources} can.
 *
 * @param source - Any source; disposing the view disposes it.
 * @param where - A condition over its columns, as after WHERE: `price > 3 AND name LIKE 'a%'`. JSON columns are text to it.
 * @returns A source without {@link Source.take} and with an unknown number of rows.
 * @throws DataError if the condition is no SQL; RuntimeError if `@duckdb/node-api` is not installed.
 *
 * @example Some lines of a CSV
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { filterSource, openSource } from "cameo/data/source";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "filter-")), "a.csv");
 * await writeFile(path, "name,size\nant,1\nbear,200\ncat,5\n");
 * await using large = await filterSource(await openSource(path), "size > 3");
 * const [slice] = await Array.fromAsync(large.read());
 * assert.deepEqual(slice?.columns.name, ["bear", "cat"]);
 * assert.deepEqual([...(slice?.rows ?? [])], [1, 2]);
 * ```
 */
export async function filterSource(source: Source, where: string): Promise<Source> {
  const lower = where.toLowerCase();
  const named = source.schema.filter(({ name }) => lower.includes(name.toLowerCase()));
  const fields = sqlFields(source.schema, new Set(named.map(({ name }) => name)));
  await using probe = await Condition.open(fields, where);
  void probe;
  return new FilteredSource(source, where, fields);
}

/** A condition ready to be asked. */
class Condition implements AsyncDisposable {
  readonly #database: Database;
  readonly #appender: DuckDBAppender;
  readonly #types: readonly DuckDBType[];
  readonly #fields: Schema;
  readonly #where: string;
  readonly #select: string;

  private constructor(database: Database, appender: DuckDBAppender, fields: Schema, where: string, select: string) {
    this.#database = database;
    this.#appender = appender;
    this.#fields = fields;
    this.#where = where;
    this.#select = select;
    this.#types = Array.from({ length: appender.columnCount }, (_, i) => appender.columnType(i));
  }

  static async open(fields: Schema, where: string): Promise<Condition> {
    const database = await Database.open("memory");
    try {
      let number = "row_number";
      while (fields.some(({ name }) => name.toLowerCase() === number)) number += "_";
      const columns = fields.map((field) => `${quotedName(field.name)} ${sqlTypeOf(field)}`);
      await database.connection.run(`CREATE TABLE slab (${[...columns, `${number} INTEGER`].join(", ")})`);
      // The line end keeps a comment in the condition from hiding what follows.
      const select = `SELECT ${number} FROM slab WHERE (${where}\n) ORDER BY ${number}`;
      await Database.asked(where, async () => (await database.connection.prepare(select)).destroySync());
      const appender = await database.connection.createAppender("slab");
      return new Condition(database, appender, fields, where, select);
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Indices of the rows of a table that meet the condition. */
  async rows(table: TableSlice): Promise<number[]> {
    const { connection, duckdb } = this.#database;
    appendTable(duckdb, this.#appender, this.#fields, this.#types, table, true);
    const result = await Database.asked(this.#where, () => connection.runAndReadAll(this.#select));
    await connection.run("TRUNCATE slab");
    return (result.getColumns()[0] ?? []) as number[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#appender.closeSync();
    await this.#database[Symbol.asyncDispose]();
  }
}

class FilteredSource implements Source {
  readonly #source: Source;
  readonly #where: string;
  readonly #fields: Schema;
  readonly numRows = undefined;

  constructor(source: Source, where: string, fields: Schema) {
    this.#source = source;
    this.#where = where;
    this.#fields = fields;
  }

  get format(): string {
    return this.#source.format;
  }
  get location(): string {
    return this.#source.location;
  }
  get files(): Source["files"] {
    return this.#source.files.map(({ location, sizeBytes }) => ({ location, sizeBytes }));
  }
  get schema(): Schema {
    return this.#source.schema;
  }
  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }
  get fingerprint(): string {
    return `${this.#source.fingerprint} where ${this.#where}`;
  }
  get faults(): Source["faults"] {
    return this.#source.faults;
  }

  /** `start` and `end` are rows of the whole source. */
  async *read(options: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
    const { batchRows = 1024 } = options;
    const columns = options.columns ?? this.schema.map(({ name }) => name);
    const needed = [...new Set([...columns, ...this.#fields.map(({ name }) => name)])];
    await using condition = await Condition.open(this.#fields, this.#where);
    for await (const table of this.#source.read({
      ...options,
      columns: needed,
      batchRows: Math.max(batchRows, slabRows),
    })) {
      const meant = await condition.rows(table);
      const wanted = { ...table, columns: Object.fromEntries(columns.map((name) => [name, table.columns[name]])) };
      for (let at = 0; at < meant.length; at += batchRows)
        yield pickRows(wanted as TableSlice, meant.slice(at, at + batchRows));
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#source[Symbol.asyncDispose]();
  }
}
