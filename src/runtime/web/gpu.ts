/** The GPU's memory, and what happens to the GPU while it is used. */

import { explain, RuntimeError } from "../../base/errors.ts";
import type { GpuBuffer, GpuDevice } from "./adapter.ts";

const usage = { mapRead: 1, copySource: 4, copyTarget: 8, storage: 128 } as const;
const mapRead = 1;

/** Sizes and offsets of copies are whole words. */
const wordBytes = 4;
const floorWord = (bytes: number): number => Math.floor(bytes / wordBytes) * wordBytes;
const ceilWord = (bytes: number): number => Math.ceil(bytes / wordBytes) * wordBytes;
const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);

/** A device that is watched. Its calls are made one at a time. */
export class Gpu {
  readonly device: GpuDevice;
  readonly name: string;
  #lost: RuntimeError | undefined;
  #fault: string | undefined;
  #abandon: ((reason: RuntimeError) => void) | undefined;
  #closed = false;

  constructor(device: GpuDevice, name: string) {
    this.device = device;
    this.name = name;
    device.addEventListener("uncapturederror", ({ error }) => {
      this.#fault ??= error.message;
    });
    device.lost.then(({ reason, message }) => {
      if (this.#closed) return;
      const received = `the device is lost (${message || reason})`.replace(/\s*\n\s*/g, " ");
      const rule = "its memory is gone; make a new runtime and go on from the last checkpoint";
      const text = explain({ api: "runtime.webgpu", action: "use the GPU", received, rule });
      this.#lost = new RuntimeError(text, { reason: "device-lost" });
      this.#abandon?.(this.#lost);
    });
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /**
   * Waits for work on the device, but not for ever where the device is lost.
   *
   * @throws RuntimeError with reason "device-lost" from then on; RuntimeError if the device reported that earlier work was invalid.
   */
  async watch<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#lost !== undefined) throw this.#lost;
    this.#throwFault();
    const abandoned = Promise.withResolvers<never>();
    this.#abandon = abandoned.reject;
    try {
      const result = await Promise.race([work(), abandoned.promise]);
      this.#throwFault();
      return result;
    } finally {
      this.#abandon = undefined;
    }
  }

  #throwFault(): void {
    const fault = this.#fault;
    if (fault === undefined) return;
    this.#fault = undefined;
    const received = fault.trim().replace(/\s*\n\s*/g, " ");
    throw new RuntimeError(
      explain({
        api: "runtime.webgpu",
        action: "use the GPU",
        received,
        rule: "the device must accept what programs do",
      }),
    );
  }

  /**
   * Allocates zeroed memory.
   *
   * @throws RuntimeError with reason "out-of-memory" if there is not so much.
   */
  async allocate(sizeBytes: number): Promise<GpuBuffer> {
    const size = Math.max(16, Math.ceil(sizeBytes / 16) * 16); // programs address vectors of four words
    const { maxBufferSize = 0, maxStorageBufferBindingSize = 0 } = this.device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (size > limit) throw tooLarge(size, `its buffers hold at most ${mebibytes(limit)} MiB`);
    this.device.pushErrorScope("out-of-memory");
    const buffer = this.device.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget });
    const error = await this.device.popErrorScope();
    if (error !== null) throw tooLarge(size, error.message || "it has no more memory");
    return buffer;
  }

  /** Copies bytes [begin, end) into new memory. */
  async read(buffer: GpuBuffer, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (end <= begin) return new Uint8Array(0);
    const from = floorWord(begin);
    const size = ceilWord(end) - from;
    const staging = this.device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, from, staging, 0, size);
      this.device.queue.submit([encoder.finish()]);
      await staging.mapAsync(mapRead);
      return new Uint8Array(staging.getMappedRange().slice(begin - from, end - from));
    } finally {
      staging.destroy();
    }
  }

  /** Copies bytes into the buffer at `offset`. */
  async write(buffer: GpuBuffer, bytes: Uint8Array, offset: number): Promise<void> {
    const begin = floorWord(offset);
    const end = ceilWord(offset + bytes.length);
    let words = bytes;
    if (end - begin !== bytes.length) {
      // Bytes of a word that stay as they are must be known to be written.
      words = await this.read(buffer, begin, end);
      words.set(bytes, offset - begin);
    }
    if (words.length > 0) this.device.queue.writeBuffer(buffer, begin, words);
  }

  close(): void {
    this.#closed = true;
    this.device.destroy();
  }
}

function tooLarge(size: number, received: string): RuntimeError {
  const rule = "a buffer must fit into the GPU's memory and limits";
  const message = explain({ api: "runtime.webgpu", action: `allocate ${mebibytes(size)} MiB`, received, rule });
  return new RuntimeError(message, { reason: "out-of-memory" });
}
