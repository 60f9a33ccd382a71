/** Inspects an `.onnx` file, of whatever origin. */

import { readFile } from "node:fs/promises";
import { CodecError, explain, isCameoError } from "../base/errors.ts";
import {
  isInline,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "../graph/onnx/model.ts";
import { readOnnx } from "../graph/onnx/read.ts";
import { isFloat, sizeBytesOf } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { columns, type Finding, listRows, oneLine } from "./_finding.ts";
import { compact, count, formatBytes } from "./_format.ts";
import { printOnnx, valueText } from "./_print-onnx.ts";

/** Inspects an ONNX file. @param graph - Also list every node. */
export async function inspectOnnx(path: string, graph: boolean): Promise<Finding> {
  const bytes = await readFile(path);
  const model = readModel(path, bytes);
  const main = model.graph;
  const operators = operatorCounts(model);
  const weights = weightsOf(main);
  // Files of IR version 3 and below list initializers among the inputs.
  const inputs = main.inputs.filter(({ name }) => !main.initializers.has(name));
  const metadata = Object.fromEntries(model.metadata ?? []);
  const opsets = Object.fromEntries(
    [...model.opsets].map(([domain, version]) => [domain === "" ? "onnx" : domain, version]),
  );
  const producer = [model.producerName, model.producerVersion].filter((text) => text !== "").join(" ");
  const table = columns([...operators].map(([name, times]) => [String(times).padStart(5), name]));
  return {
    facts: {
      kind: "onnx",
      path,
      sizeBytes: bytes.length,
      irVersion: model.irVersion,
      opsets,
      producer,
      graph: main.name,
      inputs: inputs.map(signature),
      outputs: main.outputs.map(signature),
      nodes: main.nodes.length,
      operators: Object.fromEntries(operators),
      functions: model.functions.map(({ domain, name }) => (domain === "" ? name : `${domain}.${name}`)),
      parameters: weights.elements,
      parameterBytes: weights.sizeBytes,
      externalFiles: weights.files,
      metadata,
    },
    rows: [
      ["size", formatBytes(bytes.length)],
      [
        "format",
        `IR ${model.irVersion}, opset ${Object.entries(opsets)
          .map(([domain, version]) => (domain === "onnx" ? version : `${domain} ${version}`))
          .join(", ")}`,
      ],
      ["producer", producer || "not given"],
      [
        "weights",
        `${compact(weights.elements)} numbers, ${formatBytes(weights.sizeBytes)}${weights.files.length === 0 ? "" : ` (in ${weights.files.join(", ")})`}`,
      ],
      ...listRows("inputs", inputs.map(valueText), 12),
      ...listRows("outputs", main.outputs.map(valueText), 12),
      ...listRows(
        "metadata",
        Object.entries(metadata).map(([key, value]) => `${key}: ${oneLine(value)}`),
        20,
      ),
      [
        "nodes",
        `${count(main.nodes.length)}${model.functions.length === 0 ? "" : ` and ${count(model.functions.length)} functions`}`,
      ],
      ...listRows("", table, 60),
    ],
    ...(graph ? { listing: printOnnx(main) } : {}),
  };
}

function readModel(path: string, bytes: Uint8Array): OnnxModel {
  try {
    return readOnnx(bytes);
  } catch (cause) {
    if (!isCameoError(cause, "codec")) throw cause;
    const received = cause.message.replace(/^[\w.]+: cannot /, "cannot ");
    throw new CodecError(
      "onnx",
      explain({ api: "inspect", action: `read "${path}"`, received, rule: "must be a whole ONNX file" }),
      { cause },
    );
  }
}

function signature({ name, dtype, dims }: OnnxValueInfo): object {
  return { name, dtype, shape: dims };
}

/** Nodes by operator, the most frequent first; bodies of `If`, `Loop` and functions included. */
function operatorCounts(model: OnnxModel): Map<string, number> {
  const counts = new Map<string, number>();
  const visit = (nodes: readonly OnnxNode[]): void => {
    for (const { op, domain, attributes } of nodes) {
      const name = domain === "" || domain === "ai.onnx" ? op : `${domain}.${op}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      for (const attribute of attributes.values()) {
        if (attribute.kind === "graph") visit(attribute.value.nodes);
        if (attribute.kind === "graphs") for (const body of attribute.value) visit(body.nodes);
      }
    }
  };
  visit(model.graph.nodes);
  for (const { nodes } of model.functions) visit(nodes);
  return new Map([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

/** Numbers in the initializers: floats of one axis or more, as integers are shapes and indices, and scalars constants. */
function weightsOf(graph: OnnxGraph): { elements: number; sizeBytes: number; files: string[] } {
  let elements = 0;
  let sizeBytes = 0;
  const files = new Set<string>();
  const add = (tensor: OnnxTensor): void => {
    if ("message" in tensor) return;
    if (!isInline(tensor)) files.add(tensor.external.location);
    if (tensor.dtype === "string") return;
    sizeBytes += sizeBytesOf(tensor.dtype, sizeOf(tensor.shape));
    if (tensor.shape.length > 0 && (isFloat(tensor.dtype) || sizeBytesOf(tensor.dtype, 8) <= 8))
      elements += sizeOf(tensor.shape);
  };
  for (const tensor of graph.initializers.values()) add(tensor);
  return { elements, sizeBytes, files: [...files] };
}
