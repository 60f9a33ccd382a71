import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { philox, RandomStream } from "./random.ts";

describe("philox", () => {
  // Random123 1.14, tests/kat_vectors, "philox4x32 10": counter, key, result.
  test.each([
    {
      name: "zero",
      counter: [0, 0, 0, 0],
      key: [0, 0],
      words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      name: "all ones",
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      name: "digits of pi",
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)("gives the known answer for $name", ({ counter, key, words }) => {
    expect(philox(counter, key)).toEqual(words);
  });
});

describe("RandomStream", () => {
  test("uint32 reads the words of consecutive blocks, in any order", () => {
    const stream = new RandomStream(1337, "order");
    const forwards = Array.from({ length: 64 }, (_, i) => stream.uint32(i));
    const backwards = Array.from({ length: 64 }, (_, i) => stream.uint32(63 - i)).reverse();
    expect(backwards).toEqual(forwards);
    expect(new Set(forwards).size).toBe(64);
  });

  test("seed above 2^32, name and index above 2^34 all change the number", () => {
    const base = new RandomStream(1, "a");
    const others = [
      new RandomStream(1 + 2 ** 32, "a").uint32(0),
      new RandomStream(1, "b").uint32(0),
      new RandomStream(1, "").uint32(0),
      base.uint32(2 ** 34),
      base.child("a").uint32(0),
    ];
    expect(others).not.toContain(base.uint32(0));
    expect(new Set(others).size).toBe(others.length);
  });

  test("names that are near each other give streams that share no number", () => {
    const seen = new Set<number>();
    for (let i = 0; i < 2000; i++) seen.add(new RandomStream(0, `blocks.${i}.weight`).uint32(0));
    expect(seen.size).toBeGreaterThan(1998); // 2000²/2^33 collisions are expected by chance: 0.0005
  });

  test("uniform is uniform on [0, 1): moments and 100 bins", () => {
    const n = 100_000;
    const stream = new RandomStream(42, "uniform");
    const bins = new Array<number>(100).fill(0);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const u = stream.uniform(i);
      bins[Math.floor(u * 100)] = (bins[Math.floor(u * 100)] as number) + 1;
      sum += u;
      squares += u * u;
    }
    // Five standard errors: sqrt(1/12/n), sqrt(4/45/n).
    expect(Math.abs(sum / n - 1 / 2)).toBeLessThan(0.0046);
    expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(0.0048);
    const chi2 = bins.reduce((total, count) => total + (count - n / 100) ** 2 / (n / 100), 0);
    expect(chi2).toBeGreaterThan(45); // chi-square with 99 degrees of freedom: 1e-6 on either side
    expect(chi2).toBeLessThan(182);
  });

  test("neighbouring uniforms are not correlated", () => {
    const n = 50_000;
    const stream = new RandomStream(3, "serial");
    let product = 0;
    for (let i = 0; i < n; i++) product += (stream.uniform(i) - 0.5) * (stream.uniform(i + 1) - 0.5);
    expect(Math.abs(product / n) * 12).toBeLessThan(5 / Math.sqrt(n));
  });

  test("integer stays in range and reaches every value", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 40 }), (index, bound) => {
        const value = new RandomStream(9, "integer").integer(index, bound);
        return Number.isInteger(value) && value >= 0 && value < bound;
      }),
    );
    const stream = new RandomStream(9, "integer");
    expect(new Set(Array.from({ length: 200 }, (_, i) => stream.integer(i, 7))).size).toBe(7);
  });

  test("normal has the moments and the tail of a standard normal", () => {
    const n = 100_000;
    const stream = new RandomStream(7, "normal");
    const moments = [0, 0, 0, 0];
    let beyond2 = 0;
    let pairs = 0;
    for (let i = 0; i < n; i++) {
      const z = stream.normal(i);
      for (let k = 0; k < 4; k++) moments[k] = (moments[k] as number) + z ** (k + 1);
      if (Math.abs(z) > 2) beyond2++;
      if (i % 2 === 0) pairs += z * stream.normal(i + 1);
    }
    const [m1, m2, m3, m4] = moments.map((m) => m / n) as [number, number, number, number];
    // Five standard errors: variances of z, z², z³, z⁴ are 1, 2, 15, 96.
    expect(Math.abs(m1)).toBeLessThan(0.016);
    expect(Math.abs(m2 - 1)).toBeLessThan(0.023);
    expect(Math.abs(m3)).toBeLessThan(0.062);
    expect(Math.abs(m4 - 3)).toBeLessThan(0.155);
    expect(Math.abs(beyond2 / n - 0.0455)).toBeLessThan(0.0033);
    expect(Math.abs(pairs / (n / 2))).toBeLessThan(0.0224);
  });

  test("a seed that is not an integer in range is refused", () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53])
      expect(() => new RandomStream(seed, "x")).toThrow(
        /^RandomStream: cannot use seed: got .*, must be an integer in \[0, 2\^53\)$/,
      );
  });
});
