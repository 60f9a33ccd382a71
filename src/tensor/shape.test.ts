import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ShapeError } from "../base/errors.ts";
import { broadcastShapes, formatShape, normalizeAxis, sameShape, sizeOf, stridesOf } from "./shape.ts";

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

test("sizeOf is the product; a scalar has one element, an empty axis none", () => {
  expect([sizeOf([]), sizeOf([2, 3]), sizeOf([4, 0])]).toEqual([1, 6, 0]);
});

test("formatShape", () => {
  expect([formatShape([]), formatShape([32, 1, 28])]).toEqual(["[]", "[32, 1, 28]"]);
});

test("sameShape compares axes, not sizes", () => {
  expect([sameShape([2, 3], [2, 3]), sameShape([2, 3], [3, 2]), sameShape([1, 2], [2]), sameShape([], [])]).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

describe("broadcastShapes", () => {
  test("follows NumPy's rule", () => {
    expect(broadcastShapes("add", [5, 1, 3], [4, 1], [1])).toEqual([5, 4, 3]);
    expect(broadcastShapes("add")).toEqual([]);
    expect(broadcastShapes("add", [1, 3], [0, 3])).toEqual([0, 3]);
  });

  test("names the axis and both lengths when it cannot", () => {
    expect(() => broadcastShapes("add", [2, 3], [2, 4])).toThrow(ShapeError);
    expect(() => broadcastShapes("add", [2, 3], [2, 4])).toThrow(
      "add: cannot broadcast inputs: got [2, 3] and [2, 4], axis -1 has lengths 3 and 4, which must be equal or 1",
    );
    expect(() => broadcastShapes("add", [0], [2])).toThrow(ShapeError);
  });

  test("is commutative and idempotent, and a scalar is neutral", () => {
    const attempt = (...list: number[][]) => {
      try {
        return broadcastShapes("law", ...list);
      } catch (error) {
        expect(error).toBeInstanceOf(ShapeError);
        return null;
      }
    };
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        const both = attempt(a, b);
        expect(attempt(b, a)).toEqual(both);
        expect(attempt(a, a)).toEqual(a);
        expect(attempt(a, [])).toEqual(a);
        if (both !== null) expect(attempt([...both], a)).toEqual(both);
      }),
    );
  });
});

test("normalizeAxis counts from either end", () => {
  expect([normalizeAxis("x", 0, 3), normalizeAxis("x", -1, 3), normalizeAxis("x", -3, 3)]).toEqual([0, 2, 0]);
  for (const axis of [3, -4, 0.5, Number.NaN])
    expect(() => normalizeAxis("x", axis, 3)).toThrow(`x: cannot use axis: got ${axis}, must be in [-3, 3)`);
});

test("stridesOf turns an index into a position", () => {
  expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
  expect(stridesOf([])).toEqual([]);
});
