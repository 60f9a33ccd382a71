/** Floats as small codes, and back; what codes cannot say is the caller's business. */

import type { Floats } from "./round-bits.ts";

/** How codes are made. */
export type CodedKind = "quantised" | "float16" | "bfloat16" | "int8";

/** Codes of floats. */
export interface Coded {
  readonly kind: CodedKind;
  readonly codes: Uint32Array | Uint16Array | Int8Array;
  /** Of int8, the scale of each 64 values. */
  readonly scales: Float32Array;
  /** Of quantised floats: `origin + code · step`. */
  readonly origin: number;
  readonly step: number;
}

/** Values that share a scale. */
const block = 64;
const none = new Float32Array(0);

/**
 * Codes floats. Codes of what is not finite are arbitrary.
 *
 * @param bound - Of `"quantised"`, how far a value may move.
 * @returns Undefined where the range of values holds too many steps for a code, or a step would be lost in rounding.
 */
export function codeFloats(values: Floats, kind: CodedKind, bound: number): Coded | undefined {
  if (kind === "quantised") return quantise(values, bound);
  if (kind === "int8") return scaled(values);
  const codes = kind === "float16" ? toFloat16(values) : toBfloat16(values);
  return { kind, codes, scales: none, origin: 0, step: 0 };
}

/** The inverse of {@link codeFloats}, but for what was lost. */
export function reconstruct(coded: Coded, array: "Float32Array" | "Float64Array"): Floats {
  const { kind, codes, scales, origin, step } = coded;
  if (kind === "float16" || kind === "bfloat16") {
    const floats = kind === "float16" ? fromFloat16(codes as Uint16Array) : fromBfloat16(codes as Uint16Array);
    return array === "Float32Array" ? floats : Float64Array.from(floats);
  }
  const values = new (array === "Float32Array" ? Float32Array : Float64Array)(codes.length);
  if (kind === "quantised") for (let i = 0; i < values.length; i++) values[i] = origin + (codes[i] as number) * step;
  else for (let i = 0; i < values.length; i++) values[i] = (codes[i] as number) * (scales[i >> 6] as number);
  return values;
}

function quantise(values: Floats, bound: number): Coded | undefined {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (!(most >= least)) return undefined;
  // What comes out is rounded to a float: without this margin, up to one unit in the last place, a bound of 0.01 came out as 0.01001.
  const unit = Math.max(Math.abs(least), Math.abs(most)) * (values instanceof Float32Array ? 2 ** -23 : 2 ** -51);
  const step = 2 * (bound - unit);
  if (!(step > 0) || !((most - least) / step < 2 ** 32 - 1)) return undefined;
  const codes = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    // A neighbour's code costs nothing where the value is stored beside.
    codes[i] = Number.isFinite(value) ? Math.round((value - least) / step) : i > 0 ? (codes[i - 1] as number) : 0;
  }
  return { kind: "quantised", codes, scales: none, origin: least, step };
}

function scaled(values: Floats): Coded {
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(Math.ceil(values.length / block));
  for (let start = 0; start < values.length; start += block) {
    const end = Math.min(values.length, start + block);
    let most = 0;
    for (let i = start; i < end; i++) {
      const size = Math.abs(values[i] as number);
      if (size > most && Number.isFinite(size)) most = size;
    }
    const scale = Math.fround(most / 127);
    scales[start / block] = scale;
    for (let i = start; i < end && scale > 0 && Number.isFinite(scale); i++)
      codes[i] = Math.max(-127, Math.min(127, Math.round((values[i] as number) / scale)));
  }
  return { kind: "int8", codes, scales, origin: 0, step: 0 };
}

function toFloat16(values: Floats): Uint16Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  for (let i = 0; i < values.length; i++) view.setFloat16(2 * i, values[i] as number, true);
  return new Uint16Array(view.buffer);
}

function fromFloat16(codes: Uint16Array): Float32Array {
  const view = new DataView(codes.buffer, codes.byteOffset, codes.byteLength);
  const values = new Float32Array(codes.length);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat16(2 * i, true);
  return values;
}

/** The upper half of a float32, rounded to nearest even. */
function toBfloat16(values: Floats): Uint16Array {
  const bits = new Uint32Array((values instanceof Float32Array ? values.slice() : Float32Array.from(values)).buffer);
  return Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
}

function fromBfloat16(codes: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(codes, (code) => code << 16).buffer);
}
