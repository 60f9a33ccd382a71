/**
 * Finds where the frames of a `.zst` end. Node's decompressor stops after the first frame and drops what follows without a word, and
 * files of several frames are common: `cat a.zst b.zst`, pzstd, the seekable format.
 */

/** What is expected next. */
type State = "magic" | "skippable size" | "descriptor" | "header" | "block" | "content" | "checksum";

const skippable = 0x184d2a50;
const frameMagic = 0xfd2fb528;

/** Feed it with `push`: it says how many of the bytes belong to the frame at hand, and whether that frame ends with them. */
export class ZstdFrames {
  #state: State = "magic";
  /** Bytes of the field at hand that are there. */
  readonly #field = new Uint8Array(4);
  #filled = 0;
  #wanted = 4;
  /** Bytes to pass over before the next field. */
  #rest = 0;
  #isLast = false;
  #hasChecksum = false;

  /** True between frames. */
  get isAtStart(): boolean {
    return this.#state === "magic" && this.#filled === 0;
  }

  /**
   * Takes bytes up to the end of the frame at hand.
   *
   * @returns How many were taken, and whether the frame is complete; undefined if what is there begins no frame.
   */
  push(bytes: Uint8Array): { readonly taken: number; readonly isEnd: boolean } | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#rest > 0) {
        const passed = Math.min(this.#rest, bytes.length - at);
        this.#rest -= passed;
        at += passed;
      } else this.#field[this.#filled++] = bytes[at++] as number;
      if (this.#rest > 0 || this.#filled < this.#wanted) continue;
      const next = this.#step();
      if (next === "end") return { taken: at, isEnd: true };
      if (next === "fault") return undefined;
    }
    return { taken: at, isEnd: false };
  }

  /** A field is complete, or what was passed over. */
  #step(): "on" | "end" | "fault" {
    const [a = 0, b = 0, c = 0, d = 0] = this.#field;
    const value = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    switch (this.#state) {
      case "magic":
        if ((value & 0xfffffff0) >>> 0 === skippable) return this.#expect("skippable size", 4);
        return value === frameMagic ? this.#expect("descriptor", 1) : "fault";
      case "skippable size":
        this.#expect("content", 0, value);
        this.#isLast = true;
        this.#hasChecksum = false;
        return value === 0 ? this.#block() : "on";
      case "descriptor": {
        const isSingle = ((a >> 5) & 1) === 1;
        this.#hasChecksum = ((a >> 2) & 1) === 1;
        const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][a >> 6] as number;
        const dictionaryBytes = [0, 1, 2, 4][a & 3] as number;
        const header = (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes;
        return this.#expect("header", 0, header);
      }
      case "header":
        return this.#expect("block", 3);
      case "block": {
        const header = value & 0xffffff;
        this.#isLast = (header & 1) === 1;
        const isRepeat = ((header >> 1) & 3) === 1;
        const sizeBytes = isRepeat ? 1 : header >> 3;
        this.#expect("content", 0, sizeBytes);
        return sizeBytes === 0 ? this.#block() : "on";
      }
      case "content":
        return this.#block();
      case "checksum":
        return this.#end();
    }
  }

  /** What follows the content of a block. */
  #block(): "on" | "end" {
    if (!this.#isLast) return this.#expect("block", 3);
    return this.#hasChecksum ? this.#expect("checksum", 4) : this.#end();
  }

  #end(): "end" {
    this.#expect("magic", 4);
    return "end";
  }

  #expect(state: State, wanted: number, rest = 0): "on" {
    this.#state = state;
    this.#field.fill(0);
    this.#filled = 0;
    this.#wanted = wanted;
    this.#rest = rest;
    return "on";
  }
}
