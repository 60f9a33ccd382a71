/** Arrays in MDS: a byte for the dtype and one for the number and width of the lengths, each only where the column leaves it open. */

import { arrayTypeOf, sizeBytesOf, type TypedArray } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Cell } from "../table.ts";
import { isTensor, mismatch } from "./_mds-value.ts";
import { FaultError } from "./fault-error.ts";

/** dtypes of scalars, and the byte that stands for each in an array that carries its dtype. */
const arrayCodes = {
  uint8: 8,
  int8: 9,
  uint16: 16,
  int16: 17,
  float16: 18,
  uint32: 32,
  int32: 33,
  float32: 34,
  uint64: 64,
  int64: 65,
  float64: 66,
} as const;

/** dtypes that MDS has. */
export type MdsDType = keyof typeof arrayCodes;

const arrayDTypes: ReadonlyMap<number, MdsDType> = new Map(
  Object.entries(arrayCodes).map(([dtype, code]) => [code, dtype as MdsDType]),
);

/** Whether MDS has a dtype. */
export const isMdsDType = (name: string): name is MdsDType => Object.hasOwn(arrayCodes, name);

/** Reads an array. Throws FaultError if the bytes are not one of that dtype and shape. */
export function decodeArray(
  bytes: Uint8Array<ArrayBuffer>,
  fixedDType: MdsDType | undefined,
  fixedShape: readonly number[] | undefined,
): Tensor {
  let at = 0;
  const take = (count: number): Uint8Array<ArrayBuffer> => {
    if (at + count > bytes.length) throw new FaultError("truncated", "an array ends inside of its header");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const dtype = fixedDType ?? arrayDTypes.get(take(1)[0] as number);
  if (dtype === undefined) throw new FaultError("syntax", `array with dtype number ${bytes[0]}, which is none`);
  let shape = fixedShape;
  if (shape === undefined) {
    const head = take(1)[0] as number;
    const width = 2 ** (head % 4);
    const lengths = take((head >> 2) * width);
    const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.byteLength);
    shape = Array.from({ length: head >> 2 }, (_, axis) => readUnsigned(view, axis * width, width));
  }
  const count = shape.reduce((product, length) => product * length, 1);
  const data = bytes.subarray(at);
  if (!Number.isSafeInteger(count) || data.length !== sizeBytesOf(dtype, count))
    throw new FaultError("shape", `array of ${dtype} [${shape.join(", ")}] in ${data.length} bytes`);
  // A copy, for elements must be aligned; and the row's other bytes can go.
  return { dtype, shape, data: new (arrayTypeOf(dtype))(data.slice().buffer) };
}

function readUnsigned(view: DataView, at: number, width: number): number {
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true);
  return width === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

/** Writes an array. Throws TypeError if the value is none of that dtype and shape. */
export function encodeArray(
  name: string,
  value: Cell,
  fixedDType: MdsDType | undefined,
  fixedShape: readonly number[] | undefined,
): Uint8Array {
  if (!isTensor(value) || !isMdsDType(value.dtype)) throw mismatch(name, value);
  const { dtype, shape } = value;
  if (fixedDType !== undefined && dtype !== fixedDType) throw new TypeError(`${dtype} array in a column "${name}"`);
  if (fixedShape !== undefined && (shape.length !== fixedShape.length || shape.some((n, i) => n !== fixedShape[i])))
    throw new TypeError(`array [${shape.join(", ")}] in a column "${name}"`);
  if (shape.length === 0 || shape.length > 63 || shape.some((length) => length < 1))
    throw new TypeError(`array [${shape.join(", ")}]: MDS takes 1 to 63 axes, none of length 0`);
  const head: number[] = fixedDType === undefined ? [arrayCodes[dtype]] : [];
  if (fixedShape === undefined) {
    const most = Math.max(...shape);
    const exponent = most < 2 ** 8 ? 0 : most < 2 ** 16 ? 1 : most < 2 ** 32 ? 2 : 3;
    head.push((shape.length << 2) | exponent);
    for (const length of shape) for (let i = 0; i < 2 ** exponent; i++) head.push(Math.floor(length / 256 ** i) % 256);
  }
  const { buffer, byteOffset, byteLength } = value.data as TypedArray;
  const bytes = new Uint8Array(head.length + byteLength);
  bytes.set(head);
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength), head.length);
  return bytes;
}
