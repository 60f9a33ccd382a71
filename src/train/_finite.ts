/** Looks for numbers that no training can come back from. */

import { sizeOf } from "../tensor/shape.ts";
import type { StateTensor } from "./memory.ts";

/**
 * The first parameter that holds NaN or an infinity. A loss tells it one step late: it is of the parameters before the update.
 *
 * @param parameters - Those of a step program, by path.
 * @returns Its path and the number, or null.
 */
export async function findNonFinite(
  parameters: ReadonlyMap<string, Pick<StateTensor, "shape" | "view">>,
): Promise<{ path: string; value: number } | null> {
  for (const [path, { shape, view }] of parameters) {
    if (view.buffer.dtype !== "float32" && view.buffer.dtype !== "float64") continue;
    const data = (await view.buffer.read(view.offset, view.offset + sizeOf(shape))) as Float32Array | Float64Array;
    const value = data.find((number) => !Number.isFinite(number));
    if (value !== undefined) return { path, value };
  }
  return null;
}
