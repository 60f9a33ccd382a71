/** Hashes of 53 bits, for counting. Not for keys that an enemy may choose. */

const doubles = new Float64Array(1);
const words = new Uint32Array(doubles.buffer);

/** The finaliser of MurmurHash3 (Austin Appleby, public domain), on two words. */
function finish(a: number, b: number): number {
  let x = a;
  let y = b ^ Math.imul(a, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  y = Math.imul(y ^ (y >>> 16), 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 13) ^ y, 0xc2b2ae35);
  y = Math.imul(y ^ (y >>> 13) ^ x, 0x85ebca6b);
  x ^= x >>> 16;
  y ^= y >>> 16;
  return (x >>> 0) + (y & 0x1fffff) * 2 ** 32;
}

/** Of a number, by its bits; 0 and −0 are one. */
export function hashNumber(value: number): number {
  doubles[0] = value + 0;
  return finish(words[0] as number, words[1] as number);
}

/** Of text. */
export function hashText(text: string): number {
  let a = 0x811c9dc5;
  let b = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b, 31) + code;
  }
  return finish(a, b | 0);
}
