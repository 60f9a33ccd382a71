import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { estimateJaccard, MinHash } from "./minhash.ts";

interface Pair {
  readonly texts: readonly [string, string];
  readonly exact: number;
  readonly datasketch: number;
}
const pairs = JSON.parse(
  readFileSync(new URL("../../../fixtures/quality/jaccard.json", import.meta.url), "utf8"),
) as Pair[];

/** Mean of z², z the error in units of the standard deviation √(J(1 − J) / n): 1 for an unbiased estimate. */
function meanSquare(estimates: readonly { readonly exact: number; readonly estimate: number }[], num: number): number {
  const open = estimates.filter(({ exact }) => exact > 0 && exact < 1);
  return (
    open.reduce((sum, { exact, estimate }) => sum + (estimate - exact) ** 2 / ((exact * (1 - exact)) / num), 0) /
    open.length
  );
}

test("estimates are as good as theory and datasketch", () => {
  const minHash = new MinHash({ buckets: 14, rowsPerBucket: 8 });
  const ours = pairs.map(({ texts, exact }) => ({
    exact,
    estimate: estimateJaccard(minHash.signature(texts[0]), minHash.signature(texts[1])),
  }));
  expect(meanSquare(ours, 112)).toBeLessThan(1.6); // 40 pairs: 1 ± 0.23
  const theirs = meanSquare(
    pairs.map(({ exact, datasketch }) => ({ exact, estimate: datasketch })),
    112,
  );
  expect(meanSquare(ours, 112) / theirs).toBeLessThan(1.7);
});

test("the estimate has no bias and the variance of theory, over many seeds and pairs", () => {
  const random = new RandomStream(7, "pairs");
  const errors: number[] = [];
  const scaled: number[] = [];
  let minHash = new MinHash();
  for (let i = 0; i < 600; i++) {
    if (i % 20 === 0) minHash = new MinHash({ seed: 100 + i });
    const size = 30 + random.integer(3 * i, 300);
    const common = Math.floor(size * random.uniform(3 * i + 1));
    const words = (tag: string, from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, j) => `${tag}x${letters(i)}x${letters(from + j)}`);
    const a = [...words("s", 0, common), ...words("a", common, size)];
    const b = [...words("s", 0, common), ...words("b", common, size)];
    const grams = (list: string[]): Set<string> =>
      new Set(list.slice(0, -4).map((_, j) => list.slice(j, j + 5).join(" ")));
    const [x, y] = [grams(a), grams(b)];
    const exact = [...x].filter((gram) => y.has(gram)).length / new Set([...x, ...y]).size;
    const estimate = estimateJaccard(minHash.signature(a.join(" ")), minHash.signature(b.join(" ")));
    if (exact === 0) continue;
    errors.push(estimate - exact);
    scaled.push((estimate - exact) ** 2 / ((exact * (1 - exact)) / 112));
  }
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  expect(Math.abs(mean(errors))).toBeLessThan(0.006); // σ about 0.04 / √500
  expect(mean(scaled)).toBeGreaterThan(0.75);
  expect(mean(scaled)).toBeLessThan(1.25);
});

/** A number in letters: digits would be levelled. */
function letters(value: number): string {
  return [...value.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join("");
}

test("case, digits, punctuation, spaces and accents of capitals are levelled", () => {
  const minHash = new MinHash();
  const same = (a: string, b: string): boolean => estimateJaccard(minHash.signature(a), minHash.signature(b)) === 1;
  expect(
    same("It was 1984, and the CLOCKS were striking thirteen", "it was 7 -- and the clocks were\nstriking THIRTEEN!"),
  ).toBe(true);
  expect(same("ÉCOLE ЁЛКА ΑΒΓ Ŵ «x» one", "école ёлка αβγ ŵ x one")).toBe(true);
  expect(same("one two three four five six", "one two three four five seven")).toBe(false);
  expect(same("a b", "a c")).toBe(false);
  expect(same("a b", "A, B")).toBe(true); // fewer words than a shingle
});

test("characters of scripts without spaces are words", () => {
  const minHash = new MinHash();
  const a = minHash.signature("我们今天去北京看长城然后回家吃饭睡觉明天再去上海看看");
  const b = minHash.signature("我们今天去北京看长城，然后回家吃饭睡觉。明天再去广州看看");
  const c = minHash.signature("机器学习模型需要大量干净的数据才能得到好的结果和表现");
  expect(estimateJaccard(a, b)).toBeGreaterThan(0.4);
  expect(estimateJaccard(a, c)).toBeLessThan(0.05);
});

test("texts shorter than a shingle are alike when they are equal, and no text without words is like another", () => {
  const minHash = new MinHash();
  const short = ["one", "one two", "two one", "one two three", "one two three four", "字", "字字", "é", "e"];
  const signatures = short.map((text) => minHash.signature(text));
  for (const [i, a] of signatures.entries())
    for (const [j, b] of signatures.entries()) {
      // Two permutations may have the same minimum of two hashes by chance, one in 2^32.
      expect(estimateJaccard(a, b), `${short[i]} ~ ${short[j]}`).toBe(i === j ? 1 : 0);
    }
  for (const text of ["", " ", "。、", "…!?", "\n\n"])
    expect(minHash.writeKeys(text, new Uint32Array(28), 0), JSON.stringify(text)).toBe(false);
});

test("texts of a few shingles have no bias", () => {
  let equal = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const minHash = new MinHash({ seed });
    // Two shingles each, one in common: a third.
    equal += estimateJaccard(minHash.signature("a b c d e f"), minHash.signature("z b c d e f")) * 112;
  }
  const num = 40 * 112;
  expect(Math.abs(equal / num - 1 / 3)).toBeLessThan(4 * Math.sqrt(((1 / 3) * (2 / 3)) / num));
});

test("texts of any length, also after longer ones", () => {
  const minHash = new MinHash();
  const short = "the quick brown fox jumps over";
  const before = minHash.signature(short);
  const long = minHash.signature("word другой 字 ".repeat(100_000));
  expect(long.every((value) => value < 2 ** 32 - 1)).toBe(true);
  expect(minHash.signature(short)).toEqual(before);
  expect(new MinHash().signature(short)).toEqual(before);
  expect(new MinHash({ seed: 2 }).signature(short)).not.toEqual(before);
});

test("keys are equal exactly when the minima of a bucket are", () => {
  const minHash = new MinHash({ buckets: 20, rowsPerBucket: 2 });
  const [a = "", b = ""] = pairs.find(({ exact }) => exact > 0.5 && exact < 0.9)?.texts ?? [];
  const keys = [a, b].map((text) => {
    const into = new Uint32Array(41).fill(7);
    expect(minHash.writeKeys(text, into, 1)).toBe(true);
    expect(into[0]).toBe(7);
    return Array.from({ length: 20 }, (_, i) => `${into[1 + 2 * i]} ${into[2 + 2 * i]}`);
  });
  const [x, y] = [minHash.signature(a), minHash.signature(b)];
  const equal = Array.from({ length: 20 }, (_, i) => x[2 * i] === y[2 * i] && x[2 * i + 1] === y[2 * i + 1]);
  expect(Array.from({ length: 20 }, (_, i) => keys[0]?.[i] === keys[1]?.[i])).toEqual(equal);
  expect(new Set(equal).size).toBe(2);
  expect(minHash.writeKeys("…  !", new Uint32Array(40), 0)).toBe(false);
});

test("arguments out of range are refused", () => {
  expect(() => new MinHash({ buckets: 0 })).toThrow("MinHash: cannot use buckets: got 0");
  expect(() => new MinHash({ shingleWords: 33 })).toThrow(RangeError);
  expect(() => estimateJaccard(new Uint32Array(2), new Uint32Array(3))).toThrow(RangeError);
});
