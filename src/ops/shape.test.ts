import { describe, expect, test } from "vitest";
import type { RawAttributes } from "../graph/builder.ts";
import { createBuilder, type OpName } from "./registry.ts";

/** Applies an operator to one float input of `shape` and constant int64 lists. */
function apply(
  op: OpName,
  shape: readonly number[],
  lists: readonly (readonly number[])[],
  attributes: RawAttributes = {},
): () => unknown {
  const g = createBuilder();
  return () => g.op(op, [g.input("x", "float32", shape), ...lists.map((list) => g.ints(list))], attributes);
}

describe("errors say what was received and the rule", () => {
  test.each<[OpName, readonly number[], readonly (readonly number[])[], RawAttributes, string]>([
    ["Reshape", [2, 3], [[4, -1]], {}, "Reshape: cannot reshape [2, 3]: got target [4, -1], the input has 6 elements"],
    [
      "Reshape",
      [2, 3],
      [[-1, -1]],
      {},
      "Reshape: cannot reshape [2, 3]: got target [-1, -1], at most one length may be -1",
    ],
    [
      "Transpose",
      [2, 3],
      [],
      { perm: [0, 0] },
      "Transpose: cannot permute [2, 3]: got perm [0, 0], must name each axis once",
    ],
    [
      "Squeeze",
      [2, 1],
      [[0]],
      {},
      "Squeeze: cannot drop axis 0 of [2, 1]: its length is 2, only axes of length 1 can be dropped",
    ],
    ["Split", [5], [[2, 2]], {}, "Split: cannot split axis 0 of [5]: got lengths [2, 2], they must add up to 5"],
    [
      "Slice",
      [5],
      [[0], [5], [0], [0]],
      {},
      "Slice: cannot slice [5]: got starts [0] and steps [0], steps must not be 0",
    ],
    [
      "Pad",
      [3],
      [[3, 0]],
      { mode: "reflect" },
      "Pad: cannot pad axis 0 of [3] (reflect): got 3 and 0, the axis is too short for that",
    ],
    [
      "MaxPool",
      [1, 1, 3],
      [],
      { kernel_shape: [5] },
      "MaxPool: cannot place a window: it reaches over 5 elements, the padded axis has 3",
    ],
  ])("%s %j", (op, shape, lists, attributes, message) => {
    expect(apply(op, shape, lists, attributes)).toThrow(message);
  });

  test("a shape that is not constant is refused with the way out", () => {
    const g = createBuilder();
    expect(() => g.op("Reshape", [g.input("x", "float32", [2]), g.input("shape", "int64", [1])])).toThrow(
      /must be constant\nhint: bind dynamic/,
    );
  });

  test("Conv names the channels that do not fit", () => {
    const g = createBuilder();
    expect(() => g.op("Conv", [g.input("x", "float32", [1, 3, 8, 8]), g.input("w", "float32", [4, 2, 3, 3])])).toThrow(
      "Conv: cannot apply weight [4, 2, 3, 3] (MCK) to input [1, 3, 8, 8] (NCI): got group 1, weight must be [a multiple of 1, 3, kernel of 2 axes]",
    );
  });
});
