/** Rows of several sources, mixed. */

import { DataError, explain } from "../../base/errors.ts";
import type { Source } from "../source/source.ts";
import type { Table } from "../table.ts";
import { RowBatch } from "./_row-batch.ts";
import { type MixtureOptions, mixture } from "./mixture.ts";
import { planSample } from "./source-plan.ts";
import { readSample } from "./source-rows.ts";
import type { SourceSample } from "./source-sample.ts";

/** Options of {@link mixSources}. */
export interface MixSourcesOptions extends MixtureOptions {
  /** Rows in all. */
  readonly n: number;
  /** Whether a row may come several times, as it must where a source has fewer rows than its share. @defaultValue false */
  readonly replace?: boolean;
  /** Whether to add the column `_inclusionProbability`. @defaultValue false */
  readonly probabilities?: boolean;
  /** Stops with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What {@link mixSources} decided. */
export interface MixedSources {
  /** By name of the source, which of its rows. */
  readonly samples: ReadonlyMap<string, SourceSample>;
  /** The rows: each source's in its order, the sources in that of the mixture. */
  tables(): AsyncGenerator<Table>;
}

/**
 * Draws rows of several sources in the proportions of a {@link mixture}, at random within each.
 *
 * @param sources - By the names that the weights have; of one schema.
 * @param options - See {@link MixSourcesOptions}.
 * @throws DataError if names or schemas disagree; RangeError if a source has too few rows.
 *
 * @example Seven of ten rows from one file
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { mixSources } from "cameo/data/sample";
 * import { openSource } from "cameo/data/source";
 *
 * const folder = await mkdtemp(join(tmpdir(), "mix-"));
 * for (const name of ["web", "code"])
 *   await writeFile(join(folder, `${name}.txt`), `a line of ${name}\n`.repeat(500));
 * await using web = await openSource(join(folder, "web.txt"));
 * await using code = await openSource(join(folder, "code.txt"));
 * const sources = new Map([["web", web], ["code", code]]);
 * const mixed = await mixSources(sources, { weights: { web: 0.7, code: 0.3 }, n: 100, seed: 1, blockSize: 10 });
 * assert.equal(mixed.samples.get("web")?.rows.length, 70);
 * for await (const table of mixed.tables()) assert.equal(table.numRows, 100);
 * ```
 */
export async function mixSources(
  sources: ReadonlyMap<string, Source>,
  options: MixSourcesOptions,
): Promise<MixedSources> {
  const { n, seed, replace = false, probabilities = false, signal } = options;
  const mixed = mixture(options);
  const listed = mixed.names.map((name) => sources.get(name));
  const fail = (received: string, rule: string): never => {
    throw new DataError(explain({ api: "mixSources", action: "mix sources", received, rule }));
  };
  if (listed.includes(undefined) || listed.length !== sources.size)
    fail(`weights are for ${mixed.names.join(", ")}`, `the sources are ${[...sources.keys()].join(", ")}`);
  const columns = (source: Source): string => source.schema.map(({ name, type }) => `${name} ${type}`).join(", ");
  const [first, ...others] = listed as Source[];
  const odd = others.find((source) => columns(source) !== columns(first as Source));
  if (odd !== undefined)
    fail(`"${odd.location}" has ${columns(odd)}`, `must be ${columns(first as Source)}, as the first`);
  const counts = mixed.countsBefore(n);
  const samples = new Map<string, SourceSample>();
  for (const [i, name] of mixed.names.entries()) {
    const plan = {
      method: "random",
      n: counts[i] as number,
      seed: seed + i, // sources of one size would else give the same rows
      replace,
      ...(signal !== undefined && { signal }),
    } as const;
    samples.set(name, await planSample(sources.get(name) as Source, plan));
  }
  const reading = { probabilities, ...(signal !== undefined && { signal }) };
  return {
    samples,
    tables: async function* () {
      const readers = mixed.names.map(
        (name) => new RowReader(readSample(sources.get(name) as Source, samples.get(name) as SourceSample, reading)),
      );
      const batch = new RowBatch(1024);
      try {
        for (let i = 0; i < n; i++) {
          const reader = readers[mixed.sourceAt(i)] as RowReader;
          if (reader.isSpent && !(await reader.refill())) continue; // its last rows have faults, which the source reports
          reader.moveTo(batch);
          if (batch.isFull) yield batch.take();
        }
        if (batch.numRows > 0) yield batch.take();
      } finally {
        for (const reader of readers) await reader.close();
      }
    },
  };
}

/** Takes rows one by one from tables that come in time. */
class RowReader {
  readonly #tables: AsyncGenerator<Table>;
  #table: Table | undefined;
  #index = 0;

  constructor(tables: AsyncGenerator<Table>) {
    this.#tables = tables;
  }

  get isSpent(): boolean {
    return this.#table === undefined || this.#index === this.#table.numRows;
  }

  /** Gets the next table; false at the end. */
  async refill(): Promise<boolean> {
    const { value, done } = await this.#tables.next();
    if (done === true) return false;
    this.#table = value;
    this.#index = 0;
    return true;
  }

  moveTo(batch: RowBatch): void {
    batch.push(this.#table as Table, this.#index++);
  }

  async close(): Promise<void> {
    await this.#tables.return(undefined);
  }
}
