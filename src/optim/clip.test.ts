import { describe, expect, test } from "vitest";
import { GraphError } from "../base/errors.ts";
import { createBuilder } from "../ops/registry.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { tensor } from "../tensor/tensor.ts";
import { clipByGlobalNorm, clipByNorm, clipByValue } from "./clip.ts";
import type { Transform } from "./transform.ts";

/** What a transform makes of a gradient; the global norm is that of this gradient unless given. */
async function clipped(
  transform: Transform,
  gradient: readonly number[],
  norm = Math.hypot(...gradient),
): Promise<number[]> {
  const g = createBuilder();
  const value = g.input("gradient", "float32", [gradient.length]);
  const globalNorm = g.input("norm", "float32", []);
  const { update } = transform.update({ g, gradient: value, parameter: value, state: {}, scalars: {}, globalNorm });
  g.output("update", update);
  const feeds = { gradient: tensor("float32", [gradient.length], gradient), norm: tensor("float32", [], [norm]) };
  return Array.from((await evaluate(g.build(), feeds)).update?.data as Float32Array);
}

describe("clipByValue", () => {
  test("bounds each element and passes the others unchanged", async () => {
    expect(await clipped(clipByValue(0.5), [-2, -0.5, 0, 0.25, 1e8])).toEqual([-0.5, -0.5, 0, 0.25, 0.5]);
  });
});

describe.each([
  ["clipByNorm", clipByNorm],
  ["clipByGlobalNorm", clipByGlobalNorm],
] as const)("%s", (name, clip) => {
  test("leaves a short gradient alone and shortens a long one", async () => {
    expect(await clipped(clip(10), [3, -4])).toEqual([3, -4]);
    const [x, y] = await clipped(clip(1, { epsilon: 0 }), [3, -4]);
    expect(x).toBeCloseTo(0.6, 6);
    expect(y).toBeCloseTo(-0.8, 6);
  });

  test("PyTorch's epsilon clips at the limit too and falls short of it; without it the limit passes", async () => {
    const limit = 2 ** -10;
    const [torch] = await clipped(clip(limit), [limit]);
    expect(torch).toBeCloseTo(limit / (1 + 1e-6 / limit), 9);
    expect(torch).toBeLessThan(limit * 0.9991);
    expect(await clipped(clip(limit, { epsilon: 0 }), [limit])).toEqual([limit]);
  });

  test("passes zeros without and with epsilon", async () => {
    expect(await clipped(clip(1), [0, 0])).toEqual([0, 0]);
    expect(await clipped(clip(1, { epsilon: 0 }), [0, 0])).toEqual([0, 0]);
  });

  test("an infinite gradient becomes NaN and silences the others, a NaN spreads", async () => {
    expect(await clipped(clip(1), [Number.POSITIVE_INFINITY, 1])).toEqual([Number.NaN, 0]);
    expect(await clipped(clip(1), [Number.NaN, 1])).toEqual([Number.NaN, Number.NaN]);
  });

  test("refuses a limit of zero and a negative epsilon", () => {
    expect(() => clip(0)).toThrow(new RangeError(`${name}: cannot use max: got 0, must be positive`));
    expect(() => clip(1, { epsilon: -1 })).toThrow(
      new RangeError(`${name}: cannot use epsilon: got -1, must be at least 0`),
    );
  });
});

test("clipByGlobalNorm goes by the norm of all gradients, clipByNorm by the parameter's own", async () => {
  expect(await clipped(clipByGlobalNorm(1, { epsilon: 0 }), [1], 4)).toEqual([0.25]);
  expect(await clipped(clipByNorm(1, { epsilon: 0 }), [1], 4)).toEqual([1]);
});

test("clipByNorm takes a scalar parameter", async () => {
  const g = createBuilder();
  const gradient = g.input("gradient", "float32", []);
  const context = { g, gradient, parameter: gradient, state: {}, scalars: {}, globalNorm: null };
  g.output("update", clipByNorm(1, { epsilon: 0 }).update(context).update);
  const { update } = await evaluate(g.build(), { gradient: tensor("float32", [], [-8]) });
  expect([update?.shape, update?.data[0]]).toEqual([[], -1]);
});

test("clipByGlobalNorm refuses to build without the norm", () => {
  const g = createBuilder();
  const gradient = g.input("gradient", "float32", [1]);
  const context = { g, gradient, parameter: gradient, state: {}, scalars: {}, globalNorm: null };
  expect(() => clipByGlobalNorm(1).update(context)).toThrow(
    new GraphError('clipByGlobalNorm: cannot clip "gradient": got no global norm, needsGlobalNorm asks for one'),
  );
});

test("clipByValue refuses a limit of zero", () => {
  expect(() => clipByValue(0)).toThrow(new RangeError("clipByValue: cannot use limit: got 0, must be positive"));
});
