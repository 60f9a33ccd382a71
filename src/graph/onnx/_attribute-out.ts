/** From our attributes and shapes to their messages. */

import type { Attribute } from "../graph.ts";
import { tensorMessage } from "./_tensor-out.ts";
import type { Message } from "./schema.ts";

/** `AttributeProto.AttributeType` by the field that holds the value. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  type: 13,
  types: 14,
} as const;

const encoder = new TextEncoder();

/** The value and type of an attribute that holds no graph. */
export function plainAttribute(attribute: Exclude<Attribute, { kind: "graph" }>): Message<"AttributeProto"> {
  const type = attributeTypes[attribute.kind];
  switch (attribute.kind) {
    case "float":
      return { f: attribute.value, type };
    case "int":
      return { i: attribute.value, type };
    case "string":
      return { s: encoder.encode(attribute.value), type };
    case "floats":
      return { floats: Float32Array.from(attribute.value), type };
    case "ints":
      return { ints: [...attribute.value], type };
    case "strings":
      return { strings: attribute.value.map((text) => encoder.encode(text)), type };
    case "tensor":
      return { t: tensorMessage(attribute.value, undefined), type };
  }
}

/** A tensor type. A string is a symbolic length and null an unknown one; without dims the number of axes is unknown. */
export function typeMessage(onnxType: number, dims: readonly (number | string | null)[] | null): Message<"TypeProto"> {
  const shape = dims?.map((dim): Message<"DimensionProto"> => {
    if (dim === null) return {};
    return typeof dim === "string" ? { dimParam: dim } : { dimValue: dim };
  });
  return { tensorType: { elemType: onnxType, shape: shape === undefined ? undefined : { dim: shape } } };
}
