/** Memory of the WebAssembly build: allocated, viewed and named by address. */

import { explain, RuntimeError } from "../../base/errors.ts";
import { arrayTypeOf, type DType, dtypeOfOnnx, onnxTypeOf, sizeBytesOf } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../engine.ts";
import type { OrtModule } from "./ort-module.ts";

/** Where a tensor's memory lies: the heap, or a registered GPU buffer. */
export const locations = { heap: 1, gpu: 4 } as const;

const mebibyte = 2 ** 20;

/** What the engine says when it will not do something. It is as good as before. */
export class Refusal extends Error {}

/** The heap of a module. Views of it are made anew at every use: the heap grows, and then lies elsewhere. */
export class Heap {
  readonly ort: OrtModule;

  constructor(ort: OrtModule) {
    this.ort = ort;
  }

  get #memory(): ArrayBufferLike {
    this.ort.getValue(0, "i8"); // renews HEAPU8 where another thread made the heap grow
    return this.ort.HEAPU8.buffer;
  }

  /** Bytes at an address. */
  bytes(address: number, sizeBytes: number): Uint8Array {
    return new Uint8Array(this.#memory, address, sizeBytes);
  }

  /** 32-bit words at an address: lengths and addresses. */
  words(address: number, count: number): Uint32Array {
    return new Uint32Array(this.#memory, address, count);
  }

  /** @throws RuntimeError with reason "out-of-memory" if there is no more. */
  allocate(sizeBytes: number): number {
    // A size of 4 GiB or more would be cut to 32 bits.
    const address = sizeBytes < 2 ** 32 ? this.ort._malloc(Math.max(1, sizeBytes)) >>> 0 : 0;
    if (address !== 0) return address;
    const wanted = Math.ceil(sizeBytes / mebibyte);
    throw new RuntimeError(
      explain({
        api: "runtime.web",
        action: `allocate ${wanted} MiB`,
        received: `the WebAssembly heap has ${Math.round(this.#memory.byteLength / mebibyte)} MiB`,
        rule: "it must fit into 4096 MiB, and into what the browser grants",
      }),
      { reason: "out-of-memory" },
    );
  }

  /** Throws what the engine said if the answer to a call is an error. */
  check(succeeded: boolean): void {
    if (!succeeded) throw new Refusal(this.#lastError());
  }

  #lastError(): string {
    const stack = this.ort.stackSave();
    try {
      const at = this.ort.stackAlloc(8);
      this.ort._OrtGetLastError(at, at + 4);
      const message = this.words(at, 2)[1] as number;
      return message === 0 ? "no message" : this.ort.UTF8ToString(message);
    } finally {
      this.ort.stackRestore(stack);
    }
  }

  /** Copies a tensor that the engine made. */
  copyTensor(tensor: number): HostTensor {
    const stack = this.ort.stackSave();
    try {
      const at = this.ort.stackAlloc(16);
      this.check(this.ort._OrtGetTensorData(tensor, at, at + 4, at + 8, at + 12) === 0);
      const [type, data, dims, ndim] = this.words(at, 4) as unknown as [number, number, number, number];
      const shape = Array.from(this.words(dims, ndim));
      this.ort._OrtFree(dims);
      const dtype = dtypeOfOnnx(type);
      if (dtype === undefined || dtype === "string")
        throw new Refusal(`outputs of element type ${type} cannot be read`);
      const bytes = new Uint8Array(sizeBytesOf(dtype, sizeOf(shape)));
      bytes.set(this.bytes(data, bytes.length));
      return { dtype, shape, data: new (arrayTypeOf(dtype))(bytes.buffer) };
    } finally {
      this.ort.stackRestore(stack);
    }
  }
}

/** Memory and tensors that are given back together. */
export class HeapScope {
  readonly heap: Heap;
  readonly #addresses: number[] = [];
  readonly #tensors: number[] = [];

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /** A copy of bytes. */
  copy(bytes: Uint8Array): number {
    const address = this.heap.allocate(bytes.length);
    this.#addresses.push(address);
    this.heap.bytes(address, bytes.length).set(bytes);
    return address;
  }

  /** A zero-terminated string. */
  text(text: string): number {
    return this.copy(new TextEncoder().encode(`${text}\0`));
  }

  /** An array of words. */
  words(words: readonly number[]): number {
    return this.copy(new Uint8Array(Uint32Array.from(words).buffer));
  }

  /** An array of strings. */
  texts(texts: readonly string[]): number {
    return this.words(texts.map((text) => this.text(text)));
  }

  /** A tensor over memory that stays the caller's. */
  tensor(dtype: DType, shape: Shape, address: number, location: number): number {
    const sizeBytes = sizeBytesOf(dtype, sizeOf(shape));
    const dims = this.words(shape);
    const { ort } = this.heap;
    const tensor = ort._OrtCreateTensor(onnxTypeOf(dtype), address, sizeBytes, dims, shape.length, location);
    this.heap.check(tensor !== 0);
    this.#tensors.push(tensor);
    return tensor;
  }

  /** Takes over a tensor that the engine made. */
  adopt(tensor: number): number {
    if (tensor !== 0) this.#tensors.push(tensor);
    return tensor;
  }

  release(): void {
    for (const tensor of this.#tensors.splice(0)) this.heap.ort._OrtReleaseTensor(tensor);
    for (const address of this.#addresses.splice(0)) this.heap.ort._free(address);
  }
}
