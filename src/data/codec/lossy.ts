/** Floats with loss, never more than was allowed: what comes out is measured, and what would go too far is stored as it is. */

import { z } from "zod";
import { explain } from "../../base/errors.ts";
import { type Coded, type CodedKind, codeFloats, reconstruct } from "./_float-codes.ts";
import { columnError, joinFrame, splitFrame } from "./_frame.ts";
import { type AchievedError, isSpecial, measureError, withinBound } from "./achieved-error.ts";
import { informationBits } from "./information-bits.ts";
import {
  type DecodeLimits,
  decodeNumbers,
  defaultMaxBytes,
  encodeNumbers,
  type NumberEncoding,
} from "./number-codec.ts";
import { type Floats, mantissaBits, roundBits } from "./round-bits.ts";

/**
 * How floats may lose.
 *
 * - `"absolute"`: each value by at most `bound`.
 * - `"range"`: each by at most `bound` times the range (greatest less least) of the values that are coded together.
 * - `"relative"`: each normal number by at most `bound` times itself.
 * - `"bits"`: rounded to `keepBits` bits of mantissa; `"auto"` takes those with 99 % of the information ({@link informationBits}).
 * - `"float16"`, `"bfloat16"`, `"int8"` (one scale for each 64 values): what models compute with; `bound` makes it absolute as well.
 */
export type LossyMethod =
  | { readonly method: "absolute" | "range" | "relative"; readonly bound: number }
  | { readonly method: "bits"; readonly keepBits: number | "auto" }
  | { readonly method: "float16" | "bfloat16" | "int8"; readonly bound?: number };

/** What {@link encodeFloats} did. */
export interface LossyResult {
  /** For {@link decodeFloats}. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Between the values and what {@link decodeFloats} makes of `bytes`: measured. */
  readonly error: AchievedError;
  /** Values that are stored as they are: NaN, infinities, −0, subnormals, and what would have exceeded the bound. */
  readonly exact: number;
  /** Whether all are, because the method would have exceeded the bound, or saved nothing. */
  readonly lossless: boolean;
}

/** Share of values stored as they are above which all are. */
const mostExact = 0.2;

const headerSchema = z.object({
  kind: z.enum(["quantised", "float16", "bfloat16", "int8"]),
  array: z.enum(["Float32Array", "Float64Array"]),
  count: z.int().min(0),
  origin: z.number().default(0),
  step: z.number().default(0),
});

/**
 * Compresses floats with a bound on what is lost.
 *
 * Every call decodes what it wrote and compares; if the bound does not hold, the values are stored without loss. NaN, infinities, −0 and
 * subnormals always come back bit by bit.
 *
 * @param values - Floats.
 * @param method - See {@link LossyMethod}.
 * @param encoding - How the codes are compressed. Best chosen by {@link chooseCodec}.
 * @returns See {@link LossyResult}.
 * @throws RangeError if the bound is not a positive number, or `keepBits` is out of range.
 *
 * @example To a tenth of a degree
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeFloats, encodeFloats } from "cameo/data/codec";
 *
 * const celsius = Float32Array.from({ length: 10_000 }, (_, i) => 15 + 9 * Math.sin(i / 300) + (i % 7) / 100);
 * const encoding = { transform: "delta", shuffle: "byte", codec: "zstd", level: 1 } as const;
 * const { bytes, error } = encodeFloats(celsius, { method: "absolute", bound: 0.05 }, encoding);
 * assert.ok(error.maxAbsolute <= 0.05);
 * assert.ok(bytes.length < celsius.byteLength / 15);
 * assert.ok(Math.abs((decodeFloats(bytes)[77] as number) - (celsius[77] as number)) <= 0.05);
 * ```
 */
export function encodeFloats(values: Floats, method: LossyMethod, encoding: NumberEncoding): LossyResult {
  checkMethod(method);
  const keepBits = keptBits(values, method);
  const bound = absoluteBound(values, method);
  const attempt = keepBits === undefined ? coded(values, method, bound, encoding) : rounded(values, keepBits, encoding);
  if (attempt !== undefined) {
    const back = decodeFloats(attempt.bytes, { maxBytes: values.byteLength });
    const holds =
      method.method === "relative"
        ? withinBound(values, back, { relative: method.bound })
        : withinBound(values, back, { absolute: bound });
    if (holds) return { ...attempt, error: measureError(values, back), lossless: false };
  }
  const plain = { ...encoding, transform: encoding.transform === "delta" ? ("none" as const) : encoding.transform };
  return {
    bytes: encodeNumbers(values, plain),
    error: measureError(values, values),
    exact: values.length,
    lossless: true,
  };
}

function rounded(values: Floats, keepBits: number, encoding: NumberEncoding): Pick<LossyResult, "bytes" | "exact"> {
  let exact = 0;
  for (let i = 0; i < values.length; i++) if (isSpecial(values, i)) exact++;
  return { bytes: encodeNumbers(roundBits(values, keepBits), encoding), exact };
}

/** Codes, and beside them the values that the codes do not give back well enough; undefined where those are too many. */
function coded(
  values: Floats,
  method: LossyMethod,
  bound: number,
  encoding: NumberEncoding,
): Pick<LossyResult, "bytes" | "exact"> | undefined {
  const kind: CodedKind =
    method.method === "float16" || method.method === "bfloat16" || method.method === "int8"
      ? method.method
      : "quantised";
  const codes = codeFloats(values, kind, bound);
  if (codes === undefined) return undefined;
  const back = reconstruct(codes, values instanceof Float32Array ? "Float32Array" : "Float64Array");
  const places: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const far = !(Math.abs((back[i] as number) - (values[i] as number)) <= bound);
    if (isSpecial(values, i) ? !Object.is(back[i], values[i]) || Number.isNaN(values[i]) : far) places.push(i);
  }
  if (places.length > mostExact * values.length) return undefined;
  const kept = values.slice(0, places.length) as Floats;
  const [from, to] = [bitsOf(values), bitsOf(kept)];
  const words = values.BYTES_PER_ELEMENT / 4;
  places.forEach((place, i) => {
    for (let word = 0; word < words; word++) to[words * i + word] = from[words * place + word] as number;
  });
  const small = { ...encoding, transform: "delta", shuffle: "byte" } as const;
  const streams = [
    encodeNumbers(codes.codes, encoding),
    encodeNumbers(codes.scales, { ...encoding, transform: "none" }),
    encodeNumbers(Uint32Array.from(places), small),
    encodeNumbers(kept, { ...encoding, transform: "none" }),
  ];
  const { origin, step } = codes;
  const header = { kind, array: values.constructor.name, count: values.length, origin, step };
  return { bytes: joinFrame(header, streams), exact: places.length };
}

/** Bits, because copying a NaN as a number may change them. */
const bitsOf = (values: Floats): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4);

/**
 * Expands what {@link encodeFloats} wrote.
 *
 * @param bytes - All of it.
 * @param limits - See {@link DecodeLimits}.
 * @returns Floats of the size that was compressed.
 * @throws CodecError if the bytes are damaged, or expand to more than is allowed.
 *
 * @example Special values come back
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeFloats, encodeFloats } from "cameo/data/codec";
 *
 * const values = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, Number.NaN, -0);
 * const encoding = { transform: "none", shuffle: "byte", codec: "lz4", level: 5 } as const;
 * const back = decodeFloats(encodeFloats(values, { method: "absolute", bound: 0.1 }, encoding).bytes);
 * assert.ok(Number.isNaN(back[8]) && Object.is(back[9], -0));
 * ```
 */
export function decodeFloats(bytes: Uint8Array, limits: DecodeLimits = {}): Floats {
  const { maxBytes = defaultMaxBytes } = limits;
  const { header } = splitFrame(bytes, z.looseObject({ kind: z.string() }));
  if (header.kind === "numbers") {
    const values = decodeNumbers(bytes, limits);
    if (values instanceof Float32Array || values instanceof Float64Array) return values;
    throw columnError(`got ${values.constructor.name}`, "must be floats");
  }
  const frame = splitFrame(bytes, headerSchema, 4);
  const { kind, array, count, origin, step } = frame.header;
  const size = array === "Float32Array" ? 4 : 8;
  if (count * size > maxBytes)
    throw columnError(`it expands to ${count * size} bytes`, `at most ${maxBytes} are allowed (maxBytes)`);
  const [codes, scales, places, kept] = frame.streams.map((stream) =>
    decodeNumbers(stream, { ...limits, maxBytes: count * 8 }),
  );
  const numScales = kind === "int8" ? Math.ceil(count / 64) : 0;
  if (
    codes?.length !== count ||
    scales?.length !== numScales ||
    !(scales instanceof Float32Array) ||
    !(places instanceof Uint32Array) ||
    kept?.length !== places.length ||
    kept.constructor.name !== array ||
    !fits(kind, codes)
  )
    throw columnError(
      `streams of other types or lengths than ${count} ${kind}`,
      "must be those that encodeFloats writes",
    );
  const values = reconstruct({ kind, codes, scales, origin, step } as Coded, array);
  const [from, to] = [bitsOf(kept as Floats), bitsOf(values)];
  const words = size / 4;
  places.forEach((place, i) => {
    if (place >= count) throw columnError(`value ${place} of ${count}`, "must be inside");
    for (let word = 0; word < words; word++) to[words * place + word] = from[words * i + word] as number;
  });
  return values;
}

const fits = (kind: CodedKind, codes: object): boolean =>
  kind === "quantised"
    ? codes instanceof Uint32Array
    : kind === "int8"
      ? codes instanceof Int8Array
      : codes instanceof Uint16Array;

/** Bits of mantissa that a method keeps, if it is a method that rounds. */
function keptBits(values: Floats, method: LossyMethod): number | undefined {
  if (method.method === "bits") return method.keepBits === "auto" ? informationBits(values) : method.keepBits;
  if (method.method !== "relative") return undefined;
  return Math.min(mantissaBits(values), Math.max(0, Math.ceil(-Math.log2(method.bound)) - 1));
}

function absoluteBound(values: Floats, method: LossyMethod): number {
  if (method.method === "absolute") return method.bound;
  if (method.method !== "range")
    return ("bound" in method && method.method !== "relative" ? method.bound : undefined) ?? Number.POSITIVE_INFINITY;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most > least ? method.bound * (most - least) : 0;
}

function checkMethod(method: LossyMethod): void {
  if (!("bound" in method) || method.bound === undefined) return;
  if (!(method.bound > 0) || !Number.isFinite(method.bound))
    throw new RangeError(
      explain({
        api: "encodeFloats",
        action: `use the method "${method.method}"`,
        received: `got bound ${method.bound}`,
        rule: "must be a positive number",
      }),
    );
}
