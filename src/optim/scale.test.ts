import { expect, test } from "vitest";
import { createBuilder } from "../ops/registry.ts";
import { scale, scaleBySchedule } from "./scale.ts";
import { addDecayedWeights } from "./weight-decay.ts";

test("scale by 1 builds nothing", () => {
  const g = createBuilder();
  const gradient = g.input("gradient", "float32", [2]);
  const context = { g, gradient, parameter: gradient, state: {}, scalars: {}, globalNorm: null };
  expect(scale(1).update(context).update).toBe(gradient);
  expect(g.nodes).toHaveLength(0);
});

test("scaleBySchedule reads the schedule at every step and keeps its sign", () => {
  const { scalars } = scaleBySchedule((step) => -0.1 * step);
  expect([scalars(0), scalars(2)]).toEqual([{ factor: -0 }, { factor: -0.2 }]);
});

test("addDecayedWeights builds nothing for a masked parameter", () => {
  const transform = addDecayedWeights(0.1, { mask: ({ path }) => path !== "bias" });
  const g = createBuilder();
  const gradient = g.input("gradient", "float32", [2]);
  const context = { g, gradient, parameter: gradient, state: {}, scalars: {}, globalNorm: null };
  const plain = transform.forParameter?.({ path: "bias", shape: [2], dtype: "float32" });
  expect(plain?.update(context).update).toBe(gradient);
});

test("refuse numbers that are not finite, and a negative decay", () => {
  expect(() => scale(Number.NaN)).toThrow(new RangeError("scale: cannot use factor: got NaN, must be finite"));
  expect(() => scaleBySchedule(() => Number.POSITIVE_INFINITY).scalars(3)).toThrow(
    new RangeError("scaleBySchedule: cannot use factor at step 3: got Infinity, must be finite"),
  );
  expect(() => addDecayedWeights(-1)).toThrow(
    new RangeError("addDecayedWeights: cannot use weightDecay: got -1, must be at least 0"),
  );
});
