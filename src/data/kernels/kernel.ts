/**
 * WebAssembly kernels: the inner loops that JavaScript runs too slowly. Their sources are in `kernels/` (AssemblyScript, with SIMD);
 * `npm run kernels` compiles them to the base64 text of the `*-wasm.ts` files here, and a check compares the two.
 */

/** What this file uses of WebAssembly: the language's types have it only together with those of a browser's page. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;

/** A kernel module, instantiated: its functions, and memory to put arguments into. */
export class Kernel<Functions> {
  readonly functions: Functions;
  readonly #memory: Memory;
  readonly #base: number;
  #top: number;

  /**
   * Compiles a module at once (they are small).
   *
   * @param base64 - The module, as the build writes it.
   */
  constructor(base64: string) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const { exports } = new webAssembly.Instance(new webAssembly.Module(bytes), {});
    const { memory, heapBase } = exports as { memory: Memory; heapBase(): number };
    this.functions = exports as Functions;
    this.#memory = memory;
    this.#base = (heapBase() + 63) & ~63;
    this.#top = this.#base;
  }

  /** Frees all that was reserved. Call it before the reservations of a call. */
  reset(): void {
    this.#top = this.#base;
  }

  /**
   * Reserves memory, aligned to 64 bytes. Its content is undefined.
   *
   * @param sizeBytes - How much.
   * @returns Address. Views made before a reservation may be detached by it: reserve everything first.
   */
  reserve(sizeBytes: number): number {
    const address = this.#top;
    this.#top = (address + sizeBytes + 63) & ~63;
    const missing = this.#top - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65536));
    return address;
  }

  /** The module's memory as bytes; valid until the next reservation. */
  bytes(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, address, length);
  }
}
