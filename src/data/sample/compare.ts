/** How well a sample stands for what it was drawn from, column by column. */

import { DataError, explain } from "../../base/errors.ts";
import type { Cell, Column, Field, Schema, Table } from "../table.ts";
import { ColumnComparison, type ColumnReport } from "./column-comparison.ts";

/** A machine-readable verdict on a sample. */
export interface RepresentativenessReport {
  readonly populationRows: number;
  readonly sampleRows: number;
  /** Rows of an unweighted sample that would tell means as precisely (Kish). */
  readonly effectiveSampleSize: number;
  /** Columns that can be compared: numbers, booleans, timestamps and text. */
  readonly columns: readonly ColumnReport[];
}

/** The columns that {@link SampleComparison} looks at. */
export function comparableFields(schema: Schema): Field[] {
  return schema.filter(
    ({ type }) => !/^(bytes|image|tensor|json|complex|u?int4$|float16$|bfloat16$|float8)/.test(type),
  );
}

/**
 * Compares a sample with its population in one pass over each, the sample first, in bounded memory.
 *
 * Columns of few values are compared as classes (chi-square, population stability index, total variation), others as numbers
 * (Kolmogorov–Smirnov), text of many kinds by its length. With weights (1 over inclusion probability) it is the weighted sample that is
 * compared, so a stratified or weighted sample is judged by what can be told from it. A difference counts only if it is both unlikely by
 * chance (p below 0.01) and large enough to matter.
 *
 * @example The first rows of an ordered table are no good sample
 * ```ts
 * import assert from "node:assert/strict";
 * import { SampleComparison } from "cameo/data/sample";
 *
 * const age = Float64Array.from({ length: 1000 }, (_, i) => i / 10);
 * const comparison = new SampleComparison([{ name: "age", type: "float64", nullable: false }]);
 * comparison.addSample({ numRows: 100, columns: { age: age.subarray(0, 100) } });
 * comparison.addPopulation({ numRows: 1000, columns: { age } });
 * assert.equal(comparison.report().columns[0]?.verdict, "different");
 * ```
 *
 * @source Population stability index: Siddiqi, "Credit Risk Scorecards", 2006; below 0.1 alike, above 0.25 different.
 */
export class SampleComparison {
  readonly #columns: ReadonlyMap<string, ColumnComparison>;
  #populationRows = 0;
  #sampleRows = 0;
  #weight = 0;
  #squares = 0;

  /** @param schema - Columns of both; those of bytes, images, tensors and JSON are left out. */
  constructor(schema: Schema) {
    this.#columns = new Map(
      comparableFields(schema).map(({ name, type }) => [name, new ColumnComparison(name, !type.startsWith("float"))]),
    );
  }

  /**
   * Adds rows of the sample.
   *
   * @param table - The rows.
   * @param weights - Of each row: 1 over its inclusion probability. @defaultValue all 1
   * @throws DataError if a column is missing.
   */
  addSample(table: Table, weights?: ArrayLike<number>): void {
    for (const [name, column] of this.#columns) {
      const values = columnOf(table, name);
      for (let i = 0; i < table.numRows; i++) column.addSample(values[i] as Cell, weights?.[i] ?? 1);
    }
    for (let i = 0; i < table.numRows; i++) {
      const weight = weights?.[i] ?? 1;
      this.#weight += weight;
      this.#squares += weight * weight;
    }
    this.#sampleRows += table.numRows;
  }

  /**
   * Adds rows of the population, after all of the sample.
   *
   * @param table - The rows.
   * @throws DataError if a column is missing.
   */
  addPopulation(table: Table): void {
    for (const [name, column] of this.#columns) {
      const values = columnOf(table, name);
      for (let i = 0; i < table.numRows; i++) column.addPopulation(values[i] as Cell);
    }
    this.#populationRows += table.numRows;
  }

  /** What was found. */
  report(): RepresentativenessReport {
    return {
      populationRows: this.#populationRows,
      sampleRows: this.#sampleRows,
      effectiveSampleSize: this.#squares === 0 ? 0 : this.#weight ** 2 / this.#squares,
      columns: [...this.#columns.values()].map((column) => column.report()),
    };
  }
}

function columnOf(table: Table, name: string): Column {
  const values = table.columns[name];
  if (values === undefined)
    throw new DataError(
      explain({
        api: "SampleComparison",
        action: `compare column "${name}"`,
        received: `the table has ${Object.keys(table.columns).join(", ")}`,
        rule: "must have it",
      }),
    );
  return values;
}
