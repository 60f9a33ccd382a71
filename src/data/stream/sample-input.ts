/** Cells of a sample become tensors: the built-in inputs, and the user's function. */

import { isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DataError, explain, isCameoError, messageOf } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";
import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Pipeline } from "../augment/pipeline.ts";
import type { Fault } from "../fault.ts";
import type { Image } from "../image.ts";
import type { Cell, Field, Schema } from "../table.ts";
import { FaultError } from "./fault-error.ts";
import type { PlannedSample } from "./stream-plan.ts";
import type { CheckedStreamSpec, ImageInput, ValueInput } from "./stream-spec.ts";

/** What a batch is for. */
export type Purpose = "train" | "evaluate";

/** Which sample a function is given. */
export interface SampleContext extends PlannedSample {
  /** Only training augments. */
  readonly purpose: Purpose;
  readonly seed: number;
  /** Random numbers of this sample in this pass: the same in any worker, batch or resumed run. */
  readonly random: RandomStream;
  /** What the spec says under `map.options`. */
  readonly options: unknown;
}

/** What a user's module exports as `map`. Numbers become float32, BigInts int64, images uint8 `[height, width, channels]`. */
export type SampleMap = (
  sample: Readonly<Record<string, Cell>>,
  context: SampleContext,
) => SampleInputs | Promise<SampleInputs>;

/** Inputs of one sample, by name; every sample has the same names, dtypes and shapes. */
export type SampleInputs = Readonly<Record<string, Tensor | Image | TypedArray | number | bigint>>;

/** Makes the tensors of one sample. Throws FaultError where the data is at fault. */
export type SampleReader = (
  cells: Readonly<Record<string, Cell>>,
  sample: PlannedSample,
  purpose: Purpose,
) => Promise<Map<string, Tensor>>;

/** Prepares what a spec says about inputs. Returns the reader, and the columns that it needs. */
export async function sampleReader(
  spec: CheckedStreamSpec,
  schema: Schema,
): Promise<{ readonly read: SampleReader; readonly columns: readonly string[] }> {
  if (spec.map !== undefined) {
    const { options = null, columns = schema.map(({ name }) => name) } = spec.map;
    for (const name of columns) fieldOf(schema, name);
    const map = await loadMap(spec.map.module);
    const read: SampleReader = async (cells, sample, purpose) => {
      const name = `stream/map/${sample.source}/${sample.pass}/${sample.row}`;
      const context = { ...sample, purpose, seed: spec.seed, random: new RandomStream(spec.seed, name), options };
      const inputs = await asFault(async () => map(cells, context));
      return new Map(Object.entries(inputs).map(([name, value]) => [name, toTensor(value, name)]));
    };
    return { read, columns };
  }
  const inputs = Object.entries(spec.inputs ?? {});
  const readers = await Promise.all(
    inputs.map(async ([name, input]) => {
      const field = fieldOf(schema, input.column);
      const read = input.kind === "image" ? await imageReader(input, field, spec.seed) : valueReader(input, field);
      return { name, column: input.column, read };
    }),
  );
  const read: SampleReader = async (cells, sample, purpose) => {
    const tensors = new Map<string, Tensor>();
    for (const { name, column, read } of readers) {
      const cell = cells[column] as Cell;
      if (cell === null) throw new FaultError("schema", `column "${column}" is null`);
      tensors.set(name, await read(cell, sample, purpose));
    }
    return tensors;
  };
  return { read, columns: [...new Set(inputs.map(([, { column }]) => column))] };
}

function wrong(action: string, received: string, rule: string, cause?: unknown): DataError {
  return new DataError(explain({ api: "streamDataset", action, received, rule }), { cause });
}

function fieldOf(schema: Schema, column: string): Field {
  const field = schema.find(({ name }) => name === column);
  if (field !== undefined) return field;
  const names = schema.map(({ name }) => `"${name}"`).join(", ");
  throw wrong(`use column "${column}"`, `the columns are ${names}`, "must be one of them");
}

/** Turns an error that carries a fault of the data into a {@link FaultError}; others are mistakes of a program and pass. */
async function asFault<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !("fault" in error)) throw error;
    const { fault } = error;
    const code = typeof fault === "string" ? fault : (fault as Partial<Fault>).code;
    if (code === undefined || code === "remote") throw error;
    throw new FaultError(code as Fault["code"], messageOf(error), undefined, { cause: error });
  }
}

type CellReader = (cell: Cell, sample: PlannedSample, purpose: Purpose) => Tensor | Promise<Tensor>;

function valueReader({ column, dtype }: ValueInput, { type, element }: Field): CellReader {
  if (type === "string" || type === "json")
    throw wrong(`use column "${column}"`, `it holds ${type}`, "an input is a number, an array, bytes or an image");
  const own = type === "tensor" ? element : type === "bytes" || type === "image" ? "uint8" : type;
  const target = dtype ?? (own === "timestamp" ? "float64" : own);
  return (cell) => {
    if (cell instanceof Uint8Array) return cast({ dtype: "uint8", shape: [cell.length], data: cell }, target);
    if (typeof cell === "object" && cell !== null && "dtype" in cell) return cast(cell as Tensor, target);
    const value = typeof cell === "boolean" ? Number(cell) : (cell as number | bigint);
    return { dtype: target as DType, shape: [], data: arrayOf(target as DType, [value]) };
  };
}

function cast(tensor: Tensor, dtype: DType | undefined): Tensor {
  if (dtype === undefined || dtype === tensor.dtype) return tensor;
  return { dtype, shape: tensor.shape, data: arrayOf(dtype, tensor.data as TypedArray) };
}

function arrayOf(dtype: DType, values: ArrayLike<number | bigint>): TypedArray {
  const array = new (arrayTypeOf(dtype))(values.length);
  const isBig = array instanceof BigInt64Array || array instanceof BigUint64Array;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    if (isBig && typeof value === "number" && !Number.isInteger(value))
      throw new FaultError("range", `${value} is no integer, and the input is ${dtype}`);
    (array as Float64Array)[i] = (isBig ? BigInt(value) : Number(value)) as number;
  }
  return array;
}

async function imageReader(input: ImageInput, { type }: Field, seed: number): Promise<CellReader> {
  if (type !== "image" && type !== "bytes" && type !== "tensor")
    throw wrong(`use column "${input.column}" as an image`, `it holds ${type}`, "must be images, or pixels");
  const { channels = 3 } = input;
  // Only here: streams of other data need neither.
  const { decodeImage } = await import("../codec/image.ts");
  const pipelines: Partial<Record<Purpose, Pipeline>> = {};
  for (const [purpose, spec] of [
    ["train", input.augment],
    ["evaluate", input.evaluate],
  ] as const)
    if (spec !== undefined) pipelines[purpose] = (await import("../augment/pipeline.ts")).pipeline({ seed, ...spec });
  return async (cell, sample, purpose) => {
    const pixels =
      cell instanceof Uint8Array ? await asFault(() => decodeImage(cell, { channels })) : imageOf(cell as Tensor);
    const name = `${sample.source}/${sample.row}`;
    const scene = pipelines[purpose]?.run({ image: pixels }, { epoch: sample.pass, sample: name }).scene;
    return imageTensor(scene?.image ?? pixels, input);
  };
}

function imageOf({ dtype, shape, data }: Tensor): Image<Uint8Array> {
  const [height = 0, width = 0, channels = 1] = shape;
  if (dtype !== "uint8" || shape.length < 2 || shape.length > 3 || height * width * channels === 0)
    throw new FaultError("shape", `pixels of ${dtype} [${shape.join(", ")}], not uint8 [height, width, channels]`);
  return { data: data as Uint8Array, width, height, channels };
}

function imageTensor(image: Image, { dtype = "float32", layout = "CHW", mean, deviation }: ImageInput): Tensor {
  const { data, width, height, channels } = image;
  const area = width * height;
  const shape = layout === "CHW" ? [channels, height, width] : [height, width, channels];
  const [step, plane] = layout === "CHW" ? [1, area] : [channels, 1];
  const out = dtype === "uint8" ? new Uint8Array(data.length) : new Float32Array(data.length);
  // Pixels that augmentation left in floating point are in [0, 1] already.
  const scale = dtype === "uint8" || data instanceof Float32Array ? 1 : 1 / (data instanceof Uint16Array ? 65535 : 255);
  for (let c = 0; c < channels; c++) {
    const shift = dtype === "uint8" ? 0 : (mean?.[c] ?? 0);
    const factor = dtype === "uint8" ? 1 : 1 / (deviation?.[c] ?? 1);
    for (let i = 0, from = c, to = c * plane; i < area; i++, from += channels, to += step)
      out[to] = ((data[from] as number) * scale - shift) * factor;
  }
  return { dtype, shape, data: out };
}

/**
 * The file of a map module.
 *
 * @throws DataError for a relative path: relative to what, a thread could not say.
 */
export function modulePath(module: string): string {
  if (module.startsWith("file:")) return fileURLToPath(module);
  if (isAbsolute(module)) return module;
  throw wrong(`import "${module}"`, "it is relative", "must be an absolute path or a file: URL");
}

async function loadMap(module: string): Promise<SampleMap> {
  const path = modulePath(module);
  let map: unknown;
  try {
    ({ map } = (await import(pathToFileURL(path).href)) as { map?: unknown });
  } catch (cause) {
    if (isCameoError(cause)) throw cause;
    throw wrong(`import "${module}"`, messageOf(cause), "must be a module that Node imports", cause);
  }
  if (typeof map !== "function") throw wrong(`use "${module}"`, "it has no function map", "must export one");
  return map as SampleMap;
}

const dtypes: Readonly<Record<string, DType>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
};

function toTensor(value: SampleInputs[string], name: string): Tensor {
  if (typeof value === "number") return { dtype: "float32", shape: [], data: Float32Array.of(value) };
  if (typeof value === "bigint") return { dtype: "int64", shape: [], data: BigInt64Array.of(value) };
  if (typeof value === "object" && value !== null) {
    if ("shape" in value) return value;
    if ("width" in value) {
      const { data, width, height, channels } = value;
      return { dtype: dtypes[data.constructor.name] as DType, shape: [height, width, channels], data };
    }
    const dtype = dtypes[value.constructor.name];
    if (dtype !== undefined) return { dtype, shape: [value.length], data: value };
  }
  throw new TypeError(
    explain({
      api: "streamDataset",
      action: `use input "${name}" of the map function`,
      received: `got ${typeof value}`,
      rule: "must be a tensor, an image, a typed array, a number or a BigInt",
    }),
  );
}
