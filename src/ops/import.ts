/** From a file's model to our graph: names become values, dynamic dimensions become numbers, shapes are inferred node by node. */

import { explain, GraphError, ShapeError, UnsupportedOpError } from "../base/errors.ts";
import type { RawAttribute } from "../graph/builder.ts";
import type { Graph, Value } from "../graph/graph.ts";
import {
  isInline,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxValueInfo,
} from "../graph/onnx/model.ts";
import type { Shape } from "../tensor/shape.ts";
import { scalar, type Tensor, tensor } from "../tensor/tensor.ts";
import type { Builder } from "./operator.ts";
import { createBuilder, keyOf } from "./registry.ts";
import { type OldNode, upgrade } from "./upgrade.ts";

/** Options of {@link importGraph}. */
export interface ImportOptions {
  /** Lengths of symbolic dimensions: `{ batch_size: 8, sequence_length: 128 }`. */
  readonly dimensions?: Readonly<Record<string, number>>;
  /** Inputs that are known now and become constants: axes and shapes that a model takes as inputs. */
  readonly constants?: Readonly<Record<string, Tensor>>;
}

/** Opsets that are read. Older ones than 21 are upgraded node by node; newer ones have only added types to the table's operators. */
const leastOpset = 7;
const mostOpset = 26;

/**
 * Makes a graph of a model, binding dynamic dimensions and inferring every shape. Shape arithmetic folds on the way.
 *
 * Models of opset 7 to 26 whose operators are all in the table. Nodes of older opsets are brought to the form of opset 21 on the way.
 *
 * @param model - From `readOnnx`; external data must be loaded.
 * @param options - See {@link ImportOptions}.
 * @returns The graph; initializers are constants under their names.
 * @throws UnsupportedOpError naming the first node whose operator is unknown. ShapeError if a dimension is not bound. GraphError for
 * other things that cannot be imported, with the node's name.
 */
export function importGraph(model: OnnxModel, options: ImportOptions = {}): Graph {
  const opset = model.opsets.get("") ?? model.opsets.get("ai.onnx") ?? 21;
  if (opset < leastOpset || opset > mostOpset)
    throw new GraphError(
      explain({
        api: "importGraph",
        action: "read the model",
        received: `got opset ${opset}`,
        rule: `must be ${leastOpset} to ${mostOpset}`,
      }),
    );
  const { graph } = model;
  const g = createBuilder(graph.name === "" ? "graph" : graph.name);
  const values = new Map<string, Value>();
  for (const [name, initializer] of graph.initializers) {
    if (!isInline(initializer))
      throw new GraphError(
        explain({
          api: "importGraph",
          action: `read initializer "${name}"`,
          received: "external" in initializer ? "its data is in another file" : "its element type is not supported",
          rule: "data must be in the model",
          hint: "load it with loadExternalData first",
        }),
      );
    values.set(name, g.constant(initializer, name));
  }
  for (const input of graph.inputs) {
    if (values.has(input.name)) continue; // an initializer with a declaration, as old files have it
    const known = options.constants?.[input.name];
    values.set(
      input.name,
      known === undefined
        ? g.input(input.name, dtypeOf(input), shapeOf(input, options))
        : g.constant(known, input.name),
    );
  }
  for (const node of graph.nodes) addNode(g, node, values, opset);
  for (const { name } of graph.outputs) g.output(name, valueOf(values, name, "the graph's output"));
  return g.build();
}

function dtypeOf(info: OnnxValueInfo): NonNullable<OnnxValueInfo["dtype"]> {
  if (info.dtype !== null) return info.dtype;
  throw new GraphError(
    explain({
      api: "importGraph",
      action: `read input "${info.name}"`,
      received: "it is no tensor of a known type",
      rule: "must be one",
    }),
  );
}

function shapeOf(info: OnnxValueInfo, { dimensions = {} }: ImportOptions): Shape {
  const fail = (received: string, hint: string): never => {
    throw new ShapeError(
      explain({
        api: "importGraph",
        action: `read input "${info.name}"`,
        received,
        rule: "every length must be known",
        hint,
      }),
    );
  };
  return (info.dims ?? fail("its number of axes is unknown", "declare it in the file")).map((length, axis) => {
    if (typeof length === "number") return length;
    if (length === null)
      return fail(`the length of axis ${axis} is unknown`, "give the axis a name in the file, and bind it");
    return dimensions[length] ?? fail(`dimension "${length}" is not bound`, `bind it: dimensions: { ${length}: … }`);
  });
}

function valueOf(values: ReadonlyMap<string, Value>, name: string, reader: string): Value {
  const value = values.get(name);
  if (value !== undefined) return value;
  throw new GraphError(
    explain({
      api: "importGraph",
      action: `read "${name}"`,
      received: `${reader} uses it`,
      rule: "no node, input or initializer before it makes it",
    }),
  );
}

function addNode(g: Builder, node: OnnxNode, values: Map<string, Value>, opset: number): void {
  const label = node.name === "" ? (node.outputs[0] ?? node.op) : node.name;
  if (node.op === "Constant" && node.domain === "") {
    values.set(node.outputs[0] as string, g.constant(constantOf(node, label)));
    return;
  }
  const inputs = node.inputs.map((name) => (name === "" ? null : valueOf(values, name, `node "${label}"`)));
  const attributes = Object.fromEntries(
    [...node.attributes].map(([name, attribute]) => [name, rawOf(attribute, node.op, name)]),
  );
  // Outputs that nobody reads at the end are not asked for.
  const outputCount = Math.max(1, node.outputs.findLastIndex((name) => name !== "") + 1);
  const plain = { op: node.op, inputs, attributes, outputCount };
  const upgraded = node.domain === "" || node.domain === "ai.onnx" ? upgrade(plain, opset, g) : plain;
  const results = "values" in upgraded ? upgraded.values : apply(g, upgraded, node.domain, label);
  for (const [i, name] of node.outputs.entries()) if (name !== "") values.set(name, results[i] as Value);
}

function apply(g: Builder, { op, inputs, attributes, outputCount }: OldNode, domain: string, label: string): Value[] {
  const key = keyOf(op, domain);
  if (key !== undefined) return g.ops(key, inputs, attributes, outputCount);
  const received = `got ${domain === "" ? "" : `${domain}.`}${op}`;
  throw new UnsupportedOpError(
    explain({ api: "importGraph", action: `read node "${label}"`, received, rule: "the operator is not in the table" }),
    { op, domain },
  );
}

/** The value of a Constant, in whichever of its attributes it stands. */
function constantOf(node: OnnxNode, label: string): Tensor {
  for (const [name, attribute] of node.attributes) {
    if (name === "value" && attribute.kind === "tensor" && isInline(attribute.value)) return attribute.value;
    if (name === "value_float" && attribute.kind === "float") return scalar("float32", attribute.value);
    if (name === "value_int" && attribute.kind === "int") return scalar("int64", Number(attribute.value));
    if (name === "value_floats" && attribute.kind === "floats")
      return tensor("float32", [attribute.value.length], attribute.value);
    if (name === "value_ints" && attribute.kind === "ints")
      return tensor("int64", [attribute.value.length], attribute.value.map(Number));
  }
  const received = `a Constant with ${[...node.attributes.keys()].join(", ") || "no value"}`;
  const rule = "its value must be numbers: value, value_float, value_floats, value_int or value_ints";
  throw new GraphError(explain({ api: "importGraph", action: `read node "${label}"`, received, rule }), {
    node: label,
  });
}

function rawOf(attribute: OnnxAttribute, op: string, name: string): RawAttribute {
  switch (attribute.kind) {
    case "int":
      return Number(attribute.value);
    case "ints":
      return attribute.value.map(Number);
    case "float":
      return attribute.value;
    case "floats":
      return attribute.value;
    case "string":
      return textOf(attribute.value);
    case "strings":
      return attribute.value.map(textOf);
    case "tensor":
      if (isInline(attribute.value)) return attribute.value;
      break;
    default:
      break;
  }
  throw new GraphError(
    explain({
      api: "importGraph",
      action: `read attribute "${name}" of ${op}`,
      received: `got ${attribute.kind}`,
      rule: "that kind is not supported",
    }),
  );
}

function textOf(value: string | Uint8Array): string {
  return typeof value === "string" ? value : new TextDecoder().decode(value);
}
