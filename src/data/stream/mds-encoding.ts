/**
 * How MDS writes one value: numbers little-endian, text as UTF-8, arrays with as much of dtype and shape as the column leaves open.
 *
 * @source MosaicML Streaming, streaming/base/format/mds/encodings.py (version 0.13).
 */

import { arrayTypeOf, sizeBytesOf } from "../../tensor/dtype.ts";
import type { Cell, Field } from "../table.ts";
import { decodeArray, encodeArray, isMdsDType, type MdsDType } from "./_mds-array.ts";
import { decodePil, encodePil } from "./_mds-pil.ts";
import { mismatch } from "./_mds-value.ts";
import { concatBytes } from "./concat-bytes.ts";
import { FaultError } from "./fault-error.ts";

/** One column's encoding. */
export interface MdsEncoding {
  /** As `index.json` writes it: `"int"`, `"ndarray:float32:3,4"`. */
  readonly name: string;
  /** What a column of it holds. */
  readonly field: Omit<Field, "name" | "nullable">;
  /** Bytes of each value, or null where they vary. */
  readonly sizeBytes: number | null;
  /** Reads the value that fills the bytes. Throws FaultError. */
  decode(bytes: Uint8Array<ArrayBuffer>): Cell;
  /** Throws TypeError if the value is no such. */
  encode(value: Cell): Uint8Array;
}

/**
 * The encoding of a name.
 *
 * @throws RangeError if there is none, or it is `"pkl"`: a pickle runs code when it is read.
 */
export function mdsEncoding(name: string): MdsEncoding {
  const encoding = simple[name] ?? (isMdsDType(name) ? scalar(name, name) : arrayEncoding(name));
  if (encoding === undefined) throw new RangeError(name === "pkl" ? "pickle runs code when it is read" : "unknown");
  return encoding;
}

function variable(
  name: string,
  type: Field["type"],
  decode: (bytes: Uint8Array<ArrayBuffer>) => Cell,
  encode: (value: Cell) => Uint8Array,
): MdsEncoding {
  return { name, field: { type }, sizeBytes: null, decode, encode };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const toUtf8 = new TextEncoder();

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new FaultError("utf8", "text that is not UTF-8", undefined, { cause });
  }
}

function encodeBytes(name: string): (value: Cell) => Uint8Array {
  return (value) => {
    if (value instanceof Uint8Array) return value;
    throw mismatch(name, value);
  };
}

function encodeText(name: string, isValid: (text: string) => boolean): (value: Cell) => Uint8Array {
  return (value) => {
    const text = typeof value === "number" || typeof value === "bigint" ? String(value) : value;
    if (typeof text !== "string" || !isValid(text)) throw mismatch(name, value);
    return toUtf8.encode(text);
  };
}

function numberOf(text: string): number {
  const special: Record<string, number> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity };
  const value = special[text.toLowerCase()] ?? (text.trim() === "" ? undefined : Number(text));
  if (value === undefined || (Number.isNaN(value) && text.toLowerCase() !== "nan"))
    throw new FaultError("syntax", `${JSON.stringify(text.slice(0, 40))} is no number`);
  return value;
}

const isInteger = (text: string): boolean => /^[+-]?\d+$/.test(text);
const isDecimal = (text: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);

const simple: Readonly<Record<string, MdsEncoding>> = {
  bytes: variable("bytes", "bytes", (bytes) => bytes, encodeBytes("bytes")),
  str: variable("str", "string", decodeText, (value) => {
    if (typeof value !== "string") throw mismatch("str", value);
    return toUtf8.encode(value);
  }),
  int: scalar("int", "int64"),
  str_int: variable(
    "str_int",
    "json",
    (bytes) => {
      const text = decodeText(bytes);
      if (!isInteger(text)) throw new FaultError("syntax", `${JSON.stringify(text.slice(0, 40))} is no integer`);
      const value = Number(text);
      return Number.isSafeInteger(value) ? value : BigInt(text);
    },
    encodeText("str_int", isInteger),
  ),
  str_float: variable(
    "str_float",
    "float64",
    (bytes) => numberOf(decodeText(bytes)),
    (value) => {
      if (typeof value !== "number") throw mismatch("str_float", value);
      return toUtf8.encode(Number.isNaN(value) ? "nan" : String(value).replace("Infinity", "inf"));
    },
  ),
  str_decimal: variable("str_decimal", "string", decodeText, encodeText("str_decimal", isDecimal)),
  jpeg: variable("jpeg", "image", (bytes) => bytes, encodeBytes("jpeg")),
  png: variable("png", "image", (bytes) => bytes, encodeBytes("png")),
  pil: variable("pil", "tensor", decodePil, encodePil),
  json: variable(
    "json",
    "json",
    (bytes) => {
      const text = decodeText(bytes);
      try {
        return JSON.parse(text) as Cell;
      } catch (cause) {
        throw new FaultError("syntax", "text that is no JSON", undefined, { cause });
      }
    },
    (value) => {
      const text = JSON.stringify(value, (_, part) => (typeof part === "bigint" ? Number(part) : part));
      if (text === undefined) throw mismatch("json", value);
      return toUtf8.encode(text);
    },
  ),
  ...Object.fromEntries(
    ["jpeg_array", "jpegarray"].map((name) => [
      name,
      variable(
        name,
        "json",
        (bytes) => decodeList(bytes, 0),
        (value) => encodeList(name, value, 0, encodeBytes(name)),
      ),
    ]),
  ),
  ...Object.fromEntries(
    ["list[jpeg]", "list[png]"].map((name) => [
      name,
      variable(
        name,
        "json",
        (bytes) => decodeList(bytes, 4),
        (value) => encodeList(name, value, 4, encodeBytes(name)),
      ),
    ]),
  ),
  "list[pil]": variable(
    "list[pil]",
    "json",
    (bytes) => decodeList(bytes, 4).map(decodePil),
    (value) => encodeList("list[pil]", value, 4, encodePil),
  ),
};

/** Reads one number of a dtype; 64-bit integers are BigInt, 16-bit floats their bits, as everywhere in Cameo. */
function scalar(name: string, dtype: MdsDType): MdsEncoding {
  const sizeBytes = sizeBytesOf(dtype, 1);
  const room = new DataView(new ArrayBuffer(8));
  const cell = new (arrayTypeOf(dtype))(room.buffer, 0, 1);
  const raw = new Uint8Array(room.buffer, 0, sizeBytes);
  const isBig = dtype === "int64" || dtype === "uint64";
  return {
    name,
    field: { type: dtype },
    sizeBytes,
    decode: (bytes) => {
      raw.set(bytes);
      return cell[0] as number | bigint;
    },
    encode: (value) => {
      if (typeof value !== "number" && typeof value !== "bigint") throw mismatch(name, value);
      if (isBig) {
        if (typeof value === "number" && !Number.isSafeInteger(value)) throw mismatch(name, value);
        (cell as BigInt64Array)[0] = BigInt(value);
      } else (cell as Float64Array)[0] = Number(value);
      if (dtype.startsWith("float")) return raw.slice();
      if (typeof value === "number" && !Number.isInteger(value)) throw mismatch(name, value);
      if (BigInt(cell[0] as number | bigint) !== BigInt(value))
        throw new TypeError(`${value} does not fit in ${dtype}`);
      return raw.slice();
    },
  };
}

/** `ndarray`, `ndarray:<dtype>` or `ndarray:<dtype>:<lengths>`. */
function arrayEncoding(name: string): MdsEncoding | undefined {
  const [kind, fixedDType = "", fixedShape = "", ...rest] = name.split(":");
  if (kind !== "ndarray" || rest.length > 0 || (fixedDType !== "" && !isMdsDType(fixedDType))) return undefined;
  const shape = fixedShape === "" ? undefined : fixedShape.split(",").map(Number);
  if (shape?.some((length) => !Number.isSafeInteger(length) || length < 1)) return undefined;
  const dtype = fixedDType === "" ? undefined : (fixedDType as MdsDType);
  const field: MdsEncoding["field"] = {
    type: "tensor",
    ...(dtype === undefined ? {} : { element: dtype }),
    ...(shape === undefined ? {} : { shape }),
  };
  const count = shape?.reduce((product, length) => product * length, 1);
  const sizeBytes = dtype === undefined || count === undefined ? null : sizeBytesOf(dtype, count);
  return {
    name,
    field,
    sizeBytes,
    decode: (bytes) => decodeArray(bytes, dtype, shape),
    encode: (value) => encodeArray(name, value, dtype, shape),
  };
}

/** Values with their count and sizes before them, after `skip` bytes that mean nothing yet. */
function decodeList(bytes: Uint8Array<ArrayBuffer>, skip: number): Uint8Array<ArrayBuffer>[] {
  if (bytes.length < skip + 4) throw new FaultError("truncated", "a list ends inside of its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(skip, true);
  let at = skip + 4 + 4 * count;
  if (at > bytes.length) throw new FaultError("truncated", `a list of ${count} values ends inside of its sizes`);
  const values = Array.from({ length: count }, (_, i) => {
    const end = at + view.getUint32(skip + 4 + 4 * i, true);
    if (end > bytes.length) throw new FaultError("truncated", `value ${i} of a list ends past the list`);
    const value = bytes.subarray(at, end);
    at = end;
    return value;
  });
  if (at !== bytes.length) throw new FaultError("syntax", `a list with ${bytes.length - at} bytes after its end`);
  return values;
}

function encodeList(name: string, value: Cell, skip: number, encode: (value: Cell) => Uint8Array): Uint8Array {
  if (!Array.isArray(value)) throw mismatch(name, value);
  const parts = (value as Cell[]).map(encode);
  const head = new DataView(new ArrayBuffer(skip + 4 + 4 * parts.length));
  head.setUint32(skip, parts.length, true);
  for (const [i, part] of parts.entries()) head.setUint32(skip + 4 + 4 * i, part.length, true);
  return concatBytes([new Uint8Array(head.buffer), ...parts]);
}
