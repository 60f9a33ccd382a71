/** Operators on the bits of integers. None has a gradient. Counter-based random masks are made of them. */

import type { DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Element, foldMap } from "./_fold.ts";
import { broadcastAll, failShape, inputOf, requireDType } from "./_infer.ts";
import { type Operator, string } from "./operator.ts";

const unsigned: readonly DType[] = ["uint8", "uint16", "uint32", "uint64"];
const integers: readonly DType[] = [...unsigned, "int8", "int16", "int32", "int64"];

/** A row for a function of the bits of broadcast integers of one dtype. */
function bitwise(inputs: 1 | 2, apply: (...x: bigint[]) => bigint): Operator {
  return {
    since: 18,
    inputs: [inputs, inputs],
    attributes: {},
    infer: (context) => {
      requireDType(context.op, inputOf(context, 0), integers);
      return broadcastAll(context);
    },
    gradient: "none",
    fold: (values) => foldMap(values, (values[0] as Tensor).dtype, apply as (...x: Element[]) => Element),
  };
}

/** Bits that are 1 in both. */
export const BitwiseAnd: Operator = bitwise(2, (a, b) => a & b);
/** Bits that are 1 in one or both. */
export const BitwiseOr: Operator = bitwise(2, (a, b) => a | b);
/** Bits that are 1 in one but not both. */
export const BitwiseXor: Operator = bitwise(2, (a, b) => a ^ b);
/** All bits turned. */
export const BitwiseNot: Operator = bitwise(1, (a) => ~a);

interface BitShiftAttributes {
  direction: string;
}

/**
 * Unsigned a shifted by b places, `"LEFT"` or `"RIGHT"`; bits that fall off are lost. Shifts of as many places as the dtype
 * has bits or more are undefined in ONNX Runtime and are not folded here.
 */
export const BitShift: Operator<BitShiftAttributes> = {
  since: 11,
  inputs: [2, 2],
  attributes: { direction: string() },
  infer: (context) => {
    const { op, attributes } = context;
    requireDType(op, inputOf(context, 0), unsigned);
    if (attributes.direction !== "LEFT" && attributes.direction !== "RIGHT")
      failShape(op, "shift bits", `got direction "${attributes.direction}"`, 'must be "LEFT" or "RIGHT"');
    return broadcastAll(context);
  },
  gradient: "none",
  fold: (inputs, { direction }) => {
    const { dtype, data } = inputs[0] as Tensor;
    const bits = BigInt((data as Uint32Array).BYTES_PER_ELEMENT * 8);
    return foldMap(inputs, dtype, (a, b) => {
      const [value, places] = [a as bigint, b as bigint];
      if (places >= bits) return undefined;
      return direction === "LEFT" ? value << places : value >> places;
    });
  },
};
