/** Writes an {@link OnnxModel} as the bytes of an ONNX file. */

import { onnxTypeOf } from "../../tensor/dtype.ts";
import { attributeTypes, typeMessage } from "./_attribute-out.ts";
import { entryMessages, tensorMessage } from "./_tensor-out.ts";
import {
  isInline,
  type OnnxAttribute,
  type OnnxExtras,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxSparseTensor,
  type OnnxTensor,
  type OnnxValueInfo,
} from "./model.ts";
import { encodeMessage } from "./protobuf.ts";
import type { Message } from "./schema.ts";

const encoder = new TextEncoder();

/**
 * Writes a model as {@link readOnnx} gave it, with whatever was edited.
 *
 * Tensor data is always written as raw data, and lists of numbers packed; empty texts are left out. Reading the result
 * and writing it again gives the same bytes. Tensors in other files stay references to them.
 *
 * @param model - The model.
 * @returns The bytes of the file.
 * @throws CodecError if the file would pass 2 GiB.
 */
export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  return encodeMessage("ModelProto", {
    irVersion: model.irVersion,
    producerName: textOrAbsent(model.producerName),
    producerVersion: textOrAbsent(model.producerVersion),
    domain: textOrAbsent(model.domain),
    modelVersion: model.modelVersion === 0 ? undefined : model.modelVersion,
    graph: graphMessage(model.graph),
    opsetImport: opsetMessages(model.opsets),
    functions: model.functions.map(functionMessage),
    ...extraFields(model),
  });
}

function textOrAbsent(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function extraFields({ docString, metadata, unknown }: OnnxExtras) {
  return { docString: textOrAbsent(docString), metadataProps: metadata && entryMessages(metadata), unknown };
}

function opsetMessages(opsets: ReadonlyMap<string, number>): Message<"OperatorSetIdProto">[] {
  return [...opsets].map(([domain, version]) => ({ domain, version }));
}

function graphMessage(graph: OnnxGraph): Message<"GraphProto"> {
  return {
    node: graph.nodes.map(nodeMessage),
    name: textOrAbsent(graph.name),
    initializer: [...graph.initializers].map(([name, value]) => onnxTensorMessage({ ...value, name })),
    input: graph.inputs.map(valueInfoMessage),
    output: graph.outputs.map(valueInfoMessage),
    valueInfo: graph.valueInfo.map(valueInfoMessage),
    sparseInitializer: graph.sparseInitializers.map(sparseMessage),
    ...extraFields(graph),
  };
}

function nodeMessage(node: OnnxNode): Message<"NodeProto"> {
  return {
    input: node.inputs,
    output: node.outputs,
    name: textOrAbsent(node.name),
    opType: node.op,
    attribute: attributeMessages(node.attributes),
    domain: textOrAbsent(node.domain),
    overload: textOrAbsent(node.overload),
    ...extraFields(node),
  };
}

function functionMessage(value: OnnxFunction): Message<"FunctionProto"> {
  return {
    name: textOrAbsent(value.name),
    input: value.inputs,
    output: value.outputs,
    attribute: value.attributes,
    node: value.nodes.map(nodeMessage),
    opsetImport: opsetMessages(value.opsets),
    domain: textOrAbsent(value.domain),
    attributeProto: attributeMessages(value.defaults),
    valueInfo: value.valueInfo.map(valueInfoMessage),
    overload: textOrAbsent(value.overload),
    ...extraFields(value),
  };
}

function valueInfoMessage(info: OnnxValueInfo): Message<"ValueInfoProto"> {
  const type = info.type ?? (info.dtype === null ? undefined : typeMessage(onnxTypeOf(info.dtype), info.dims));
  return { name: textOrAbsent(info.name), type, ...extraFields(info) };
}

function onnxTensorMessage(value: OnnxTensor): Message<"TensorProto"> {
  if ("message" in value) return { ...value.message, name: value.name, ...extraFields(value) };
  const extras = { name: value.name, ...extraFields(value) };
  if (isInline(value)) return { ...tensorMessage(value, undefined), ...extras };
  const { location, offset, length, other } = value.external;
  const entries = new Map<string, string>([["location", location]]);
  if (offset !== 0) entries.set("offset", String(offset));
  if (length !== undefined) entries.set("length", String(length));
  for (const [key, text] of other) entries.set(key, text);
  return {
    dims: [...value.shape],
    dataType: onnxTypeOf(value.dtype),
    externalData: entryMessages(entries),
    dataLocation: 1,
    ...extras,
  };
}

function sparseMessage(value: OnnxSparseTensor): Message<"SparseTensorProto"> {
  return {
    values: onnxTensorMessage({ ...value.values, name: textOrAbsent(value.name) }),
    indices: onnxTensorMessage(value.indices),
    dims: value.dims,
    unknown: value.unknown,
  };
}

function attributeMessages(attributes: ReadonlyMap<string, OnnxAttribute>): Message<"AttributeProto">[] {
  return [...attributes].map(([name, attribute]) => ({
    name: textOrAbsent(name),
    ...valueFields(attribute),
    docString: textOrAbsent(attribute.docString),
    unknown: attribute.unknown,
  }));
}

function valueFields(attribute: OnnxAttribute): Message<"AttributeProto"> {
  if (attribute.kind === "reference") return { refAttrName: attribute.value, type: attribute.type };
  const type = attributeTypes[attribute.kind];
  const bytes = (text: string | Uint8Array): Uint8Array => (typeof text === "string" ? encoder.encode(text) : text);
  switch (attribute.kind) {
    case "float":
      return { f: attribute.value, type };
    case "int":
      return { i: attribute.value, type };
    case "string":
      return { s: bytes(attribute.value), type };
    case "tensor":
      return { t: onnxTensorMessage(attribute.value), type };
    case "graph":
      return { g: graphMessage(attribute.value), type };
    case "sparseTensor":
      return { sparseTensor: sparseMessage(attribute.value), type };
    case "type":
      return { tp: attribute.value, type };
    case "floats":
      return { floats: Float32Array.from(attribute.value), type };
    case "ints":
      return { ints: attribute.value, type };
    case "strings":
      return { strings: attribute.value.map(bytes), type };
    case "tensors":
      return { tensors: attribute.value.map(onnxTensorMessage), type };
    case "graphs":
      return { graphs: attribute.value.map(graphMessage), type };
    case "sparseTensors":
      return { sparseTensors: attribute.value.map(sparseMessage), type };
    case "types":
      return { typeProtos: attribute.value, type };
  }
}
