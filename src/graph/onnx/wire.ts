/**
 * The protobuf wire format: a reader that never leaves its bytes and a writer that fills a buffer of known size.
 * Integers are 64-bit two's complement; they come out as a number while that is exact and as a bigint beyond.
 */

import { CodecError, explain } from "../../base/errors.ts";

/** An int64: a number if it is safe, else a bigint. */
export type Int64 = number | bigint;

/** How a field's bytes are delimited. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Text of a file as it may stand in an error: names there can be megabytes long and hold line breaks. */
function tidy(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** Throws the CodecError of a file that cannot be read. */
export function failRead(action: string, received: string, rule: string): never {
  throw new CodecError("onnx", explain({ api: "onnx.read", action: tidy(action), received: tidy(received), rule }));
}

/** Throws the CodecError of a model that cannot be written. */
export function failWrite(action: string, received: string, rule: string, hint?: string): never {
  throw new CodecError("onnx", explain({ api: "onnx.write", action, received, rule, hint }));
}

/** The text of UTF-8 bytes, or undefined if they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  // Names are short and ASCII; the decoder's fixed cost would be most of the time of reading a file.
  if (bytes.length <= 32) {
    let text = "";
    for (const byte of bytes) {
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (text.length === bytes.length) return text;
  }
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A cursor over part of a byte array. Every read checks the end and throws CodecError beyond it. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;
  readonly #view: DataView;
  #low = 0;
  #high = 0;

  /** @param view - Shared between the readers of one file; made when absent. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length, view?: DataView) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.#view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** Tag of the next field: its number above its wire type, which takes the low three bits. */
  tag(): number {
    const start = this.position;
    this.#varint();
    if (this.#low < 8 || this.#high !== 0)
      this.#fail(`a tag of field ${this.#low >>> 3} at byte ${start}`, "field numbers must be in [1, 2^29)");
    return this.#low;
  }

  /** A signed 64-bit varint. */
  int64(): Int64 {
    this.#varint();
    const value = (this.#high | 0) * 2 ** 32 + this.#low;
    return Number.isSafeInteger(value) ? value : (BigInt(this.#high | 0) << 32n) | BigInt(this.#low);
  }

  /** The low 32 bits of a varint, signed. */
  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  float32(): number {
    const at = this.#take(4);
    return this.#view.getFloat32(at, true);
  }

  float64(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, true);
  }

  /** A length-delimited field as a view, without a copy. */
  view(): Uint8Array {
    const length = this.#length();
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A length-delimited field as a reader of its own. */
  nested(): Reader {
    const length = this.#length();
    const at = this.#take(length);
    return new Reader(this.bytes, at, at + length, this.#view);
  }

  /** A length-delimited field as text. */
  string(): string {
    const at = this.position;
    return textOf(this.view()) ?? this.#fail(`bytes that are not UTF-8 at byte ${at}`, "names and texts must be UTF-8");
  }

  /** Number of varints up to the end of this reader. */
  countVarints(): number {
    let count = 0;
    for (let i = this.position; i < this.end; i++) if ((this.bytes[i] as number) < 0x80) count++;
    return count;
  }

  /** Skips a field whose tag was just read. */
  skip(wire: number): void {
    if (wire === wireType.varint) this.#varint();
    else if (wire === wireType.fixed64) this.#take(8);
    else if (wire === wireType.bytes) this.#take(this.#length());
    else if (wire === wireType.fixed32) this.#take(4);
    else this.#fail(`wire type ${wire} at byte ${this.position}`, "must be 0, 1, 2 or 5");
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end)
        this.#fail(`the end of a field at byte ${this.position}`, "a number goes on there");
      const byte = this.bytes[this.position++] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x0f) << 28;
        high = (byte & 0x7f) >>> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    this.#fail(`a number of more than 10 bytes at byte ${this.position}`, "integers have at most 64 bits");
  }

  #length(): number {
    this.#varint();
    return this.#high * 2 ** 32 + this.#low;
  }

  #take(length: number): number {
    const at = this.position;
    if (length > this.end - at)
      this.#fail(
        `a field of ${length} bytes at byte ${at}`,
        `only ${this.end - at} are left (truncated or not an ONNX file)`,
      );
    this.position = at + length;
    return at;
  }

  #fail(received: string, rule: string): never {
    failRead("decode the file", `got ${received}`, rule);
  }
}

/** Bytes that `value` takes as a varint. */
export function varintSize(value: Int64): number {
  if (typeof value === "bigint") return value < 0n ? 10 : bigintSize(value);
  if (value < 0) return 10;
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

function bigintSize(value: bigint): number {
  let size = 1;
  for (let rest = value; rest >= 0x80n; rest >>= 7n) size++;
  return size;
}

/** Bytes that `text` takes in UTF-8 (a lone surrogate becomes U+FFFD, three bytes). */
export function utf8Size(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    size += unit < 0x800 ? 1 : 2;
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next < 0xe000) i++;
    }
  }
  return size;
}

/** Fills a buffer whose size was measured beforehand, so that bulk data is copied exactly once. */
export class Writer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  position = 0;
  readonly #view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire);
  }

  /** A signed 64-bit varint. */
  varint(value: Int64): void {
    if (typeof value === "bigint" || value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest >= 0x80n; rest >>= 7n) this.bytes[this.position++] = Number(rest & 0x7fn) | 0x80;
      this.bytes[this.position++] = Number(rest);
      return;
    }
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.bytes[this.position++] = (rest % 0x80) | 0x80;
    this.bytes[this.position++] = rest;
  }

  float32(value: number): void {
    this.#view.setFloat32(this.position, value, true);
    this.position += 4;
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.position);
    this.position += bytes.length;
  }

  /** Text of which {@link utf8Size} gave the size. */
  string(text: string, size: number): void {
    if (size === text.length && size <= 32) {
      for (let i = 0; i < size; i++) this.bytes[this.position++] = text.charCodeAt(i);
      return;
    }
    this.position += encoder.encodeInto(text, this.bytes.subarray(this.position)).written;
  }
}
