/** One thing of the data pipeline that is measured, beside whoever else does it. */

/** A measured operation. */
export interface DataCase {
  /** `"affine"`; the peers' script knows it by this name. */
  readonly name: string;
  /** One line for people. */
  readonly what: string;
  /** What {@link PreparedCase.amount} counts. */
  readonly unit: "images" | "samples" | "indices" | "draws" | "bytes";
  /** Python libraries that do the same. */
  readonly peers: readonly string[];
  /** What must be reached: a multiple of a peer's rate, or a rate of its own [unit/s]. */
  readonly targets?: readonly ({ readonly peer: string; readonly ratio: number } | { readonly perSecond: number })[];
  /** Makes input in the folder, which exists and is empty. What is measured is imported here: the list of cases is read for help. */
  prepare(folder: string): Promise<PreparedCase>;
}

/** An operation with its input. */
export interface PreparedCase {
  /** What the peers need to do the same: paths, parameters. */
  readonly setup: Readonly<Record<string, unknown>>;
  /** Units done by one {@link run}. */
  readonly amount: number;
  /** Does it once. */
  run(): unknown;
  /** SHA-256 of what was computed, of which a peer must have the same. Absent where results cannot be equal. */
  digest?(): Promise<string> | string;
}
