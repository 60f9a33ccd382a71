/**
 * What baseline JPEG does to one 8×8 block, in the integers of the Independent JPEG Group's accurate method, to the bit.
 *
 * Loeffler, Ligtenberg and Moschytz, "Practical Fast 1-D DCT Algorithms with 11 Multiplications", 1989, with 13-bit constants.
 */

const constBits = 13;
const passBits = 2;

const fix = (value: number): number => Math.round(value * 2 ** constBits);
const c0298 = fix(0.298631336);
const c0390 = fix(0.390180644);
const c0541 = fix(0.5411961);
const c0765 = fix(0.765366865);
const c0899 = fix(0.899976223);
const c1175 = fix(1.175875602);
const c1501 = fix(1.50132111);
const c1847 = fix(1.847759065);
const c1961 = fix(1.96157056);
const c2053 = fix(2.053119869);
const c2562 = fix(2.562915447);
const c3072 = fix(3.072711026);

/** `value / 2^bits`, rounded to the nearest. */
const descale = (value: number, bits: number): number => (value + (1 << (bits - 1))) >> bits;

/** The forward transform along one line of eight; the first pass keeps two more bits. */
function forwardLine(block: Int32Array, at: number, step: number, isFirst: boolean): void {
  const v0 = block[at] as number;
  const v1 = block[at + step] as number;
  const v2 = block[at + 2 * step] as number;
  const v3 = block[at + 3 * step] as number;
  const v4 = block[at + 4 * step] as number;
  const v5 = block[at + 5 * step] as number;
  const v6 = block[at + 6 * step] as number;
  const v7 = block[at + 7 * step] as number;
  const e0 = v0 + v7 + v3 + v4;
  const e1 = v1 + v6 + v2 + v5;
  const e2 = v1 + v6 - v2 - v5;
  const e3 = v0 + v7 - v3 - v4;
  const bits = isFirst ? constBits - passBits : constBits + passBits;
  block[at] = isFirst ? (e0 + e1) << passBits : descale(e0 + e1, passBits);
  block[at + 4 * step] = isFirst ? (e0 - e1) << passBits : descale(e0 - e1, passBits);
  const even = (e2 + e3) * c0541;
  block[at + 2 * step] = descale(even + e3 * c0765, bits);
  block[at + 6 * step] = descale(even - e2 * c1847, bits);
  const d4 = v3 - v4;
  const d5 = v2 - v5;
  const d6 = v1 - v6;
  const d7 = v0 - v7;
  const z5 = (d4 + d6 + d5 + d7) * c1175;
  const z1 = (d4 + d7) * -c0899;
  const z2 = (d5 + d6) * -c2562;
  const z3 = (d4 + d6) * -c1961 + z5;
  const z4 = (d5 + d7) * -c0390 + z5;
  block[at + 7 * step] = descale(d4 * c0298 + z1 + z3, bits);
  block[at + 5 * step] = descale(d5 * c2053 + z2 + z4, bits);
  block[at + 3 * step] = descale(d6 * c3072 + z2 + z3, bits);
  block[at + step] = descale(d7 * c1501 + z1 + z4, bits);
}

/** The inverse transform along one line of eight. */
function inverseLine(block: Int32Array, at: number, step: number, bits: number): void {
  const v0 = block[at] as number;
  const v1 = block[at + step] as number;
  const v2 = block[at + 2 * step] as number;
  const v3 = block[at + 3 * step] as number;
  const v4 = block[at + 4 * step] as number;
  const v5 = block[at + 5 * step] as number;
  const v6 = block[at + 6 * step] as number;
  const v7 = block[at + 7 * step] as number;
  const even = (v2 + v6) * c0541;
  const t2 = even - v6 * c1847;
  const t3 = even + v2 * c0765;
  const t0 = (v0 + v4) * 2 ** constBits;
  const t1 = (v0 - v4) * 2 ** constBits;
  const z5 = (v7 + v3 + v5 + v1) * c1175;
  const z1 = (v7 + v1) * -c0899;
  const z2 = (v5 + v3) * -c2562;
  const z3 = (v7 + v3) * -c1961 + z5;
  const z4 = (v5 + v1) * -c0390 + z5;
  const o0 = v7 * c0298 + z1 + z3;
  const o1 = v5 * c2053 + z2 + z4;
  const o2 = v3 * c3072 + z2 + z3;
  const o3 = v1 * c1501 + z1 + z4;
  block[at] = descale(t0 + t3 + o3, bits);
  block[at + step] = descale(t1 + t2 + o2, bits);
  block[at + 2 * step] = descale(t1 - t2 + o1, bits);
  block[at + 3 * step] = descale(t0 - t3 + o0, bits);
  block[at + 4 * step] = descale(t0 - t3 - o0, bits);
  block[at + 5 * step] = descale(t1 - t2 - o1, bits);
  block[at + 6 * step] = descale(t1 + t2 - o2, bits);
  block[at + 7 * step] = descale(t0 + t3 - o3, bits);
}

/** Transforms a block of values about 0, quantises and transforms back. `steps` are the quantisation steps by frequency. */
export function loseBlock(block: Int32Array, steps: Uint8Array): void {
  for (let row = 0; row < 8; row++) forwardLine(block, row * 8, 1, true);
  for (let column = 0; column < 8; column++) forwardLine(block, column, 8, false);
  for (let i = 0; i < 64; i++) {
    // The forward transform leaves a factor of 8; halves are rounded away from zero.
    const [value, step] = [block[i] as number, (steps[i] as number) * 8];
    const level = Math.floor((Math.abs(value) + (step >> 1)) / step);
    block[i] = (value < 0 ? -level : level) * (steps[i] as number);
  }
  for (let column = 0; column < 8; column++) inverseLine(block, column, 8, constBits - passBits);
  for (let row = 0; row < 8; row++) inverseLine(block, row * 8, 1, constBits + passBits + 3);
}
