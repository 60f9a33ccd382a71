/**
 * Memory of pixels that nobody needs any more, for the next ones. For every few hundred images that are allocated, V8 collects the whole
 * heap, which takes as long as flipping all of them.
 */

import type { PixelArray } from "../image.ts";

/** As many as one pipeline uses at a time, and some of another size. */
const mostKept = 4;
const kept: ArrayBuffer[] = [];

/** Bytes of undefined content, for a result that overwrites all of them. */
export function bytesToFill(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const index = kept.findIndex(({ byteLength }) => byteLength === sizeBytes);
  const [buffer = new ArrayBuffer(sizeBytes)] = index < 0 ? [] : kept.splice(index, 1);
  return new Uint8Array(buffer);
}

/** Gives the memory of an array away: nobody may use it, or its buffer, afterwards. */
export function recycle({ buffer, byteLength }: PixelArray): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== byteLength) return;
  if (kept.length === mostKept) kept.shift();
  kept.push(buffer);
}
