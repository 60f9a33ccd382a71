/** Brings the data of tensors that lie in files beside the model. */

import { arrayTypeOf, sizeBytesOf } from "../../tensor/dtype.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { arrayOfBytes } from "./_tensor-in.ts";
import type {
  InlineTensor,
  OnnxAttribute,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxSparseTensor,
  OnnxTensor,
} from "./model.ts";
import { failRead } from "./wire.ts";

/**
 * Gives `length` bytes of the file at `location`, a relative path inside the model's folder, from `offset` on. It should
 * look at the file's size before it allocates, and not follow links out of the folder: the model decides all three.
 */
export type ResolveExternal = (location: string, offset: number, length: number) => Uint8Array | Promise<Uint8Array>;

/**
 * Replaces every external tensor of the model, in place, by its data.
 *
 * @param model - As {@link readOnnx} gave it. One without external data is left as it is.
 * @param resolve - Reads a part of a file beside the model.
 * @throws CodecError if a location leads out of the model's folder, or the data is missing or of the wrong size. The
 * model may then be loaded in part.
 *
 * @example From a folder
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadExternalData, readOnnx, writeOnnx } from "cameo/graph";
 *
 * const w = { name: "w", dtype: "float32", shape: [2], constant: { dtype: "float32", shape: [2], data: new Float32Array(2) } } as const;
 * const bytes = writeOnnx(
 *   { name: "tiny", inputs: [], outputs: [{ name: "y", value: w }], nodes: [] },
 *   { external: () => ({ location: "weights.bin", offset: 0, length: 8 }) },
 * );
 * const model = readOnnx(bytes);
 * const files = { "weights.bin": new Uint8Array(new Float32Array([3, 4]).buffer) };
 * await loadExternalData(model, (location, offset, length) => files[location as "weights.bin"].subarray(offset, offset + length));
 * const loaded = model.graph.initializers.get("w");
 * assert.deepEqual(loaded && "data" in loaded && [...loaded.data], [3, 4]);
 * ```
 */
export async function loadExternalData(model: OnnxModel, resolve: ResolveExternal): Promise<void> {
  await loadGraph(model.graph, resolve);
  for (const { nodes, defaults } of model.functions) {
    await loadNodes(nodes, resolve);
    for (const attribute of defaults.values()) await loadAttribute(attribute, resolve);
  }
}

async function loadGraph(graph: OnnxGraph, resolve: ResolveExternal): Promise<void> {
  for (const [name, value] of graph.initializers)
    graph.initializers.set(name, await loaded(value, `initializer "${name}"`, resolve));
  for (const sparse of graph.sparseInitializers) await loadSparse(sparse, resolve);
  await loadNodes(graph.nodes, resolve);
}

async function loadNodes(nodes: readonly OnnxNode[], resolve: ResolveExternal): Promise<void> {
  for (const node of nodes) for (const attribute of node.attributes.values()) await loadAttribute(attribute, resolve);
}

async function loadSparse(sparse: OnnxSparseTensor, resolve: ResolveExternal): Promise<void> {
  sparse.values = await loaded(sparse.values, `sparse tensor "${sparse.name}"`, resolve);
  sparse.indices = await loaded(sparse.indices, `sparse tensor "${sparse.name}"`, resolve);
}

async function loadAttribute(attribute: OnnxAttribute, resolve: ResolveExternal): Promise<void> {
  switch (attribute.kind) {
    case "tensor":
      attribute.value = await loaded(attribute.value, "an attribute", resolve);
      return;
    case "tensors":
      for (const [i, value] of attribute.value.entries())
        attribute.value[i] = await loaded(value, "an attribute", resolve);
      return;
    case "graph":
      return loadGraph(attribute.value, resolve);
    case "graphs":
      for (const graph of attribute.value) await loadGraph(graph, resolve);
      return;
    case "sparseTensor":
      return loadSparse(attribute.value, resolve);
    case "sparseTensors":
      for (const sparse of attribute.value) await loadSparse(sparse, resolve);
      return;
    default: // Numbers, texts and types hold no tensors.
  }
}

async function loaded(value: OnnxTensor, what: string, resolve: ResolveExternal): Promise<OnnxTensor> {
  if (!("external" in value)) return value;
  const { external, ...rest } = value;
  const { dtype, shape } = value;
  const action = `load ${what} from "${external.location.slice(0, 200)}"`;
  checkLocation(external.location, action);
  if (dtype === "string") failRead(action, "got strings", "external data holds numbers");
  const size = sizeBytesOf(dtype, sizeOf(shape));
  if (external.length !== undefined && external.length !== size)
    failRead(action, `got a length of ${external.length} bytes`, `${dtype} ${formatShape(shape)} takes ${size}`);
  const bytes = size === 0 ? new Uint8Array() : await resolve(external.location, external.offset, size);
  if (bytes.length !== size)
    failRead(
      action,
      `got ${bytes.length} bytes at offset ${external.offset}`,
      `${dtype} ${formatShape(shape)} takes ${size}`,
    );
  const result: InlineTensor = { ...rest, data: size === 0 ? new (arrayTypeOf(dtype))(0) : arrayOfBytes(dtype, bytes) };
  return result;
}

/** A file can name any path, so only those that stay in its own folder are followed. */
function checkLocation(location: string, action: string): void {
  const parts = location.split("/");
  // A backslash separates and a colon names a drive or stream on Windows; neither occurs in an honest relative path.
  const isInside = location !== "" && parts[0] !== "" && !parts.includes("..") && !/[\\:\0]/.test(location);
  if (!isInside)
    failRead(
      action,
      "the location may lead out of the model's folder",
      "must be a relative path with forward slashes and without ..",
    );
}
