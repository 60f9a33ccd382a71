/** What is wrong with data: one closed list of reasons, and one place that counts them. */

import { DataError, explain } from "../base/errors.ts";
import { RowRanges } from "./_row-ranges.ts";

/** Why a file, row or sample cannot be used. */
export const faultCodes = [
  "empty", // zero bytes, or no rows where some are needed
  "truncated", // ends before it should
  "checksum", // bytes differ from what was written
  "syntax", // does not follow its format
  "schema", // a column is missing or has another type
  "shape", // an array has another shape than its column
  "utf8", // text that is not UTF-8
  "not-finite", // NaN or an infinity where a number is needed
  "range", // a number or a box outside of what is allowed
  "decode", // a codec refused the bytes
  "image-size", // an image whose header and pixels disagree, or that has too many
  "bomb", // would unpack to more than the limit
  "link-loop", // links that lead to themselves
  "unsafe-path", // a name that leaves its folder
  "remote", // a server that fails after all retries
] as const;

/** See {@link faultCodes}. */
export type FaultCode = (typeof faultCodes)[number];

/** One thing that is wrong. */
export interface Fault {
  readonly code: FaultCode;
  /** File, URL or archive member. */
  readonly source: string;
  /** Row (or sample) of the source, counted from 0, when the fault is of one. */
  readonly row?: number;
  /** Rows that it costs, from `row` on where that is given. @defaultValue 1 with a row, else 0 */
  readonly numRows?: number;
  /** Byte of the source, when that is known. */
  readonly byte?: number;
  /** One line for a person. */
  readonly detail: string;
}

/** What happens to data with a fault: set aside and counted, or the end. */
export type FaultPolicy = "quarantine" | "fail";

/** Options of {@link FaultLog}. */
export interface FaultLogOptions {
  /**
   * What happens to data with a fault.
   * @defaultValue "quarantine"
   */
  readonly policy?: FaultPolicy;
  /** Faults of each code that are kept whole; all are counted. @defaultValue 20 */
  readonly examples?: number;
  /** Called for each fault, before the policy applies. */
  readonly onFault?: (fault: Fault) => void;
}

/** The text of a fault: `shard-3.tar, row 17: truncated: …`. */
export function describeFault({ source, row, byte, code, detail }: Fault): string {
  const place = [source, row === undefined ? "" : `row ${row}`, byte === undefined ? "" : `byte ${byte}`];
  return `${place.filter((part) => part !== "").join(", ")}: ${code}: ${detail}`;
}

/** Faults of files that are remembered, so that each is counted once. */
const mostKnown = 2 ** 18;

/**
 * Where every reader reports what it cannot use, so that nothing is skipped in silence.
 *
 * What is reported again, because data is read again, is not counted again.
 *
 * @example Set aside and counted
 * ```ts
 * import assert from "node:assert/strict";
 * import { FaultLog } from "cameo/data";
 *
 * const log = new FaultLog();
 * log.report({ code: "utf8", source: "a.txt", byte: 7, detail: "0xff is no UTF-8" });
 * assert.deepEqual(log.counts(), { utf8: 1 });
 * assert.equal(log.total, 1);
 * ```
 */
export class FaultLog {
  readonly policy: FaultPolicy;
  readonly #limit: number;
  readonly #onFault: ((fault: Fault) => void) | undefined;
  readonly #counts = new Map<FaultCode, number>();
  readonly #rowCounts = new Map<FaultCode, number>();
  readonly #examples: Fault[] = [];
  /** Faults that are of no row, as text. */
  readonly #known = new Set<string>();
  /** Rows with a fault, by code and source. */
  readonly #knownRows = new Map<string, RowRanges>();

  /** @param options - See {@link FaultLogOptions}. */
  constructor(options: FaultLogOptions = {}) {
    this.policy = options.policy ?? "quarantine";
    this.#limit = options.examples ?? 20;
    this.#onFault = options.onFault;
  }

  /**
   * Counts a fault, unless it was before.
   *
   * @param fault - What is wrong.
   * @param cause - What was thrown, when something was.
   * @throws DataError if the policy is `"fail"`.
   */
  report(fault: Fault, cause?: unknown): void {
    const newRows = this.#newRows(fault);
    if (newRows !== undefined) {
      const count = (this.#counts.get(fault.code) ?? 0) + 1;
      this.#counts.set(fault.code, count);
      if (newRows > 0) this.#rowCounts.set(fault.code, (this.#rowCounts.get(fault.code) ?? 0) + newRows);
      if (count <= this.#limit) this.#examples.push(fault);
      this.#onFault?.(fault);
    }
    if (this.policy === "fail")
      throw new DataError(
        explain({
          api: "data",
          action: `read "${fault.source}"`,
          received: describeFault(fault)
            .slice(fault.source.length)
            .replace(/^[,:] /, ""),
          rule: `the fault policy is "fail"`,
          hint: `use the policy "quarantine" to set such data aside and go on`,
        }),
        { source: fault.source, cause },
      );
  }

  /** Rows that a fault costs and no fault before it did; undefined for a fault that is known. */
  #newRows({ code, source, row, numRows = row === undefined ? 0 : 1, byte, detail }: Fault): number | undefined {
    if (row === undefined) {
      const text = JSON.stringify([code, source, byte, detail]);
      if (this.#known.has(text)) return undefined;
      if (this.#known.size < mostKnown) this.#known.add(text);
      return numRows;
    }
    const key = `${code} ${source}`;
    const rows = this.#knownRows.get(key) ?? new RowRanges();
    this.#knownRows.set(key, rows);
    return rows.add(row, row + numRows) || undefined;
  }

  /** Faults so far. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Faults by code, of the codes that occurred, in the order of {@link faultCodes}. */
  counts(): Partial<Record<FaultCode, number>> {
    return inOrder(this.#counts);
  }

  /** Rows that cannot be used, by code: one for most faults, all rows of what is damaged as a whole, none for a file without rows. */
  rowCounts(): Partial<Record<FaultCode, number>> {
    return inOrder(this.#rowCounts);
  }

  /** Rows that cannot be used. */
  get numRows(): number {
    return [...this.#rowCounts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The first faults of each code. */
  get examples(): readonly Fault[] {
    return this.#examples;
  }
}

function inOrder(counts: ReadonlyMap<FaultCode, number>): Partial<Record<FaultCode, number>> {
  return Object.fromEntries(
    faultCodes.flatMap((code) => {
      const count = counts.get(code);
      return count === undefined ? [] : [[code, count]];
    }),
  );
}
