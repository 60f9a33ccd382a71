/** Decodes UTF-8 that arrives in pieces and finds the byte where it stops being text. */

import { isUtf8 } from "node:buffer";

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

/** Where `bytes`, known not to be UTF-8, first break its rules. */
function firstInvalid(bytes: Uint8Array): number {
  for (let at = 0; ; ) {
    const length = sequenceLength(bytes[at] as number);
    if (length !== 1 && (length === 0 || !isUtf8(bytes.subarray(at, at + length)))) return at;
    at += length;
  }
}

/** Feed it with `push`, read with `take`, and ask `end` at the end; it stops being of use at the first fault. */
export class Utf8Reader {
  #offset = 0;
  #whole: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);

  /** Checks the next bytes. Returns what is wrong with them. */
  push(bytes: Uint8Array): TextFault | undefined {
    const data = Buffer.concat([this.#tail, bytes]);
    const tail = incompleteTail(data);
    this.#whole = data.subarray(0, data.length - tail);
    this.#tail = data.subarray(data.length - tail);
    const zero = this.#whole.indexOf(0);
    const start = this.#offset;
    this.#offset += this.#whole.length;
    if (start === 0 && (data[0] === 0xff || data[0] === 0xfe) && (data[0] ^ (data[1] ?? 0)) === 1)
      return { offset: 0, reason: "UTF-16 text" };
    const isText = isUtf8(zero < 0 ? this.#whole : this.#whole.subarray(0, zero));
    if (!isText) return { offset: start + firstInvalid(this.#whole), reason: "invalid UTF-8" };
    return zero < 0 ? undefined : { offset: start + zero, reason: "a NUL byte" };
  }

  /** The text of the last piece, as far as it is whole characters. A byte-order mark is kept. */
  take(): string {
    return this.#whole.toString("utf8");
  }

  /** What is wrong with the end of the file: half a character. */
  end(): TextFault | undefined {
    return this.#tail.length === 0 ? undefined : { offset: this.#offset, reason: "an incomplete character" };
  }
}
