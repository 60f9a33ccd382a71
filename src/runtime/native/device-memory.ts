/**
 * Memory of a GPU. The library gives no call that copies to or from a device, so a program of one `Identity` does: a run copies
 * inputs and outputs to where they are wanted.
 */

import { writeOnnx } from "../../graph/onnx/export.ts";
import { createBuilder } from "../../ops/registry.ts";
import { type DType, onnxTypeOf, sizeBytesOf } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { cString, type OrtApi, type Pointer } from "./api.ts";
import type { Provider } from "./provider.ts";

/** Buffers are copied as words of four bytes, whatever they hold. */
const wordBytes = 4;

/** Allocates device memory and copies to and from it. */
export class DeviceMemory {
  readonly #api: OrtApi;
  readonly #hostInfo: Pointer;
  readonly #info: Pointer;
  readonly #session: Pointer;
  readonly #allocator: Pointer;
  readonly #names: { readonly input: BigUint64Array; readonly output: BigUint64Array; readonly alive: unknown[] };

  /**
   * @param api - The library.
   * @param provider - Of the device.
   * @param load - Loads a program for it.
   * @param hostInfo - The library's description of host memory.
   */
  constructor(api: OrtApi, provider: Provider, load: (model: Uint8Array) => Pointer, hostInfo: Pointer) {
    this.#api = api;
    this.#hostInfo = hostInfo;
    const g = createBuilder("copy");
    g.output("to", g.op("Identity", [g.input("from", "float32", [1])]));
    this.#session = load(writeOnnx(g.build(), { dynamicShapes: { from: ["n"], to: ["n"] } }));
    this.#info = api.get("CreateMemoryInfo", cString(provider.memory), 0, 0, 0);
    this.#allocator = api.get("CreateAllocator", this.#session, this.#info);
    const [input, output] = [cString("from"), cString("to")];
    this.#names = {
      input: BigUint64Array.of(api.address(input)),
      output: BigUint64Array.of(api.address(output)),
      alive: [input, output],
    };
  }

  /** Zeroed memory. */
  allocate(sizeBytes: number): Pointer {
    const words = wordsOf(sizeBytes);
    const pointer = this.#api.get("AllocatorAlloc", this.#allocator, words * wordBytes);
    this.#upload(pointer, new Float32Array(words));
    return pointer;
  }

  free(pointer: Pointer): void {
    this.#api.call("AllocatorFree", this.#allocator, pointer);
  }

  /** A tensor over a whole buffer. */
  value(pointer: Pointer, dtype: DType, shape: Shape): Pointer {
    return this.#value(this.#info, pointer, sizeBytesOf(dtype, sizeOf(shape)), shape, onnxTypeOf(dtype));
  }

  /** Copies a buffer to the host. */
  read(pointer: Pointer, sizeBytes: number): Uint8Array<ArrayBuffer> {
    const words = new Float32Array(wordsOf(sizeBytes));
    this.#copy(this.#words(pointer, words.length), this.#hostWords(words));
    return new Uint8Array(words.buffer, 0, sizeBytes);
  }

  /** Copies bytes into a buffer at byte `begin`. What a part of a buffer is written to is read first: only whole buffers can be copied. */
  write(pointer: Pointer, sizeBytes: number, bytes: Uint8Array, begin: number): void {
    const words = new Float32Array(wordsOf(sizeBytes));
    const all = new Uint8Array(words.buffer);
    if (begin > 0 || bytes.length < sizeBytes) all.set(this.read(pointer, sizeBytes));
    all.set(bytes, begin);
    this.#upload(pointer, words);
  }

  close(): void {
    this.#api.release("ReleaseAllocator", this.#allocator);
    this.#api.release("ReleaseSession", this.#session);
  }

  #upload(pointer: Pointer, words: Float32Array): void {
    this.#copy(this.#hostWords(words), this.#words(pointer, words.length));
  }

  #copy(from: Pointer, to: Pointer): void {
    try {
      this.#api.call(
        "Run",
        this.#session,
        null,
        this.#names.input,
        BigUint64Array.of(from),
        1,
        this.#names.output,
        1,
        BigUint64Array.of(to),
      );
    } finally {
      this.#api.release("ReleaseValue", from);
      this.#api.release("ReleaseValue", to);
    }
  }

  #words(pointer: Pointer, count: number): Pointer {
    return this.#value(this.#info, pointer, count * wordBytes, [count], onnxTypeOf("float32"));
  }

  #hostWords(words: Float32Array): Pointer {
    return this.#value(this.#hostInfo, words, words.byteLength, [words.length], onnxTypeOf("float32"));
  }

  #value(info: Pointer, data: unknown, sizeBytes: number, shape: Shape, type: number): Pointer {
    return this.#api.get(
      "CreateTensorWithDataAsOrtValue",
      info,
      data,
      sizeBytes,
      BigInt64Array.from(shape, BigInt),
      shape.length,
      type,
    );
  }
}

/** Words of a buffer; one at least, for memory of size 0 has no address. */
function wordsOf(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / wordBytes));
}
