/** CRC-32C (Castagnoli), with which Zarr protects chunks and the indices of shards. */

const polynomial = 0x82f63b78; // of RFC 3720, reflected

/**
 * Eight tables of 256: what a byte does to the check when 0, 1, … 7 bytes follow it, so that eight bytes are taken at once.
 *
 * @source Kounavis and Berry, "A Systematic Approach to Building High Performance Software-Based CRC Generators", 2005.
 */
const tables = ((): Uint32Array => {
  const made = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
    made[byte] = rest;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256] as number;
    made[i] = (before >>> 8) ^ (made[before & 255] as number);
  }
  return made;
})();

/** The check of some bytes. */
export function crc32c(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const table = (follow: number, byte: number): number => tables[follow * 256 + (byte & 255)] as number;
  let rest = 0xffffffff;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const low = view.getUint32(at, true) ^ rest;
    const high = view.getUint32(at + 4, true);
    rest =
      table(7, low) ^
      table(6, low >>> 8) ^
      table(5, low >>> 16) ^
      table(4, low >>> 24) ^
      table(3, high) ^
      table(2, high >>> 8) ^
      table(1, high >>> 16) ^
      table(0, high >>> 24);
  }
  for (; at < bytes.length; at++) rest = (rest >>> 8) ^ table(0, rest ^ (bytes[at] as number));
  return (rest ^ 0xffffffff) >>> 0;
}
