/** Boundaries between the pieces of a schedule. */

import { explain } from "../base/errors.ts";

/** Throws RangeError unless the boundaries are positive and strictly rising. */
export function checkRising(api: string, boundaries: readonly number[]): void {
  const good = boundaries.every(
    (boundary, i) => Number.isFinite(boundary) && boundary > (i === 0 ? 0 : (boundaries[i - 1] as number)),
  );
  if (!good)
    throw new RangeError(
      explain({
        api,
        action: "use boundaries",
        received: `got [${boundaries.join(", ")}]`,
        rule: "must be positive and rising",
      }),
    );
}

/** How many leading elements satisfy the condition. */
export function countWhile(values: readonly number[], condition: (value: number) => boolean): number {
  const end = values.findIndex((value) => !condition(value));
  return end === -1 ? values.length : end;
}
