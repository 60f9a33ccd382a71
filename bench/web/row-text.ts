/** A line of the benchmark's table. */

import type { Failure, Row, Spread } from "./compare.ts";

const spreadText = ({ median, low, high }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;

/** Cells: model, library, threads, time, ratio, note. */
export function rowText(result: Row | Failure): readonly string[] {
  if ("failure" in result)
    return [result.task, result.contender, "", "cannot", "", result.failure.split("\n")[0] ?? ""];
  const { task, contender, threads, ms, ratio, note } = result;
  return [task, contender, threads?.toString() ?? "", spreadText(ms, 1), spreadText(ratio, 2), note];
}
