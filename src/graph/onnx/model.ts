/**
 * An ONNX file as plain objects that keep what the file says, including what Cameo has no use for. The importer makes
 * our graph from it; tools edit it and write it back.
 */

import type { DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Message } from "./schema.ts";
import type { Int64 } from "./wire.ts";

/** What most parts of a file can carry besides their content. */
export interface OnnxExtras {
  docString?: string | undefined;
  /** `metadata_props`. */
  metadata?: Map<string, string> | undefined;
  /** Fields that this version does not know, as bytes; they are written back. */
  unknown?: Uint8Array | undefined;
}

/** A whole file. */
export interface OnnxModel extends OnnxExtras {
  irVersion: number;
  /** Version by operator domain; `""` is standard ONNX. */
  opsets: Map<string, number>;
  producerName: string;
  producerVersion: string;
  domain: string;
  modelVersion: Int64;
  /** Operators that the file defines itself. */
  functions: OnnxFunction[];
  graph: OnnxGraph;
}

/** The main graph, or one inside an attribute. */
export interface OnnxGraph extends OnnxExtras {
  name: string;
  nodes: OnnxNode[];
  initializers: Map<string, OnnxTensor>;
  sparseInitializers: OnnxSparseTensor[];
  inputs: OnnxValueInfo[];
  outputs: OnnxValueInfo[];
  /** What the file says of values between nodes; often incomplete. */
  valueInfo: OnnxValueInfo[];
}

/** One application of an operator. `""` among inputs and outputs is an absent one. */
export interface OnnxNode extends OnnxExtras {
  op: string;
  domain: string;
  name: string;
  /** Which of several functions of one name; usually `""`. */
  overload: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, OnnxAttribute>;
}

/** An operator defined by a graph. */
export interface OnnxFunction extends OnnxExtras {
  name: string;
  domain: string;
  overload: string;
  inputs: string[];
  outputs: string[];
  /** Attributes without a default. */
  attributes: string[];
  /** Attributes with one. */
  defaults: Map<string, OnnxAttribute>;
  nodes: OnnxNode[];
  opsets: Map<string, number>;
  valueInfo: OnnxValueInfo[];
}

/** Name and type of a value. */
export interface OnnxValueInfo extends OnnxExtras {
  name: string;
  /** Element type; null if the value is no tensor or the type is unknown to us. */
  dtype: DType | null;
  /** Length of each axis: a number, a symbol, or null for an unknown one. Null as a whole if even the number of axes is unknown. */
  dims: (number | string | null)[] | null;
  /** Present where `dtype` and `dims` do not say all (sequence, optional, map, denotations); it is then what gets written. */
  type?: Message<"TypeProto"> | undefined;
}

/** A type that is no plain tensor, as the file has it. */
export type OnnxType = Message<"TypeProto">;

/** What any tensor of a file can carry; the key of an initializer's map replaces its name. */
export interface OnnxTensorExtras extends OnnxExtras {
  name?: string | undefined;
}

/** A tensor whose data is in the model. It is a {@link Tensor}; its data may be a view into the file's bytes. */
export interface InlineTensor extends Tensor, OnnxTensorExtras {}

/** A tensor whose data is in another file until `loadExternalData` brings it. */
export interface ExternalTensor extends OnnxTensorExtras {
  dtype: DType;
  shape: number[];
  external: {
    /** Path relative to the model's folder, as the file has it: not yet checked. */
    location: string;
    /** Start of the data [bytes]. */
    offset: number;
    /** Length of the data [bytes], when the file gives it. */
    length: number | undefined;
    /** Other entries, such as a checksum. */
    other: Map<string, string>;
  };
}

/** A tensor of an element type that Cameo does not have (float4e2m1 …), as the file has it. */
export interface OpaqueTensor extends OnnxTensorExtras {
  /** `TensorProto.DataType`. */
  onnxType: number;
  message: Message<"TensorProto">;
}

/** Any tensor of a file; {@link isInline} tells whether its data is there. */
export type OnnxTensor = InlineTensor | ExternalTensor | OpaqueTensor;

/** True if the tensor's data is in the model, so that it is a {@link Tensor}. */
export function isInline(value: OnnxTensor): value is InlineTensor {
  return "data" in value;
}

/** A tensor given by its nonzero elements. */
export interface OnnxSparseTensor {
  name: string;
  values: OnnxTensor;
  indices: OnnxTensor;
  dims: number[];
  unknown?: Uint8Array | undefined;
}

/** The value of an attribute, by kind. Strings that are not UTF-8 stay bytes. */
export type OnnxAttributeValue =
  | { kind: "float"; value: number }
  | { kind: "int"; value: Int64 }
  | { kind: "string"; value: string | Uint8Array }
  | { kind: "tensor"; value: OnnxTensor }
  | { kind: "graph"; value: OnnxGraph }
  | { kind: "sparseTensor"; value: OnnxSparseTensor }
  | { kind: "type"; value: OnnxType }
  | { kind: "floats"; value: number[] }
  | { kind: "ints"; value: Int64[] }
  | { kind: "strings"; value: (string | Uint8Array)[] }
  | { kind: "tensors"; value: OnnxTensor[] }
  | { kind: "graphs"; value: OnnxGraph[] }
  | { kind: "sparseTensors"; value: OnnxSparseTensor[] }
  | { kind: "types"; value: OnnxType[] }
  /** Inside a function: the attribute of this name of the node that calls it. */
  | { kind: "reference"; value: string; type: number };

/** An attribute of a node, or the default of a function's attribute. */
export type OnnxAttribute = OnnxAttributeValue & { docString?: string | undefined; unknown?: Uint8Array | undefined };
