/**
 * The safetensors format: tensors under names in one stretch of bytes, with a JSON header in front. Written so that ONNX external
 * data can point into the same file: the body begins at a multiple of 4,096 bytes. Where the bytes lie is not known here: `safetensors.ts`
 * has files of Node, a browser has blobs.
 */

import { CodecError, explain } from "../base/errors.ts";
import { arrayTypeOf, type DType, sizeBytesOf, type TypedArray } from "./dtype.ts";
import { formatShape, type Shape, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Page size to which the body is aligned, as ONNX asks of external data. */
const bodyAlignment = 4096;
/** Longest header that readers of the format accept [bytes]. */
const maxHeaderBytes = 100_000_000;

const codes: ReadonlyMap<DType, string> = new Map([
  ["float64", "F64"],
  ["float32", "F32"],
  ["float16", "F16"],
  ["bfloat16", "BF16"],
  ["int64", "I64"],
  ["int32", "I32"],
  ["int16", "I16"],
  ["int8", "I8"],
  ["uint64", "U64"],
  ["uint32", "U32"],
  ["uint16", "U16"],
  ["uint8", "U8"],
  ["bool", "BOOL"],
  ["float8e4m3fn", "F8_E4M3"],
  ["float8e5m2", "F8_E5M2"],
]);
const dtypes: ReadonlyMap<string, DType> = new Map([...codes].map(([dtype, code]) => [code, dtype]));

/** Where a tensor lies in a file. */
export interface SafetensorsEntry {
  readonly dtype: DType;
  readonly shape: Shape;
  /** First byte, from the start of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What the header of a file says. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor to write; a `data` that is a function is called when its turn comes, so that not all need be in memory at once. */
export interface NamedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: Tensor["data"] | (() => TypedArray | Promise<TypedArray>);
}

/** Bytes that can be read by position: a file, a blob, memory. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Fills `into` with the bytes from `offset` on. */
  read(into: Uint8Array, offset: number): Promise<void>;
}

/** What a file will be: its size, and its bytes in order. */
export interface SafetensorsParts {
  readonly sizeBytes: number;
  /** The header, then one part for each tensor; the data of a tensor is asked for when its turn comes. */
  parts(): AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * Lays out a file.
 *
 * @param path - Its name, for messages.
 * @param tensors - In the order in which they are laid out after sorting by element size (widest first) and name.
 * @param metadata - Free text by key.
 * @throws CodecError for a dtype that the format lacks, or two tensors of one name; from `parts`, for data that do not fit their shape.
 */
export function safetensorsParts(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsParts {
  const ordered = [...tensors].sort(
    (a, b) => sizeBytesOf(b.dtype, 8) - sizeBytesOf(a.dtype, 8) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const header: Record<string, unknown> = Object.create(null); // any name is allowed, "__proto__" too
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let end = 0;
  for (const { name, dtype, shape } of ordered) {
    const code = codes.get(dtype);
    if (code === undefined || name === "__metadata__" || name in header)
      throw failure("write", path, `tensor "${name}" of ${dtype}`, "names must differ and dtypes be in the format");
    const begin = end;
    end += sizeBytesOf(dtype, sizeOf(shape));
    header[name] = { dtype: code, shape, data_offsets: [begin, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil((8 + text.length) / bodyAlignment) * bodyAlignment - 8;
  const prefix = new Uint8Array(8 + headerBytes).fill(0x20);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(headerBytes), true);
  prefix.set(text, 8);

  return {
    sizeBytes: prefix.length + end,
    async *parts() {
      yield prefix;
      for (const tensor of ordered) {
        // A tensor of strings was refused with its dtype above.
        const data = (typeof tensor.data === "function" ? await tensor.data() : tensor.data) as TypedArray;
        const sizeBytes = sizeBytesOf(tensor.dtype, sizeOf(tensor.shape));
        if (data.byteLength !== sizeBytes)
          throw failure(
            "write",
            path,
            `"${tensor.name}" has ${data.byteLength} bytes`,
            `its shape ${formatShape(tensor.shape)} takes ${sizeBytes}`,
          );
        yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      }
    },
  };
}

/**
 * Reads and checks the header: every tensor lies inside the file, sizes fit shapes, and nothing overlaps.
 *
 * @param source - The bytes of a file.
 * @throws CodecError if the file is truncated or not well formed.
 */
export async function safetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const bad = (received: string, rule: string) => failure("read", source.name, received, rule);
  const fileBytes = source.sizeBytes;
  const length = new Uint8Array(8);
  if (fileBytes < 8) throw bad(`the file has ${fileBytes} bytes`, "a header takes at least 8");
  await source.read(length, 0);
  const headerBytes = Number(new DataView(length.buffer).getBigUint64(0, true));
  if (headerBytes > maxHeaderBytes || 8 + headerBytes > fileBytes)
    throw bad(`the header claims ${headerBytes} bytes`, `the file has ${fileBytes}`);
  const bytes = new Uint8Array(headerBytes);
  await source.read(bytes, 8);
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new CodecError("safetensors", failure("read", source.name, "the header is not JSON", "it must be").message, {
      cause,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw bad("the header is no object", "it must be one");
  if (countMembers(text) !== Object.keys(parsed).length)
    throw bad("the header names a tensor twice", "names must differ");
  const entries = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  const body = 8 + headerBytes;
  for (const [name, value] of Object.entries(parsed as Record<string, unknown>)) {
    if (name === "__metadata__") {
      if (!isTextByKey(value)) throw bad(`__metadata__ is ${JSON.stringify(value)}`, "must be an object of strings");
      metadata = value;
      continue;
    }
    entries.set(name, entryOf(name, value, body, fileBytes, bad));
  }
  // A tensor without elements may begin where another does, and stands before it.
  const sorted = [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.sizeBytes - b.sizeBytes);
  let end = body;
  for (const [name, entry] of sorted) {
    if (entry.offset !== end)
      throw bad(`"${name}" begins at byte ${entry.offset}`, `the tensor before it ends at ${end}`);
    end += entry.sizeBytes;
  }
  if (end !== fileBytes) throw bad(`the tensors end at byte ${end}`, `the file has ${fileBytes}`);
  return { entries, metadata };
}

/** Members of the outermost object of a JSON text that is known to be well formed; `JSON.parse` keeps one of several with the same key. */
function countMembers(text: string): number {
  let depth = 0;
  let count = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (token === ":" && depth === 1) count++;
  }
  return count;
}

function isTextByKey(value: unknown): value is Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === "string");
}

function entryOf(
  name: string,
  value: unknown,
  body: number,
  fileBytes: number,
  bad: (received: string, rule: string) => CodecError,
): SafetensorsEntry {
  const {
    dtype: code,
    shape,
    data_offsets: offsets,
  } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const dtype = typeof code === "string" ? dtypes.get(code) : undefined;
  if (dtype === undefined)
    throw bad(`"${name}" has dtype ${JSON.stringify(code)}`, `must be one of ${[...dtypes.keys()].join(", ")}`);
  const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw bad(`"${name}" has shape ${JSON.stringify(shape)}`, "must be a list of counts");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw bad(`"${name}" has offsets ${JSON.stringify(offsets)}`, "must be two counts");
  const [begin, end] = offsets as [number, number];
  const sizeBytes = sizeBytesOf(dtype, sizeOf(shape));
  if (end - begin !== sizeBytes || body + end > fileBytes)
    throw bad(
      `"${name}" ${formatShape(shape)} lies at [${begin}, ${end})`,
      `it takes ${sizeBytes} bytes inside a file of ${fileBytes}`,
    );
  return { dtype, shape, offset: body + begin, sizeBytes };
}

/**
 * Reads tensors.
 *
 * @param source - The bytes of a file.
 * @param wanted - Names to read; all when absent.
 * @returns Tensors by name, in memory of their own.
 * @throws CodecError if the file is not well formed or lacks a wanted name.
 */
export async function safetensorsTensors(source: ByteSource, wanted?: Iterable<string>): Promise<Map<string, Tensor>> {
  const { entries } = await safetensorsHeader(source);
  const tensors = new Map<string, Tensor>();
  for (const name of wanted ?? entries.keys()) {
    const entry = entries.get(name);
    if (entry === undefined)
      throw failure("read", source.name, `there is no tensor "${name}"`, `it holds ${entries.size} others`);
    const Array = arrayTypeOf(entry.dtype);
    const data = new Array(new ArrayBuffer(entry.sizeBytes));
    await source.read(new Uint8Array(data.buffer), entry.offset);
    tensors.set(name, { dtype: entry.dtype, shape: entry.shape, data });
  }
  return tensors;
}

function failure(verb: "read" | "write", path: string, received: string, rule: string): CodecError {
  return new CodecError("safetensors", explain({ api: "safetensors", action: `${verb} "${path}"`, received, rule }));
}
