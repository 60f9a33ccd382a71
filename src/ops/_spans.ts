/** Which elements a Slice reads. */

import { formatShape, normalizeAxis, type Shape } from "../tensor/shape.ts";
import { failShape } from "./_infer.ts";
import type { Span } from "./_place.ts";

/** What a Slice reads from each axis, by ONNX's rules: negative positions count from the end, then all are clamped. */
export function spansOf(shape: Shape, lists: readonly (readonly number[] | undefined)[]): Span[] {
  const [starts = [], ends = [], axes = starts.map((_, i) => i), steps = starts.map(() => 1)] = lists;
  const fail = (rule: string): never =>
    failShape(
      "Slice",
      `slice ${formatShape(shape)}`,
      `got starts ${formatShape(starts)} and steps ${formatShape(steps)}`,
      rule,
    );
  if ([ends, axes, steps].some((list) => list.length !== starts.length))
    return fail("starts, ends, axes and steps must have equal lengths");
  const spans: Span[] = shape.map((length) => ({ start: 0, step: 1, length }));
  for (const [i, given] of axes.entries()) {
    const axis = normalizeAxis("Slice", given, shape.length);
    const length = shape[axis] as number;
    const step = steps[i] as number;
    if (step === 0) return fail("steps must not be 0");
    const clamp = (position: number): number => {
      const fromStart = position < 0 ? position + length : position;
      return step > 0 ? Math.min(Math.max(fromStart, 0), length) : Math.min(Math.max(fromStart, -1), length - 1);
    };
    // A start before the first element begins at it, whichever way the steps go.
    const start = Math.max(clamp(starts[i] as number), 0);
    const count = Math.max(0, Math.ceil((clamp(ends[i] as number) - start) / step));
    spans[axis] = { start, step, length: count };
  }
  return spans;
}
