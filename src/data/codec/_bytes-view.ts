/** Numbers in bytes of either order. Reading outside of them throws RangeError, so that parsers need no bounds checks of their own. */

/** See the top of the file. */
export class BytesView {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(bytes: Uint8Array, littleEndian = false) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = littleEndian;
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#littleEndian);
  }

  u24(at: number): number {
    return this.#littleEndian ? this.u16(at) + this.u8(at + 2) * 65536 : this.u8(at) * 65536 + this.u16(at + 1);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }

  i32(at: number): number {
    return this.#view.getInt32(at, this.#littleEndian);
  }

  /** Whether the bytes at `at` are these characters; false where there are fewer. */
  says(at: number, latin1: string): boolean {
    for (let i = 0; i < latin1.length; i++) if (this.bytes[at + i] !== latin1.charCodeAt(i)) return false;
    return true;
  }

  /** Four characters. */
  tag(at: number): string {
    return String.fromCharCode(this.u8(at), this.u8(at + 1), this.u8(at + 2), this.u8(at + 3));
  }

  /** The bytes from `start` to `end`, or as many of them as there are. */
  part(start: number, end: number, littleEndian: boolean = this.#littleEndian): BytesView {
    return new BytesView(this.bytes.subarray(start, end), littleEndian);
  }
}
