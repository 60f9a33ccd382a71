/** Training, validation and test sets that stay apart. */

import { explain } from "../../base/errors.ts";
import { RowUniforms } from "./_hash.ts";

/** Options of {@link hashSplit}. */
export interface HashSplitOptions {
  /** Decides who goes where. */
  readonly seed: number;
  /** Another division of the same seed. @defaultValue "split" */
  readonly name?: string;
}

/**
 * Assigns groups of rows to parts by a hash of the group: rows that belong together (of a patient, a document, a duplicate cluster) are
 * never divided, so nothing leaks from training to test.
 *
 * A group stays where it is when data is appended, reordered or stored elsewhere. Shares hold on average: of groups, not of rows.
 *
 * @param shares - Share of each part, in order, (0, 1]. If they sum to less than 1, the rest of the groups go nowhere.
 * @param options - See {@link HashSplitOptions}.
 * @returns The part of a group, or null; a pure function of the group's text, so that 7, "7" and 7n are the same group.
 * @throws RangeError if a share is outside of (0, 1] or they sum to more than 1.
 *
 * @example By patient
 * ```ts
 * import assert from "node:assert/strict";
 * import { hashSplit } from "cameo/data/sample";
 *
 * const partOf = hashSplit({ train: 0.8, validation: 0.1, test: 0.1 }, { seed: 1 });
 * assert.equal(partOf("patient-17"), partOf("patient-17"));
 * const patients = Array.from({ length: 1000 }, (_, id) => partOf(id));
 * assert.ok(Math.abs(patients.filter((part) => part === "train").length - 800) < 50);
 * ```
 */
export function hashSplit<Part extends string>(
  shares: Readonly<Record<Part, number>>,
  options: HashSplitOptions,
): (group: string | number | bigint | boolean) => Part | null {
  const fail = (received: string, rule: string): never => {
    throw new RangeError(explain({ api: "hashSplit", action: "use shares", received, rule }));
  };
  const parts: { readonly part: Part; readonly end: number }[] = [];
  let end = 0;
  for (const [part, share] of Object.entries(shares) as [Part, number][]) {
    if (!(share > 0 && share <= 1)) fail(`that of "${part}" is ${share}`, "must be in (0, 1]");
    end += share;
    parts.push({ part, end });
  }
  if (parts.length === 0) fail("there are none", "must name a part");
  if (end > 1 + 1e-9) fail(`they sum to ${end}`, "must sum to 1 at most");
  // Shares such as 0.7 + 0.2 + 0.1 sum to a little less than 1: the last part then goes up to it.
  if (end > 1 - 1e-9) parts[parts.length - 1] = { part: (parts.at(-1) as (typeof parts)[0]).part, end: 1 };
  const uniforms = new RowUniforms(options.seed, options.name ?? "split");
  return (group) => {
    const place = uniforms.ofText(String(group));
    return parts.find(({ end }) => place < end)?.part ?? null;
  };
}
