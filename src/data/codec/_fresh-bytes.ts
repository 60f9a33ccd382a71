/** Memory that is about to be written whole. */

const unsafe = (
  globalThis as {
    readonly Buffer?: { allocUnsafeSlow(size: number): { readonly buffer: ArrayBufferLike } };
  }
).Buffer?.allocUnsafeSlow;

/**
 * Bytes of undefined content: where Node can, without the zeros that cost as much as decoding does. The caller writes every one.
 *
 * @param sizeBytes - How many.
 */
export function freshBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  if (unsafe === undefined) return new Uint8Array(sizeBytes);
  return new Uint8Array(unsafe(sizeBytes).buffer as ArrayBuffer, 0, sizeBytes);
}
