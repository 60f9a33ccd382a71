/** Decodes UTF-8 that arrives in pieces and finds the byte where it stops being text. */

/** The first byte that cannot be text. */
export interface TextFault {
  /** Byte offset from the start of the file. */
  readonly offset: number;
  readonly reason: string;
}

/** Bytes that a sequence beginning with `lead` has, or 0 if no sequence begins so. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** How many bytes at the end of `bytes` begin a sequence that is not complete. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** A byte-order mark is kept: what it means depends on where it stands. */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of bytes, or undefined if they are not UTF-8. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Where `bytes`, known not to be UTF-8, first break its rules. */
function firstInvalid(bytes: Uint8Array): number {
  for (let at = 0; ; ) {
    const length = sequenceLength(bytes[at] as number);
    if (length !== 1 && (length === 0 || decode(bytes.subarray(at, at + length)) === undefined)) return at;
    at += length;
  }
}

/** Feed it with `push`, read with `take`, and ask `end` at the end; it stops being of use at the first fault. */
export class Utf8Reader {
  #offset = 0;
  #text = "";
  #tail: Uint8Array = new Uint8Array(0);

  /** Checks the next bytes. Returns what is wrong with them. */
  push(bytes: Uint8Array): TextFault | undefined {
    const data = joined(this.#tail, bytes);
    const tail = incompleteTail(data);
    const whole = data.subarray(0, data.length - tail);
    this.#tail = new Uint8Array(data.subarray(data.length - tail)); // a copy, also of a Buffer, whose slice is none
    const zero = whole.indexOf(0);
    const start = this.#offset;
    this.#offset += whole.length;
    if (start === 0 && (data[0] === 0xff || data[0] === 0xfe) && (data[0] ^ (data[1] ?? 0)) === 1)
      return { offset: 0, reason: "UTF-16 text" };
    const text = decode(zero < 0 ? whole : whole.subarray(0, zero));
    if (text === undefined) return { offset: start + firstInvalid(whole), reason: "invalid UTF-8" };
    this.#text = text;
    return zero < 0 ? undefined : { offset: start + zero, reason: "a NUL byte" };
  }

  /** The text of the last piece, as far as it is whole characters. A byte-order mark is kept. */
  take(): string {
    return this.#text;
  }

  /** What is wrong with the end of the file: half a character. */
  end(): TextFault | undefined {
    return this.#tail.length === 0 ? undefined : { offset: this.#offset, reason: "an incomplete character" };
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
