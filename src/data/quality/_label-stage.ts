/** The labels of the rows that stay, judged by predictions and by neighbours. */

import { DataError, explain } from "../../base/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { Cell, TableSlice } from "../table.ts";
import type { LabelRecord } from "./certificate.ts";
import { findLabelErrors } from "./label-errors.ts";
import { neighbourDisagreement } from "./neighbour-disagreement.ts";

/** Columns that say something of labels. */
export interface LabelColumns {
  /** Class of each row, an integer from 0. */
  readonly label: string;
  /** Predicted probabilities, a list or tensor per row, out of fold: finds errors by confident learning. */
  readonly probabilities?: string;
  /** Embeddings, a list or tensor per row: finds rows whose neighbours have other labels. */
  readonly embeddings?: string;
}

/** Suspects that the certificate lists. */
const listed = 100;

/** Collects labels and vectors, and judges them. Needs them in memory: 8 bytes a number. */
export async function judgeLabels(
  slices: AsyncIterable<TableSlice>,
  { label, probabilities, embeddings }: LabelColumns,
): Promise<LabelRecord> {
  const rows: number[] = [];
  const labels: number[] = [];
  const predicted = new Vectors(probabilities);
  const embedded = new Vectors(embeddings);
  for await (const slice of slices)
    for (const [i, row] of slice.rows.entries()) {
      const given = Number(slice.columns[label]?.[i] as Cell);
      if (!Number.isInteger(given) || given < 0)
        throw refused(
          `use column "${label}"`,
          `row ${row} has ${String(slice.columns[label]?.[i])}`,
          "labels are integers from 0",
        );
      rows.push(row);
      labels.push(given);
      predicted.add(slice, i);
      embedded.add(slice, i);
    }
  const report = probabilities === undefined || rows.length === 0 ? null : findLabelErrors(predicted.tensor(), labels);
  const neighbours = Math.min(10, rows.length - 1);
  const scores =
    embeddings === undefined || neighbours < 1
      ? null
      : neighbourDisagreement(embedded.tensor(), labels, { neighbours });
  const suspects = [...(scores ?? [])]
    .map((score, i) => ({ row: rows[i] as number, given: labels[i] as number, score }))
    .filter(({ score }) => score > 0.5)
    .sort((a, b) => b.score - a.score || a.row - b.row);
  return {
    columns: {
      label,
      ...(probabilities === undefined ? {} : { probabilities }),
      ...(embeddings === undefined ? {} : { embeddings }),
    },
    confidentLearning:
      report === null
        ? null
        : {
            numErrors: report.errors.length,
            noiseRate: report.noiseRate,
            thresholds: report.thresholds,
            joint: report.joint,
            errors: report.errors
              .slice(0, listed)
              .map(({ index, ...rest }) => ({ row: rows[index] as number, ...rest })),
          },
    neighbours:
      scores === null ? null : { neighbours, numSuspects: suspects.length, suspects: suspects.slice(0, listed) },
  };
}

/** Vectors of one column, end to end. */
class Vectors {
  readonly #column: string | undefined;
  readonly #values: number[] = [];
  #count = 0;
  #size = 0;

  constructor(column: string | undefined) {
    this.#column = column;
  }

  add(slice: TableSlice, index: number): void {
    if (this.#column === undefined) return;
    const cell = slice.columns[this.#column]?.[index] as Cell;
    const holder = typeof cell === "object" && cell !== null && "data" in cell ? cell.data : cell;
    const isList = Array.isArray(holder) || ArrayBuffer.isView(holder);
    const vector = isList ? Array.from(holder as ArrayLike<number | bigint>, Number) : [];
    if (this.#count === 0) this.#size = vector.length;
    const isSound = vector.length > 0 && vector.length === this.#size && vector.every(Number.isFinite);
    if (!isSound)
      throw refused(
        `use column "${this.#column}"`,
        `row ${slice.rows[index]} has ${isList ? `${vector.length} numbers, or not all finite` : "no list"}`,
        this.#count === 0 ? "rows are lists of numbers" : `all rows are lists of ${this.#size} finite numbers`,
      );
    for (const value of vector) this.#values.push(value);
    this.#count++;
  }

  tensor(): Tensor {
    return tensor("float64", [this.#count, this.#size], Float64Array.from(this.#values));
  }
}

function refused(action: string, received: string, rule: string): DataError {
  return new DataError(explain({ api: "checkData", action, received, rule }));
}
