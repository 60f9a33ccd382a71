/** Samples of a `.safetensors` file for a model: which tensors they are, what lengths they tell, and whether they fit. */

import { DataError, explain } from "../base/errors.ts";
import type { TensorDataset } from "../data/tensor-dataset.ts";
import type { Signature } from "../graph/graph.ts";
import type { OnnxModel, OnnxValueInfo } from "../graph/onnx/model.ts";
import type { TypedArray } from "../tensor/dtype.ts";
import { readSafetensorsHeader } from "../tensor/safetensors.ts";
import type { SafetensorsHeader } from "../tensor/safetensors-format.ts";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.ts";
import { numbersOf, type Tensor } from "../tensor/tensor.ts";
import { symbolsOf } from "./_file-graph.ts";

type Dimensions = Readonly<Record<string, number | "batch">>;

/** Reads the header of a file of samples. */
export async function openSamples(path: string): Promise<SafetensorsHeader> {
  try {
    return await readSafetensorsHeader(path);
  } catch (cause) {
    if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    const received = "code" in cause && cause.code === "ENOENT" ? "there is no such file" : cause.message;
    const rule = "samples are tensors in a .safetensors file";
    throw new DataError(explain({ api: "train", action: `read "${path}"`, received, rule }), { source: path, cause });
  }
}

/** Inputs of a file that samples bring: without initializers and constants. */
export function sampledInputs({ graph }: OnnxModel, constants: Readonly<Record<string, unknown>>): OnnxValueInfo[] {
  return graph.inputs.filter(({ name }) => !graph.initializers.has(name) && constants[name] === undefined);
}

/** How samples fill the inputs of a file. */
export interface Fit {
  /** Lengths of all symbolic dimensions. */
  readonly dimensions: Record<string, number | "batch">;
  /** Axis of each input that counts samples. */
  readonly axes: Record<string, number>;
}

/**
 * Lengths of symbolic dimensions, those that were given and those that the samples tell. The first axis of samples counts them; an input's
 * is the one that is called like the batch, or else the first too. The others are as long as the samples.
 *
 * @param path - Of the samples, for messages.
 * @param batch - Dimension that counts samples, or its place; the first axis of the first input when absent.
 */
export function fitSamples(
  inputs: readonly OnnxValueInfo[],
  path: string,
  { entries }: SafetensorsHeader,
  given: Dimensions,
  batch: string | undefined,
): Fit {
  const found = new Map<string, { readonly length: number | "batch"; readonly from: string }>();
  const first = inputs.find(({ dims }) => dims !== null && dims.length > 0);
  const named = Object.keys(given).filter((name) => given[name] === "batch");
  const batches = new Set([batch ?? (first === undefined ? "" : symbolsOf(first)[0]), ...named]);
  batches.delete("");
  const axes: Record<string, number> = {};
  for (const input of inputs) {
    const shape = entries.get(input.name)?.shape;
    if (input.dims?.length === 0)
      throw wrong(
        path,
        `input "${input.name}" has no axes`,
        "it is one number for all samples",
        `say which with --constants ${input.name}=N`,
      );
    if (shape === undefined)
      throw wrong(
        path,
        `got none for input "${input.name}"`,
        "every input needs samples under its name",
        `the file holds ${[...entries.keys()].slice(0, 12).join(", ") || "nothing"}`,
      );
    if (input.dims !== null && shape.length !== input.dims.length)
      throw wrong(
        path,
        `"${input.name}" is ${formatShape(shape)}`,
        `the model takes ${input.dims.length} axes: ${shapeText(input)}`,
      );
    const symbols = symbolsOf(input);
    const at = Math.max(
      0,
      symbols.findIndex((symbol, i) => batches.has(symbol) || batches.has(`${input.name}.${i}`)),
    );
    axes[input.name] = at;
    const lengths = shape.slice(1).toSpliced(at, 0, shape[0] as number);
    for (const [axis, symbol] of symbols.entries()) {
      if (symbol === "") continue;
      const length = axis === at ? "batch" : (lengths[axis] as number);
      const before = found.get(symbol);
      if (before !== undefined && before.length !== length)
        throw wrong(
          path,
          `dimension "${symbol}" is ${before.length} in "${before.from}" and ${length} in "${input.name}"`,
          "it must be one length",
        );
      found.set(symbol, { length, from: input.name });
    }
  }
  for (const [symbol, length] of Object.entries(given)) {
    const told = found.get(symbol);
    if (told === undefined && found.size > 0 && !inputs.some((input) => isPlace(symbol, input)))
      throw wrong(
        path,
        `no input has dimension "${symbol}"`,
        `dimensions are ${[...found.keys()].join(", ")}`,
        "leave it out: samples tell the lengths",
      );
    if (told?.length === "batch" && typeof length === "number")
      throw wrong(path, `dimension "${symbol}" counts samples`, `it cannot be given as ${length}`, "use --batch-size");
    if (told !== undefined && told.length !== length)
      throw wrong(path, `dimension "${symbol}" is ${told.length} in "${told.from}"`, `it is given as ${length}`);
  }
  return {
    dimensions: { ...given, ...Object.fromEntries([...found].map(([symbol, { length }]) => [symbol, length])) },
    axes,
  };
}

function isPlace(key: string, { name, dims }: OnnxValueInfo): boolean {
  return (dims ?? []).some((_, axis) => key === `${name}.${axis}`);
}

function shapeText({ dims }: OnnxValueInfo): string {
  return `[${(dims ?? []).map((length) => length ?? "?").join(", ")}]`;
}

/**
 * Refuses samples that a batch cannot be made of.
 *
 * @param axes - Axis of each wanted tensor that counts samples; the first when absent.
 */
export function checkSamples(
  path: string,
  { entries }: SafetensorsHeader,
  wanted: Readonly<Record<string, Signature>>,
  axes: Fit["axes"],
): void {
  for (const [name, { dtype, shape }] of Object.entries(wanted)) {
    const entry = entries.get(name);
    if (entry === undefined)
      throw wrong(
        path,
        `got none for target "${name}"`,
        "the loss compares with it",
        `name another with --target; the file holds ${[...entries.keys()].slice(0, 12).join(", ") || "nothing"}`,
      );
    if (entry.dtype !== dtype)
      throw wrong(path, `"${name}" is ${entry.dtype}`, `must be ${dtype}`, `write the file with "${name}" as ${dtype}`);
    const sample = shape.toSpliced(axes[name] ?? 0, 1);
    if (entry.shape.length === 0 || !sameShape(entry.shape.slice(1), sample))
      throw wrong(
        path,
        `"${name}" is ${formatShape(entry.shape)}`,
        `must be [${["samples", ...sample].join(", ")}]: the first axis counts samples`,
      );
  }
}

/** Batches with the samples on the axes where the model has them. */
export function withBatchAxes(
  data: TensorDataset,
  wanted: Readonly<Record<string, Signature>>,
  axes: Fit["axes"],
): TensorDataset {
  const moved = Object.entries(wanted).filter(([name]) => (axes[name] ?? 0) > 0);
  if (moved.length === 0) return data;
  const arranged = (batch: Record<string, TypedArray>): Record<string, TypedArray> => ({
    ...batch,
    ...Object.fromEntries(
      moved.map(([name, { shape }]) => [name, moveBatch(batch[name] as TypedArray, shape, axes[name] as number)]),
    ),
  });
  return {
    ...data,
    batch: (index, batchSize) => arranged(data.batch(index, batchSize)),
    evaluation: (split, index, batchSize) => {
      const batch = data.evaluation(split, index, batchSize);
      return batch === null ? null : arranged(batch);
    },
  };
}

/** `[batch, outer, inner]` as `[outer, batch, inner]`, where the result has this shape with the batch at `axis`. */
function moveBatch(rows: TypedArray, shape: readonly number[], axis: number): TypedArray {
  const source = rows as Float32Array;
  const result = new (source.constructor as Float32ArrayConstructor)(source.length);
  const [outer, count, inner] = [sizeOf(shape.slice(0, axis)), shape[axis] as number, sizeOf(shape.slice(axis + 1))];
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < count; i++) {
      const from = (i * outer + o) * inner;
      result.set(source.subarray(from, from + inner), (o * count + i) * inner);
    }
  return result;
}

/** Refuses labels that are no class: engines do not look. */
export function checkLabels(path: string, name: string, labels: Tensor, classes: number, ignoreIndex?: number): void {
  const values = numbersOf(labels);
  const at = values.findIndex((label) => label !== ignoreIndex && !(label >= 0 && label < classes));
  if (at < 0) return;
  throw wrong(
    path,
    `"${name}" holds ${values[at]} at position ${at}`,
    `the loss has ${classes} classes: labels are 0 to ${classes - 1}`,
    "give a label that does not count with --ignore-index",
  );
}

function wrong(path: string, received: string, rule: string, hint?: string): DataError {
  return new DataError(explain({ api: "train", action: `use the samples "${path}"`, received, rule, hint }), {
    source: path,
  });
}
