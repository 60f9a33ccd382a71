/** The header of a `.npy` file: NumPy's format, versions 1, 2 and 3. */

import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { ReadError } from "../store/read-error.ts";
import type { ItemType } from "./_array-items.ts";
import type { ByteRanges } from "./_byte-ranges.ts";
import { type PythonLiteral, parsePythonLiteral } from "./_python-literal.ts";

/** What a header says. */
export interface NpyHeader {
  readonly type: ItemType;
  readonly shape: Shape;
  /** Whether the first axis changes fastest. */
  readonly isFortran: boolean;
  /** First byte of the items. */
  readonly dataStart: number;
}

const magic = "\x93NUMPY";
/** Longest header read; NumPy itself stops at 10,000 characters. */
const longestHeader = 2 ** 16;

/** Types by kind and size. */
const dtypes: Readonly<Record<string, DType>> = {
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
  c8: "complex64",
  c16: "complex128",
};

/** Whether bytes begin as a `.npy` file does. */
export function isNpy(head: Uint8Array): boolean {
  return head.length >= 6 && String.fromCharCode(...head.subarray(0, 6)) === magic;
}

/** Reads the header, and nothing behind it. Throws ReadError. */
export async function readNpyHeader(ranges: ByteRanges, signal?: AbortSignal): Promise<NpyHeader> {
  const { source } = ranges;
  const head = await ranges.read(0, Math.min(12, ranges.sizeBytes), signal);
  if (head.length === 0) throw new ReadError({ code: "empty", source, detail: "0 bytes" }, "must be a .npy file");
  if (!isNpy(head) || head.length < 12) {
    const code = head.length < 12 ? "truncated" : "syntax";
    throw new ReadError({ code, source, detail: "does not begin as a .npy file does" }, "must be a .npy file");
  }
  const version = head[6] as number;
  const view = new DataView(head.buffer, head.byteOffset);
  const start = version === 1 ? 10 : 12;
  const size = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (version < 1 || version > 3 || size > longestHeader) {
    const detail = `version ${version} with a header of ${size} bytes`;
    throw new ReadError({ code: "syntax", source, detail }, "must be version 1, 2 or 3 of the format");
  }
  const bytes = await ranges.read(start, start + size, signal);
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes);
  return { ...parseHeader(text, source), dataStart: start + size };
}

function parseHeader(text: string, source: string): Omit<NpyHeader, "dataStart"> {
  const header = parsePythonLiteral(text);
  const [descr, order, shape] = ["descr", "fortran_order", "shape"].map((key) =>
    header instanceof Map ? header.get(key) : undefined,
  );
  const isShape = Array.isArray(shape) && shape.every((length) => typeof length === "number" && length >= 0);
  if (!isShape || typeof order !== "boolean" || descr === undefined) {
    const detail = `the header is ${JSON.stringify(text.trim().slice(0, 80))}`;
    throw new ReadError({ code: "syntax", source, detail }, "must name descr, fortran_order and shape");
  }
  const type = itemType(descr, source);
  const sizeBytes = (shape as number[]).reduce((size, length) => size * length, type.sizeBytes);
  if (!Number.isSafeInteger(sizeBytes)) {
    const detail = `the shape is [${shape.join(", ")}]`;
    throw new ReadError({ code: "syntax", source, detail }, "must be an array that can exist");
  }
  return { type, shape: shape as number[], isFortran: order && shape.length > 1 };
}

function itemType(descr: PythonLiteral, source: string): ItemType {
  const refuse = (detail: string, rule: string, hint: string): ReadError =>
    new ReadError({ code: "schema", source, detail }, rule, { hint });
  if (typeof descr !== "string")
    throw refuse(
      "the items are structures",
      "must be plain numbers or strings",
      "save each field as an array, in a .npz",
    );
  const [, order, kind = "", size = ""] = /^([<>|=])([a-zA-Z])(\d*)/.exec(descr) ?? [];
  const isBigEndian = order === ">";
  if (kind === "O")
    throw refuse(
      "the items are Python objects",
      "a pickle can run code when it is read, so none is",
      "save numbers, or strings with a dtype such as U20",
    );
  if (kind === "U") return { dtype: "string", sizeBytes: Number(size) * 4, isBigEndian };
  if (kind === "S") return { dtype: "bytes", sizeBytes: Number(size), isBigEndian };
  const dtype = dtypes[kind + size];
  if (dtype === undefined || descr.length !== 1 + kind.length + size.length)
    throw refuse(
      `the items are of type ${JSON.stringify(descr.slice(0, 40))}`,
      `must be one of ${Object.keys(dtypes).join(", ")}, U or S`,
      'dates: save array.astype("int64")',
    );
  return { dtype, sizeBytes: Number(size), isBigEndian };
}

/** The header of an array in C order, version 1, or 2 where it does not fit; the data begins at a multiple of 64 bytes. */
export function npyHeader(descr: string, shape: Shape): Uint8Array<ArrayBuffer> {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  // NumPy leaves room to write a longer first axis in place.
  const room = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${axes}), }${" ".repeat(room)}`;
  const start = text.length + 128 > 65535 ? 12 : 10;
  const size = (Math.floor((start + text.length + 1) / 64) + 1) * 64 - start;
  const bytes = new Uint8Array(start + size).fill(0x20);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < magic.length; i++) bytes[i] = magic.charCodeAt(i);
  bytes.set(start === 10 ? [1, 0] : [2, 0], 6);
  if (start === 10) view.setUint16(8, size, true);
  else view.setUint32(8, size, true);
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  bytes[start + size - 1] = 0x0a;
  return bytes;
}

/** `"<f4"` for a dtype, or undefined where NumPy has none. */
export function descrOf(dtype: DType): string | undefined {
  const found = Object.entries(dtypes).find(([, name]) => name === dtype)?.[0];
  return found === undefined ? undefined : `${/^[biu]1$/.test(found) ? "|" : "<"}${found}`;
}
