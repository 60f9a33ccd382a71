/** Typed arrays, lossless: differences, no more bytes than the values need, shuffle, and a coder. */

import { z } from "zod";
import { explain } from "../../base/errors.ts";
import type { TypedArray } from "../../tensor/dtype.ts";
import { columnError, joinFrame, splitFrame } from "./_frame.ts";
import { numberMemory } from "./_number-memory.ts";
import type { BlockCodecs } from "./block-codec.ts";
import { decodeBlosc, encodeBlosc } from "./blosc.ts";

/** How numbers are compressed: what {@link chooseCodec} chooses. */
export interface NumberEncoding {
  /** `"delta"` (of integers) codes differences, `"xor"` (of floats) the bits that differ from the element before. */
  readonly transform: "none" | "delta" | "xor";
  readonly shuffle: "none" | "byte" | "bit";
  readonly codec: "lz4" | "zstd" | "zlib";
  /** From 0 to 9, as of {@link encodeBlosc}. */
  readonly level: number;
}

/** Limits of decoding. */
export interface DecodeLimits {
  /** Most bytes of what comes out. @defaultValue 1 GiB */
  readonly maxBytes?: number;
  /** zlib and zstd. @defaultValue those of Node */
  readonly codecs?: BlockCodecs;
}

/** {@link DecodeLimits.maxBytes}, when nothing is said. */
export const defaultMaxBytes: number = 2 ** 30;

/** Largest array that goes through the kernels' memory, in which it stands twice [bytes]. */
const largestArray = 2 ** 29;

type ArrayType = new (buffer: ArrayBuffer, offset?: number, length?: number) => TypedArray;

/** Array types by name: their constructor, and the kind of integer that the kernels call it. */
const arrays: Readonly<Record<string, readonly [type: ArrayType, kind: number | undefined]>> = {
  Uint8Array: [Uint8Array, 0],
  Uint16Array: [Uint16Array, 1],
  Uint32Array: [Uint32Array, 2],
  BigUint64Array: [BigUint64Array, 3],
  Int8Array: [Int8Array, 4],
  Int16Array: [Int16Array, 5],
  Int32Array: [Int32Array, 6],
  BigInt64Array: [BigInt64Array, 7],
  Float32Array: [Float32Array, undefined],
  Float64Array: [Float64Array, undefined],
};

const headerSchema = z.object({
  kind: z.literal("numbers"),
  array: z.string().refine((name) => Object.hasOwn(arrays, name)),
  count: z.int().min(0),
  transform: z.enum(["none", "delta", "xor"]),
  /** Bytes of an element in the stream. */
  width: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]),
  /** What was subtracted from each element, after differences. */
  base: z
    .string()
    .regex(/^-?\d{1,20}$/)
    .default("0"),
  /** The first difference, which is to nothing and would widen the rest. */
  first: z
    .string()
    .regex(/^\d{1,20}$/)
    .default("0"),
});

/**
 * Compresses a typed array without loss.
 *
 * @param values - Any typed array but one of 8-bit clamped integers.
 * @param encoding - See {@link NumberEncoding}; a transform that does not fit the type is left out.
 * @param codecs - zlib and zstd. Those of Node when absent.
 * @returns Bytes for {@link decodeNumbers}.
 * @throws RangeError if the array has more than 512 MiB.
 *
 * @example Time stamps become almost nothing
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeNumbers, encodeNumbers } from "cameo/data/codec";
 *
 * const times = BigInt64Array.from({ length: 10_000 }, (_, i) => 1_700_000_000_000n + 250n * BigInt(i));
 * const bytes = encodeNumbers(times, { transform: "delta", shuffle: "byte", codec: "zstd", level: 1 });
 * assert.ok(bytes.length < 300);
 * assert.deepEqual(decodeNumbers(bytes), times);
 * ```
 */
export function encodeNumbers(
  values: TypedArray,
  encoding: NumberEncoding,
  codecs?: BlockCodecs,
): Uint8Array<ArrayBuffer> {
  const { shuffle, codec, level } = encoding;
  const array = values.constructor.name;
  const [, kind] = arrays[array] ?? [];
  if (values.byteLength > largestArray)
    throw new RangeError(
      explain({
        api: "encodeNumbers",
        action: "compress",
        received: `got ${values.byteLength} bytes`,
        rule: `at most ${largestArray} are coded together`,
      }),
    );
  const plain = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const size = values.BYTES_PER_ELEMENT;
  const small = kind === undefined ? xored(plain, size, encoding) : narrowed(plain, size, kind, encoding);
  const { bytes, ...header } = small;
  const options = { codec, level, typeSize: header.width, shuffle, ...(codecs === undefined ? {} : { codecs }) };
  return joinFrame({ kind: "numbers", array, count: values.length, ...header }, [encodeBlosc(bytes, options)]);
}

interface Small {
  /** Valid until the kernels run again. */
  readonly bytes: Uint8Array;
  readonly transform: NumberEncoding["transform"];
  readonly width: number;
  readonly base?: string;
  readonly first?: string;
}

function xored(plain: Uint8Array, width: number, { transform }: NumberEncoding): Small {
  if (transform !== "xor" || plain.length === 0) return { bytes: plain, transform: "none", width };
  const { kernel, wide, narrow } = numberMemory(plain.length);
  kernel.bytes(wide, plain.length).set(plain);
  kernel.functions.xor(wide, plain.length / width, width, narrow);
  return { bytes: kernel.bytes(narrow, plain.length), transform, width };
}

function narrowed(plain: Uint8Array, size: number, kind: number, { transform }: NumberEncoding): Small {
  const count = plain.length / size;
  if (count === 0 || (size === 1 && transform !== "delta")) return { bytes: plain, transform: "none", width: size };
  const { kernel, wide, narrow } = numberMemory(plain.length);
  const { functions } = kernel;
  kernel.bytes(wide, plain.length).set(plain);
  const delta = transform === "delta";
  let first = 0n;
  if (delta) {
    functions.differences(wide, count, size, wide);
    first = readUnsigned(kernel.bytes(wide, size));
    kernel.bytes(wide, size).set(count > 1 ? kernel.bytes(wide + size, size).slice() : new Uint8Array(size));
  }
  const streamKind = delta ? Math.log2(size) : kind;
  functions.range(wide, count, streamKind, narrow);
  const ends = new DataView(kernel.bytes(narrow, 16).slice().buffer);
  const least = ends.getBigInt64(0, true);
  const span = BigInt.asUintN(64, ends.getBigInt64(8, true) - least);
  const width = span < 256n ? 1 : span < 65536n ? 2 : span < 2n ** 32n ? 4 : 8;
  const heads = { transform: delta ? ("delta" as const) : ("none" as const), first: String(first) };
  if (width >= size) return { ...heads, bytes: kernel.bytes(wide, plain.length), width: size };
  functions.shift(wide, count, streamKind, -least, width, narrow);
  return { ...heads, bytes: kernel.bytes(narrow, count * width), width, base: String(least) };
}

const readUnsigned = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/**
 * Expands what {@link encodeNumbers} wrote.
 *
 * @param bytes - All of it.
 * @param limits - See {@link DecodeLimits}.
 * @returns An array of the type that was compressed, in memory of its own.
 * @throws CodecError if the bytes are damaged, or expand to more than is allowed.
 *
 * @example Too much is refused
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeNumbers, encodeNumbers } from "cameo/data/codec";
 *
 * const zeros = encodeNumbers(new Float64Array(1e6), { transform: "none", shuffle: "byte", codec: "zstd", level: 1 });
 * assert.throws(() => decodeNumbers(zeros, { maxBytes: 1e6 }), { code: "codec" });
 * ```
 */
export function decodeNumbers(bytes: Uint8Array, limits: DecodeLimits = {}): TypedArray {
  const { maxBytes = defaultMaxBytes, codecs } = limits;
  const { header, streams } = splitFrame(bytes, headerSchema, 1);
  const { count, width, transform, base, first } = header;
  const [Type, kind] = arrays[header.array] as readonly [ArrayType & { BYTES_PER_ELEMENT: number }, number | undefined];
  const size = Type.BYTES_PER_ELEMENT;
  if (count * size > maxBytes)
    throw columnError(`it expands to ${count * size} bytes`, `at most ${maxBytes} are allowed (maxBytes)`);
  const stream = decodeBlosc(streams[0] as Uint8Array, {
    maxBytes: count * width,
    ...(codecs === undefined ? {} : { codecs }),
  });
  if (stream.length !== count * width || width > size || (kind === undefined && width !== size))
    throw columnError(`${stream.length} bytes for ${count} elements of ${size}`, `must be ${count * width}`);
  if (count === 0 || (width === size && transform === "none" && base === "0")) return new Type(stream.buffer, 0, count);
  if (count * size > largestArray)
    throw columnError(`it expands to ${count * size} bytes`, `at most ${largestArray} are coded together`);
  const { kernel, wide, narrow } = numberMemory(count * size);
  const { functions } = kernel;
  kernel.bytes(narrow, stream.length).set(stream);
  if (transform === "xor") functions.unxor(narrow, count, size, wide);
  else {
    functions.shift(narrow, count, Math.log2(width), BigInt.asIntN(64, BigInt(base)), size, wide);
    if (transform === "delta") {
      const start = kernel.bytes(wide, size);
      for (let i = 0; i < size; i++) start[i] = Number((BigInt(first) >> BigInt(8 * i)) & 255n);
      functions.sums(wide, count, size, wide);
    }
  }
  return new Type(kernel.bytes(wide, count * size).slice().buffer, 0, count);
}
