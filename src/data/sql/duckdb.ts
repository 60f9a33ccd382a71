/** DuckDB, an optional package, started for one piece of work and closed after it. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError, explain, messageOf, RuntimeError } from "../../base/errors.ts";

/** The package; `import type` of it costs nothing. */
export type DuckDB = typeof import("@duckdb/node-api");

/** Loads the package. Throws RuntimeError with the command that installs it. */
export async function loadDuckDB(): Promise<DuckDB> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    const message = explain({
      api: "sql",
      action: "load DuckDB",
      received: "the package @duckdb/node-api is not installed",
      rule: "SQL over data needs it",
      hint: "npm install @duckdb/node-api",
    });
    throw new RuntimeError(message, { cause });
  }
}

/** A database of our own. `await using` it. */
export class Database implements AsyncDisposable {
  readonly duckdb: DuckDB;
  readonly connection: DuckDBConnection;
  readonly #close: () => Promise<void>;

  private constructor(duckdb: DuckDB, connection: DuckDBConnection, close: () => Promise<void>) {
    this.duckdb = duckdb;
    this.connection = connection;
    this.#close = close;
  }

  /**
   * Starts an empty database.
   *
   * @param needs - `"disk"` if tables may exceed memory; they then lie in a file of the temporary folder. `"files"` if its SQL, which no
   * user may then have written, reads files; any other can reach no file and no network.
   */
  static async open(needs: "memory" | "disk" | "files"): Promise<Database> {
    const duckdb = await loadDuckDB();
    const folder = needs === "disk" ? await mkdtemp(join(tmpdir(), "cameo-sql-")) : undefined;
    const instance = await duckdb.DuckDBInstance.create(folder === undefined ? ":memory:" : join(folder, "tables"));
    const connection = await instance.connect();
    if (needs !== "files") await connection.run("SET enable_external_access = false");
    return new Database(duckdb, connection, async () => {
      connection.closeSync();
      instance.closeSync();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    });
  }

  /** Does work that depends on SQL of a user; what DuckDB refuses becomes one line. */
  static async asked<Result>(sql: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      const [received = ""] = messageOf(cause).split("\n", 1);
      throw new DataError(
        explain({ api: "sql", action: `run "${sql}"`, received, rule: "must be SQL over the columns of the data" }),
        { cause },
      );
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** A name as SQL takes it, whatever is in it. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
