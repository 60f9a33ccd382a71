/** Reads an ONNX file into {@link OnnxModel}. */

import { dtypeOfOnnx } from "../../tensor/dtype.ts";
import { attributeTypes } from "./_attribute-out.ts";
import { entriesOf, shapeOf, tensorOf } from "./_tensor-in.ts";
import type {
  OnnxAttribute,
  OnnxAttributeValue,
  OnnxExtras,
  OnnxFunction,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxSparseTensor,
  OnnxTensor,
  OnnxValueInfo,
} from "./model.ts";
import { decodeMessage } from "./protobuf.ts";
import type { Message } from "./schema.ts";
import { failRead, type Int64, textOf } from "./wire.ts";

/**
 * Reads an ONNX model, of any version, without judging its operators.
 *
 * Tensors are views into `bytes` where alignment allows, so keep the bytes unchanged as long as the model is in use.
 * Tensors in other files are left as references; see {@link loadExternalData}. Safe on hostile input: whatever the bytes
 * are, the result is a model or a CodecError, in time and memory proportional to the file.
 *
 * @param bytes - The whole file.
 * @returns The model as plain objects, which may be edited and written with {@link encodeModel}.
 * @throws CodecError if the bytes are not an ONNX model.
 *
 * @example What a model is made of
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeModel, readOnnx } from "cameo/graph";
 *
 * const model = readOnnx(Uint8Array.of(8, 10, 58, 3, 18, 1, 103)); // IR version 10 and an empty graph "g"
 * assert.equal(model.irVersion, 10);
 * assert.equal(model.graph.name, "g");
 * assert.equal(encodeModel(model).length, 7);
 * ```
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  if (bytes.length === 0) failRead("read the model", "got 0 bytes", "an ONNX file is not empty");
  const message = decodeMessage("ModelProto", bytes);
  const { irVersion, graph } = message;
  if (irVersion === undefined || graph === undefined)
    failRead(
      "read the model",
      `got a file without ${graph === undefined ? "a graph" : "an IR version"}`,
      "an ONNX model has both",
    );
  return {
    irVersion: Number(irVersion),
    opsets: opsetsOf(message.opsetImport),
    producerName: message.producerName ?? "",
    producerVersion: message.producerVersion ?? "",
    domain: message.domain ?? "",
    modelVersion: message.modelVersion ?? 0,
    functions: (message.functions ?? []).map(functionOf),
    graph: graphOf(graph),
    ...extrasOf(message),
  };
}

type WithExtras = {
  docString?: string | undefined;
  metadataProps?: Message<"StringStringEntryProto">[] | undefined;
  unknown?: Uint8Array | undefined;
};

function extrasOf(message: WithExtras): OnnxExtras {
  const extras: OnnxExtras = {};
  if (message.docString !== undefined && message.docString !== "") extras.docString = message.docString;
  if (message.metadataProps !== undefined) extras.metadata = entriesOf(message.metadataProps);
  if (message.unknown !== undefined) extras.unknown = message.unknown;
  return extras;
}

function opsetsOf(imports: readonly Message<"OperatorSetIdProto">[] | undefined): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain = "", version = 0 } of imports ?? []) {
    const known = opsets.get(domain);
    if (known !== undefined && known !== Number(version))
      failRead(
        "read the model",
        `got opsets ${known} and ${version} of domain "${domain}"`,
        "a model uses one version of a domain",
      );
    opsets.set(domain, Number(version));
  }
  return opsets;
}

function graphOf(message: Message<"GraphProto">): OnnxGraph {
  const initializers = new Map<string, OnnxTensor>();
  for (const initializer of message.initializer ?? []) {
    const name = initializer.name ?? "";
    if (name === "" || initializers.has(name))
      failRead(
        `read graph "${message.name ?? ""}"`,
        `got ${name === "" ? "an initializer without a name" : `the initializer "${name}" twice`}`,
        "initializers have names that differ",
      );
    initializers.set(name, tensorOf(initializer, `initializer "${name}"`));
  }
  return {
    name: message.name ?? "",
    nodes: (message.node ?? []).map(nodeOf),
    initializers,
    sparseInitializers: (message.sparseInitializer ?? []).map(sparseOf),
    inputs: (message.input ?? []).map(valueInfoOf),
    outputs: (message.output ?? []).map(valueInfoOf),
    valueInfo: (message.valueInfo ?? []).map(valueInfoOf),
    ...extrasOf(message),
  };
}

function nodeOf(message: Message<"NodeProto">): OnnxNode {
  const op = message.opType ?? "";
  const name = message.name ?? "";
  if (op === "") failRead(`read node "${name}"`, "got no operator", "a node applies one");
  return {
    op,
    domain: message.domain ?? "",
    name,
    overload: message.overload ?? "",
    inputs: message.input ?? [],
    outputs: message.output ?? [],
    attributes: attributesOf(message.attribute, `node "${name}" (${op})`),
    ...extrasOf(message),
  };
}

function functionOf(message: Message<"FunctionProto">): OnnxFunction {
  const name = message.name ?? "";
  return {
    name,
    domain: message.domain ?? "",
    overload: message.overload ?? "",
    inputs: message.input ?? [],
    outputs: message.output ?? [],
    attributes: message.attribute ?? [],
    defaults: attributesOf(message.attributeProto, `function "${name}"`),
    nodes: (message.node ?? []).map(nodeOf),
    opsets: opsetsOf(message.opsetImport),
    valueInfo: (message.valueInfo ?? []).map(valueInfoOf),
    ...extrasOf(message),
  };
}

function valueInfoOf(message: Message<"ValueInfoProto">): OnnxValueInfo {
  const { name = "", type } = message;
  const tensor = type?.tensorType;
  const dtype = dtypeOfOnnx(Number(tensor?.elemType ?? 0)) ?? null;
  let isPlain =
    dtype !== null && type?.denotation === undefined && type?.unknown === undefined && tensor?.unknown === undefined;
  isPlain &&= tensor?.shape?.unknown === undefined;
  const dims =
    tensor?.shape === undefined
      ? null
      : (tensor.shape.dim ?? []).map((dim) => {
          isPlain &&=
            dim.denotation === undefined &&
            dim.unknown === undefined &&
            !(dim.dimValue !== undefined && dim.dimParam !== undefined);
          return dimOf(dim, name);
        });
  const info: OnnxValueInfo = { name, dtype, dims, ...extrasOf(message) };
  if (type !== undefined && !isPlain) info.type = type;
  return info;
}

function dimOf(dim: Message<"DimensionProto">, name: string): number | string | null {
  if (dim.dimParam !== undefined && dim.dimParam !== "") return dim.dimParam;
  if (typeof dim.dimValue === "bigint")
    failRead(`read the type of "${name}"`, `got an axis of length ${dim.dimValue}`, "lengths must be below 2^53");
  return dim.dimValue ?? null;
}

function sparseOf(message: Message<"SparseTensorProto">): OnnxSparseTensor {
  const { values, indices, unknown } = message;
  const name = values?.name ?? "";
  if (values === undefined || indices === undefined)
    failRead(`read sparse tensor "${name}"`, "got no values or no indices", "a sparse tensor has both");
  const sparse: OnnxSparseTensor = {
    name,
    values: tensorOf(values, `the values of sparse tensor "${name}"`),
    indices: tensorOf(indices, `the indices of sparse tensor "${name}"`),
    dims: shapeOf(message.dims, `sparse tensor "${name}"`),
  };
  if (unknown !== undefined) sparse.unknown = unknown;
  return sparse;
}

function attributesOf(
  messages: readonly Message<"AttributeProto">[] | undefined,
  owner: string,
): Map<string, OnnxAttribute> {
  const attributes = new Map<string, OnnxAttribute>();
  for (const message of messages ?? []) {
    const name = message.name ?? "";
    if (attributes.has(name)) failRead(`read ${owner}`, `got the attribute "${name}" twice`, "attribute names differ");
    const attribute: OnnxAttribute = attributeOf(message, `attribute "${name}" of ${owner}`);
    if (message.docString !== undefined && message.docString !== "") attribute.docString = message.docString;
    if (message.unknown !== undefined) attribute.unknown = message.unknown;
    attributes.set(name, attribute);
  }
  return attributes;
}

/** Field of AttributeProto by the kind that it holds. */
const attributeFields = {
  float: "f",
  int: "i",
  string: "s",
  tensor: "t",
  graph: "g",
  sparseTensor: "sparseTensor",
  type: "tp",
  floats: "floats",
  ints: "ints",
  strings: "strings",
  tensors: "tensors",
  graphs: "graphs",
  sparseTensors: "sparseTensors",
  types: "typeProtos",
} as const;

type AttributeKind = keyof typeof attributeFields;
const attributeKinds = Object.keys(attributeFields) as AttributeKind[];

function attributeOf(message: Message<"AttributeProto">, what: string): OnnxAttributeValue {
  const type = Number(message.type ?? 0);
  if (message.refAttrName !== undefined && message.refAttrName !== "")
    return { kind: "reference", value: message.refAttrName, type };
  // Files of IR version 1 have no type: the field that is there tells.
  const kind = attributeKinds.find((name) =>
    type === 0 ? message[attributeFields[name]] !== undefined : attributeTypes[name] === type,
  );
  const text = (bytes: Uint8Array): string | Uint8Array => textOf(bytes) ?? bytes;
  switch (kind) {
    case "float":
      return { kind, value: message.f ?? 0 };
    case "int":
      return { kind, value: message.i ?? 0 };
    case "string":
      return { kind, value: text(message.s ?? new Uint8Array()) };
    case "tensor":
      return { kind, value: tensorOf(message.t ?? failMissing(what, kind), what) };
    case "graph":
      return { kind, value: graphOf(message.g ?? failMissing(what, kind)) };
    case "sparseTensor":
      return { kind, value: sparseOf(message.sparseTensor ?? failMissing(what, kind)) };
    case "type":
      return { kind, value: message.tp ?? failMissing(what, kind) };
    case "floats":
      return { kind, value: Array.from(message.floats ?? []) };
    case "ints":
      return { kind, value: (message.ints ?? []) as Int64[] };
    case "strings":
      return { kind, value: (message.strings ?? []).map(text) };
    case "tensors":
      return { kind, value: (message.tensors ?? []).map((value) => tensorOf(value, what)) };
    case "graphs":
      return { kind, value: (message.graphs ?? []).map(graphOf) };
    case "sparseTensors":
      return { kind, value: (message.sparseTensors ?? []).map(sparseOf) };
    case "types":
      return { kind, value: message.typeProtos ?? [] };
    case undefined:
      return failRead(`read ${what}`, `got attribute type ${type}`, "must be a type from 1 to 14");
  }
}

function failMissing(what: string, kind: string): never {
  failRead(`read ${what}`, `got no ${kind}`, "its type says that there is one");
}
