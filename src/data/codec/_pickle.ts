/**
 * The few instructions of Python's pickle that an array of NumPy consists of, and nothing else: no code is looked up or run, two functions
 * and two classes are known by name, every other instruction or name is refused.
 */

import { CodecError, explain } from "../../base/errors.ts";

/** An array as it is pickled. */
export interface PickledArray {
  /** As NumPy writes it: `"<f4"`. */
  readonly descr: string;
  readonly shape: readonly number[];
  readonly isFortran: boolean;
  readonly bytes: Uint8Array;
}

/** An error about a pickle. */
export function pickleError(received: string, rule: string): CodecError {
  return new CodecError("pickle", explain({ api: "decodePickledArray", action: "read a pickle", received, rule }));
}

class Mark {}
/** A name that was looked up. */
class Global {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
class Dtype {
  readonly kind: string;
  order = "|";
  constructor(kind: string) {
    this.kind = kind;
  }
}
class NewArray {
  state: PickledArray | undefined;
}

type Value = null | boolean | number | string | Uint8Array | readonly Value[] | Mark | Global | Dtype | NewArray;

/** Names that are known, by what they mean here. NumPy 2 moved `numpy.core`. */
const globals: Readonly<Record<string, "frombuffer" | "reconstruct" | "dtype" | "ndarray">> = {
  "numpy.core.numeric _frombuffer": "frombuffer",
  "numpy._core.numeric _frombuffer": "frombuffer",
  "numpy.core.multiarray _reconstruct": "reconstruct",
  "numpy._core.multiarray _reconstruct": "reconstruct",
  "numpy dtype": "dtype",
  "numpy ndarray": "ndarray",
};

/** Most values on the stack or remembered: an array needs about twenty. */
const mostValues = 1000;

/**
 * Reads the pickle of one array.
 *
 * @param pickle - All of it.
 */
export function readPickledArray(pickle: Uint8Array): PickledArray {
  const reader = new PickleReader(pickle);
  const value = reader.run();
  if (!(value instanceof NewArray) || value.state === undefined)
    throw pickleError("it holds something else", "must be an array of NumPy");
  return value.state;
}

class PickleReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;
  readonly #stack: Value[] = [];
  readonly #memo: Value[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  run(): Value {
    while (true) {
      if (this.#stack.length > mostValues || this.#memo.length > mostValues)
        throw pickleError(`more than ${mostValues} values`, "an array has fewer");
      const opcode = this.#number(1);
      if (opcode === 0x2e) return this.#pop();
      this.#step(opcode);
    }
  }

  /** One instruction; names in comments are those of Python's pickletools. */
  #step(opcode: number): void {
    const push = (value: Value): unknown => this.#stack.push(value);
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#number(1) > 5) throw pickleError("a protocol above 5", "must be known");
        return;
      case 0x95: // FRAME
        this.#take(8);
        return;
      case 0x28: // MARK
        push(new Mark());
        return;
      case 0x4e: // NONE
        push(null);
        return;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        push(opcode === 0x88);
        return;
      case 0x4b: // BININT1
        push(this.#number(1));
        return;
      case 0x4d: // BININT2
        push(this.#number(2));
        return;
      case 0x4a: // BININT
        push(this.#number(4) | 0);
        return;
      case 0x8a: // LONG1
        push(this.#long());
        return;
      case 0x8c: // SHORT_BINUNICODE
        push(this.#text(this.#number(1)));
        return;
      case 0x58: // BINUNICODE
        push(this.#text(this.#number(4)));
        return;
      case 0x43: // SHORT_BINBYTES
        push(this.#take(this.#number(1)));
        return;
      case 0x42: // BINBYTES
        push(this.#take(this.#number(4)));
        return;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        push(this.#take(this.#number(8)));
        return;
      case 0x29: // EMPTY_TUPLE
        push([]);
        return;
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        push(Array.from({ length: opcode - 0x84 }, () => this.#pop()).reverse());
        return;
      case 0x74: // TUPLE
        push(this.#toMark());
        return;
      case 0x94: // MEMOIZE
        this.#memo.push(this.#top());
        return;
      case 0x71: // BINPUT
      case 0x72: // LONG_BINPUT
        this.#remember(this.#number(opcode === 0x71 ? 1 : 4));
        return;
      case 0x68: // BINGET
      case 0x6a: // LONG_BINGET
        push(this.#recall(this.#number(opcode === 0x68 ? 1 : 4)));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [name, module] = [this.#pop(), this.#pop()];
        push(this.#global(`${String(module)} ${String(name)}`));
        return;
      }
      case 0x63: // GLOBAL
        push(this.#global(`${this.#line()} ${this.#line()}`));
        return;
      case 0x52: {
        // REDUCE
        const [values, callable] = [this.#pop(), this.#pop()];
        push(call(callable, values));
        return;
      }
      case 0x62: {
        // BUILD
        const state = this.#pop();
        build(this.#top(), state);
        return;
      }
      default:
        throw pickleError(
          `instruction 0x${opcode.toString(16)} at byte ${this.#at - 1}`,
          "an array needs none such; it is not run",
        );
    }
  }

  #take(length: number): Uint8Array {
    if (!(length <= this.#bytes.length - this.#at))
      throw pickleError(`${length} bytes at byte ${this.#at} of ${this.#bytes.length}`, "must be whole");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #number(sizeBytes: 1 | 2 | 4 | 8): number {
    this.#take(sizeBytes);
    const at = this.#at - sizeBytes;
    if (sizeBytes === 8) return Number(this.#view.getBigUint64(at, true));
    return sizeBytes === 1
      ? this.#view.getUint8(at)
      : sizeBytes === 2
        ? this.#view.getUint16(at, true)
        : this.#view.getUint32(at, true);
  }

  #long(): number {
    const bytes = this.#take(this.#number(1));
    if (bytes.length > 7) throw pickleError(`an integer of ${bytes.length} bytes`, "must be a length");
    const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
    return (bytes.at(-1) ?? 0) > 127 ? value - 256 ** bytes.length : value;
  }

  #text(length: number): string {
    if (length > 100) throw pickleError(`text of ${length} bytes`, "an array has none as long");
    return new TextDecoder().decode(this.#take(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    const text = this.#text(end < 0 ? Number.POSITIVE_INFINITY : end - this.#at);
    this.#at++;
    return text;
  }

  #pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined) throw pickleError("an instruction without its values", "must be sound");
    return value;
  }

  #top(): Value {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  #toMark(): Value[] {
    const start = this.#stack.findLastIndex((value) => value instanceof Mark);
    if (start < 0) throw pickleError("a tuple without its mark", "must be sound");
    return this.#stack.splice(start).slice(1);
  }

  #remember(index: number): void {
    if (index > mostValues) throw pickleError(`place ${index}`, "an array needs fewer");
    this.#memo[index] = this.#top();
  }

  #recall(index: number): Value {
    const value = this.#memo[index];
    if (value === undefined) throw pickleError(`place ${index}, which is empty`, "must be sound");
    return value;
  }

  #global(name: string): Global {
    const known = Object.hasOwn(globals, name) ? globals[name] : undefined;
    if (known === undefined)
      throw pickleError(`the name "${name.slice(0, 100)}"`, "only NumPy's arrays are made; nothing is run");
    return new Global(known);
  }
}

function call(callable: Value, values: Value): Value {
  const name = callable instanceof Global ? callable.name : "";
  if (Array.isArray(values)) {
    const [first, dtype, shape, order] = values as readonly Value[];
    if (name === "dtype" && typeof first === "string") return new Dtype(first);
    if (name === "reconstruct") return new NewArray();
    if (name === "frombuffer" && typeof order === "string") {
      const array = new NewArray();
      array.state = stateOf(shape, dtype, order === "F", first);
      return array;
    }
  }
  throw pickleError("a call that makes no array", "only NumPy's arrays are made");
}

function build(target: Value, state: Value): void {
  const [version, second, third, isFortran, bytes] = Array.isArray(state) ? (state as readonly Value[]) : [];
  if (target instanceof Dtype && typeof second === "string") target.order = second;
  else if (target instanceof NewArray && version === 1)
    target.state = stateOf(second, third, isFortran === true, bytes);
  else throw pickleError("a state of something else", "must be of an array");
}

function stateOf(
  shape: Value | undefined,
  dtype: Value | undefined,
  isFortran: boolean,
  bytes: Value | undefined,
): PickledArray {
  const lengths = Array.isArray(shape) ? (shape as readonly Value[]) : [-1];
  if (!(dtype instanceof Dtype) || !/^[biufc]\d{1,2}$/.test(dtype.kind) || !/^[<>=|]$/.test(dtype.order))
    throw pickleError("an array of objects or text", "must be of numbers");
  if (
    !(bytes instanceof Uint8Array) ||
    lengths.length > 32 ||
    !lengths.every((length) => Number.isSafeInteger(length) && (length as number) >= 0)
  )
    throw pickleError("an array without its shape or bytes", "must have both");
  return {
    descr: `${dtype.order === "=" ? "<" : dtype.order}${dtype.kind}`,
    shape: lengths as readonly number[],
    isFortran,
    bytes,
  };
}
