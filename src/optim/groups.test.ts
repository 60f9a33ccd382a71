import { expect, test } from "vitest";
import { GraphError } from "../base/errors.ts";
import { createBuilder } from "../ops/registry.ts";
import { adamw } from "./adam.ts";
import { clipByGlobalNorm, clipByNorm } from "./clip.ts";
import { groups } from "./groups.ts";
import { sgd } from "./sgd.ts";
import type { ParameterSpec } from "./transform.ts";

const spec = (path: string, shape: readonly number[] = [2, 2]): ParameterSpec => ({ path, shape, dtype: "float32" });

test("the first group that matches decides, by pattern or by predicate", () => {
  const [a, b, c] = [sgd({ learningRate: 1 }), sgd({ learningRate: 2 }), sgd({ learningRate: 3 })];
  const transform = groups(
    [
      { match: /^trunk\./, transform: a },
      { match: ({ shape }) => shape.length < 2, transform: b },
    ],
    c,
  );
  expect(transform.forParameter?.(spec("trunk.bias", [2]))).toBe(a);
  expect(transform.forParameter?.(spec("head.bias", [2]))).toBe(b);
  expect(transform.forParameter?.(spec("head.weight"))).toBe(c);
});

test("a global pattern has no memory", () => {
  const chosen = sgd();
  const transform = groups([{ match: /weight/g, transform: chosen }], sgd());
  for (let i = 0; i < 3; i++) expect(transform.forParameter?.(spec("head.weight"))).toBe(chosen);
});

test("a group's own mask still applies, with one object for parameters treated alike", () => {
  const transform = groups([], adamw({ mask: ({ shape }) => shape.length >= 2 }));
  const [matrix, bias] = [transform.forParameter?.(spec("a")), transform.forParameter?.(spec("b", [2]))];
  expect(Object.keys(matrix?.scalars(0) ?? {})).toContain("decay");
  expect(Object.keys(bias?.scalars(0) ?? {})).not.toContain("decay");
  expect(transform.forParameter?.(spec("c"))).toBe(matrix);
});

test("says what any of its groups needs", () => {
  expect(groups([{ match: /a/, transform: clipByGlobalNorm(1) }], sgd()).needsGlobalNorm).toBe(true);
  expect(groups([{ match: /a/, transform: clipByNorm(1) }], sgd()).elementwise).toBe(false);
  expect(groups([], sgd()).elementwise).toBe(true);
});

test("refuses to update a parameter whose group was not chosen", () => {
  const g = createBuilder();
  const parameter = g.input("head.weight", "float32", [2]);
  const context = { g, parameter, gradient: parameter, state: {}, scalars: {}, globalNorm: null };
  expect(() => groups([], sgd()).update(context)).toThrow(
    new GraphError(
      'groups: cannot update "head.weight": got no choice of group, the transform of a parameter is forParameter\'s',
    ),
  );
});
