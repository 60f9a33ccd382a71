/** Element types, with their ONNX names and numbers and the typed array that holds them on the host. */

/** Element type of a tensor. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool"
  | "string"
  | "int4"
  | "uint4"
  | "float8e4m3fn"
  | "float8e4m3fnuz"
  | "float8e5m2"
  | "float8e5m2fnuz"
  | "complex64"
  | "complex128";

/** A typed array that can hold tensor elements. 16-bit floats are held as their bits in a `Uint16Array`. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

type ArrayConstructor = {
  readonly name: string;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
};

interface DTypeInfo {
  /** `TensorProto.DataType` number. */
  readonly onnx: number;
  /** Bits per element in ONNX raw data. */
  readonly bits: number;
  /** Host array; `null` for strings. */
  readonly array: ArrayConstructor | null;
  readonly kind: "float" | "int" | "uint" | "bool" | "other";
}

const info: Readonly<Record<DType, DTypeInfo>> = {
  float32: { onnx: 1, bits: 32, array: Float32Array, kind: "float" },
  uint8: { onnx: 2, bits: 8, array: Uint8Array, kind: "uint" },
  int8: { onnx: 3, bits: 8, array: Int8Array, kind: "int" },
  uint16: { onnx: 4, bits: 16, array: Uint16Array, kind: "uint" },
  int16: { onnx: 5, bits: 16, array: Int16Array, kind: "int" },
  int32: { onnx: 6, bits: 32, array: Int32Array, kind: "int" },
  int64: { onnx: 7, bits: 64, array: BigInt64Array, kind: "int" },
  string: { onnx: 8, bits: 0, array: null, kind: "other" },
  bool: { onnx: 9, bits: 8, array: Uint8Array, kind: "bool" },
  float16: { onnx: 10, bits: 16, array: Uint16Array, kind: "float" },
  float64: { onnx: 11, bits: 64, array: Float64Array, kind: "float" },
  uint32: { onnx: 12, bits: 32, array: Uint32Array, kind: "uint" },
  uint64: { onnx: 13, bits: 64, array: BigUint64Array, kind: "uint" },
  complex64: { onnx: 14, bits: 64, array: Float32Array, kind: "other" },
  complex128: { onnx: 15, bits: 128, array: Float64Array, kind: "other" },
  bfloat16: { onnx: 16, bits: 16, array: Uint16Array, kind: "float" },
  float8e4m3fn: { onnx: 17, bits: 8, array: Uint8Array, kind: "float" },
  float8e4m3fnuz: { onnx: 18, bits: 8, array: Uint8Array, kind: "float" },
  float8e5m2: { onnx: 19, bits: 8, array: Uint8Array, kind: "float" },
  float8e5m2fnuz: { onnx: 20, bits: 8, array: Uint8Array, kind: "float" },
  uint4: { onnx: 21, bits: 4, array: Uint8Array, kind: "uint" },
  int4: { onnx: 22, bits: 4, array: Uint8Array, kind: "int" },
};

const byNumber: ReadonlyMap<number, DType> = new Map(
  (Object.entries(info) as [DType, DTypeInfo][]).map(([name, entry]) => [entry.onnx, name]),
);

/** The `TensorProto.DataType` number of a dtype. */
export function onnxTypeOf(dtype: DType): number {
  return info[dtype].onnx;
}

/** The dtype with this `TensorProto.DataType` number, or undefined. */
export function dtypeOfOnnx(number: number): DType | undefined {
  return byNumber.get(number);
}

/** Bytes that `count` elements take in ONNX raw data (4-bit types are packed two to a byte). */
export function sizeBytesOf(dtype: DType, count: number): number {
  return Math.ceil((info[dtype].bits * count) / 8);
}

/** True for float16, bfloat16, float32, float64 and the 8-bit floats. */
export function isFloat(dtype: DType): boolean {
  return info[dtype].kind === "float";
}

/** True for signed and unsigned integers. */
export function isInteger(dtype: DType): boolean {
  return info[dtype].kind === "int" || info[dtype].kind === "uint";
}

/** The array type that holds this dtype on the host; throws for strings. */
export function arrayTypeOf(dtype: DType): ArrayConstructor {
  const { array } = info[dtype];
  if (array === null)
    throw new TypeError(`arrayTypeOf: cannot hold dtype: got "${dtype}", strings have no typed array`);
  return array;
}
