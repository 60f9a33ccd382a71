/** A source whose numbers must be numbers: rows with NaN or an infinity are faults. */

import { ReadError } from "../store/read-error.ts";
import type { Field, Schema, Table, TableSlice } from "../table.ts";
import { columnIndices } from "./_record-source.ts";
import { pickRows } from "./pick-rows.ts";
import type { Source } from "./source.ts";

/** Wraps a source. `columns` are those that must be finite; `true` means all that hold floats. */
export function finiteSource(source: Source, columns: true | readonly string[]): Source {
  const fields =
    columns === true
      ? source.schema.filter(({ type }) => type === "float32" || type === "float64")
      : columnIndices(source.schema, columns).map((i) => source.schema[i] as Field);
  return new FiniteSource(source, fields);
}

class FiniteSource implements Source {
  readonly #source: Source;
  readonly #fields: Schema;
  readonly take?: NonNullable<Source["take"]>;

  constructor(source: Source, fields: Schema) {
    this.#source = source;
    this.#fields = fields;
    const take = source.take?.bind(source);
    if (take !== undefined)
      this.take = async (rows, options = {}) => {
        const table = await take(rows, options);
        this.#kept(table, Float64Array.from(rows), "fail");
        return table;
      };
  }

  get format(): string {
    return this.#source.format;
  }
  get location(): string {
    return this.#source.location;
  }
  get files(): Source["files"] {
    return this.#source.files;
  }
  get schema(): Schema {
    return this.#source.schema;
  }
  get numRows(): number | undefined {
    return this.#source.numRows;
  }
  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }
  get fingerprint(): string {
    return this.#source.fingerprint;
  }
  get faults(): Source["faults"] {
    return this.#source.faults;
  }

  async *read(options?: Parameters<Source["read"]>[0]): AsyncGenerator<TableSlice> {
    for await (const slice of this.#source.read(options)) {
      const kept = this.#kept(slice, slice.rows, "report");
      if (kept.length === slice.numRows) yield slice;
      else if (kept.length > 0) yield pickRows(slice, kept);
    }
  }

  /** Indices of the rows of a table that are sound. */
  #kept(table: Table, rows: Float64Array, faulty: "report" | "fail"): number[] {
    const kept: number[] = [];
    for (let i = 0; i < table.numRows; i++) {
      const field = this.#fields.find(({ name }) => {
        const value = table.columns[name]?.[i];
        return typeof value === "number" && !Number.isFinite(value);
      });
      if (field === undefined) {
        kept.push(i);
        continue;
      }
      const row = rows[i] as number;
      const detail = `column "${field.name}" is ${table.columns[field.name]?.[i]}`;
      const fault = { code: "not-finite", source: this.location, row, detail } as const;
      if (faulty === "fail") throw new ReadError(fault, "a faulty row cannot be taken");
      this.faults.report(fault);
    }
    return kept;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#source[Symbol.asyncDispose]();
  }
}
