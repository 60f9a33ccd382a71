/** Tells the type of a column from a sample of its cells. */

import type { ColumnType, Field } from "../table.ts";
import type { OpenSourceOptions } from "./open.ts";

/** Share of the cells that a type must fit; the few others are then faults rather than a reason for a looser type. */
const enough = 0.95;

/** How many sampled cells are of which kind. */
export class CellCount {
  readonly #counts = new Map<ColumnType, number>();
  nulls = 0;
  total = 0;

  /** Counts a cell; `undefined` is a null. */
  add(type: ColumnType | undefined): void {
    this.total++;
    if (type === undefined) this.nulls++;
    else this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
  }

  /** The type of nearly all cells, or `otherwise` if there is none such. */
  type(otherwise: ColumnType): ColumnType {
    const [most] = [...this.#counts].sort((a, b) => b[1] - a[1]);
    return most !== undefined && most[1] >= enough * (this.total - this.nulls) ? most[0] : otherwise;
  }
}

/** The field of a column: as the user says, else as the sample does. */
export function fieldOf(
  name: string,
  count: CellCount,
  otherwise: ColumnType,
  types: OpenSourceOptions["types"],
  nullable: boolean = count.nulls > 0,
): Field {
  const given = types?.[name];
  if (given === undefined) return { name, type: count.type(otherwise), nullable };
  return { name, type: given.replace(/\?$/, "") as ColumnType, nullable: given.endsWith("?") };
}
