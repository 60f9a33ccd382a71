/**
 * The messages of an ONNX file: field number and kind of each field, in the order in which they are written. Reader
 * and writer share this one table. A field that is not here is kept as bytes and written back.
 *
 * @source onnx/onnx.proto3 of ONNX 1.22, https://github.com/onnx/onnx/blob/v1.22.0/onnx/onnx.proto3
 */

import type { Int64 } from "./wire.ts";

/** What a field of each kind holds once decoded. Plural kinds are repeated fields. */
export interface FieldKinds {
  int: Int64;
  float: number;
  string: string;
  bytes: Uint8Array;
  ints: Int64[];
  strings: string[];
  bytesList: Uint8Array[];
  int32s: Int32Array;
  int64s: BigInt64Array;
  uint64s: BigUint64Array;
  float32s: Float32Array;
  float64s: Float64Array;
}

/** Fields by message and name: `[number, kind]`, or `[number, "message" | "messages", name of the message]`. */
export const schema = {
  ModelProto: {
    irVersion: [1, "int"],
    producerName: [2, "string"],
    producerVersion: [3, "string"],
    domain: [4, "string"],
    modelVersion: [5, "int"],
    docString: [6, "string"],
    graph: [7, "message", "GraphProto"],
    opsetImport: [8, "messages", "OperatorSetIdProto"],
    metadataProps: [14, "messages", "StringStringEntryProto"],
    functions: [25, "messages", "FunctionProto"],
  },
  GraphProto: {
    node: [1, "messages", "NodeProto"],
    name: [2, "string"],
    initializer: [5, "messages", "TensorProto"],
    docString: [10, "string"],
    input: [11, "messages", "ValueInfoProto"],
    output: [12, "messages", "ValueInfoProto"],
    valueInfo: [13, "messages", "ValueInfoProto"],
    sparseInitializer: [15, "messages", "SparseTensorProto"],
    metadataProps: [16, "messages", "StringStringEntryProto"],
  },
  NodeProto: {
    input: [1, "strings"],
    output: [2, "strings"],
    name: [3, "string"],
    opType: [4, "string"],
    attribute: [5, "messages", "AttributeProto"],
    docString: [6, "string"],
    domain: [7, "string"],
    overload: [8, "string"],
    metadataProps: [9, "messages", "StringStringEntryProto"],
  },
  AttributeProto: {
    name: [1, "string"],
    f: [2, "float"],
    i: [3, "int"],
    s: [4, "bytes"],
    t: [5, "message", "TensorProto"],
    g: [6, "message", "GraphProto"],
    floats: [7, "float32s"],
    ints: [8, "ints"],
    strings: [9, "bytesList"],
    tensors: [10, "messages", "TensorProto"],
    graphs: [11, "messages", "GraphProto"],
    docString: [13, "string"],
    tp: [14, "message", "TypeProto"],
    typeProtos: [15, "messages", "TypeProto"],
    type: [20, "int"],
    refAttrName: [21, "string"],
    sparseTensor: [22, "message", "SparseTensorProto"],
    sparseTensors: [23, "messages", "SparseTensorProto"],
  },
  TensorProto: {
    dims: [1, "ints"],
    dataType: [2, "int"],
    floatData: [4, "float32s"],
    int32Data: [5, "int32s"],
    stringData: [6, "bytesList"],
    int64Data: [7, "int64s"],
    name: [8, "string"],
    rawData: [9, "bytes"],
    doubleData: [10, "float64s"],
    uint64Data: [11, "uint64s"],
    docString: [12, "string"],
    externalData: [13, "messages", "StringStringEntryProto"],
    dataLocation: [14, "int"],
    metadataProps: [16, "messages", "StringStringEntryProto"],
  },
  SparseTensorProto: {
    values: [1, "message", "TensorProto"],
    indices: [2, "message", "TensorProto"],
    dims: [3, "ints"],
  },
  ValueInfoProto: {
    name: [1, "string"],
    type: [2, "message", "TypeProto"],
    docString: [3, "string"],
    metadataProps: [4, "messages", "StringStringEntryProto"],
  },
  TypeProto: {
    tensorType: [1, "message", "TensorTypeProto"],
    sequenceType: [4, "message", "ElementTypeProto"],
    mapType: [5, "message", "MapTypeProto"],
    denotation: [6, "string"],
    sparseTensorType: [8, "message", "TensorTypeProto"],
    optionalType: [9, "message", "ElementTypeProto"],
  },
  TensorTypeProto: { elemType: [1, "int"], shape: [2, "message", "TensorShapeProto"] },
  ElementTypeProto: { elemType: [1, "message", "TypeProto"] },
  MapTypeProto: { keyType: [1, "int"], valueType: [2, "message", "TypeProto"] },
  TensorShapeProto: { dim: [1, "messages", "DimensionProto"] },
  DimensionProto: { dimValue: [1, "int"], dimParam: [2, "string"], denotation: [3, "string"] },
  OperatorSetIdProto: { domain: [1, "string"], version: [2, "int"] },
  StringStringEntryProto: { key: [1, "string"], value: [2, "string"] },
  FunctionProto: {
    name: [1, "string"],
    input: [4, "strings"],
    output: [5, "strings"],
    attribute: [6, "strings"],
    node: [7, "messages", "NodeProto"],
    docString: [8, "string"],
    opsetImport: [9, "messages", "OperatorSetIdProto"],
    domain: [10, "string"],
    attributeProto: [11, "messages", "AttributeProto"],
    valueInfo: [12, "messages", "ValueInfoProto"],
    overload: [13, "string"],
    metadataProps: [14, "messages", "StringStringEntryProto"],
  },
} as const;

/** Names of the messages. */
export type MessageName = keyof typeof schema;

type Held<F> = F extends readonly [number, infer K extends keyof FieldKinds]
  ? FieldKinds[K]
  : F extends readonly [number, infer K, infer M extends MessageName]
    ? K extends "message"
      ? Message<M>
      : Message<M>[]
    : never;

/** A decoded message: its fields by name, absent where the file has none, and the fields that the table lacks. */
export type Message<M extends MessageName> = {
  -readonly [F in keyof (typeof schema)[M]]?: Held<(typeof schema)[M][F]> | undefined;
} & {
  /** Fields that the table does not know, tags included, as they stood in the file. */
  unknown?: Uint8Array | undefined;
};
