/** Texts for checks, and what their certificates must say. */

import { expect } from "vitest";
import { RandomStream } from "../../base/random.ts";
import type { Schema } from "../table.ts";
import type { Certificate } from "./certificate.ts";
import type { CheckDataOptions } from "./check-options.ts";

export const textSchema: Schema = [{ name: "text", type: "string", nullable: true }];
export const one: CheckDataOptions = { workers: 1, profile: false };

export const random: RandomStream = new RandomStream(3, "texts");
const word = (index: number): string => `w${random.integer(index, 5000).toString(36).replace(/\d/g, "z")}`;

/** Random words, the same for the same index. */
export const text = (index: number, words = 120): string =>
  Array.from({ length: words }, (_, i) => word(1000 * index + i)).join(" ");

/** What every certificate must say. */
export function balances(certificate: Certificate): void {
  const { input, output, stages, rowsRemoved, rowsQuarantined } = certificate;
  expect(input.rows).toBe(output.rows + rowsRemoved + rowsQuarantined);
  let rows = input.rows;
  for (const stage of stages) {
    expect(stage.rowsIn).toBe(rows);
    rows -= Object.values(stage.removed).reduce((sum, count) => sum + count, 0);
    expect(stage.rowsOut).toBe(rows);
  }
  expect(rows).toBe(output.rows);
}

/** Removed rows by reason. */
export const removedOf = ({ stages }: Certificate): object =>
  Object.assign({}, ...stages.map(({ removed }) => removed));
