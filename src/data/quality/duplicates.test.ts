import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { findEqualKeys } from "./_equal-keys.ts";
import { findNearHashes } from "./_near-hashes.ts";
import { Shard, writeShard } from "./_shard.ts";
import { hammingDistance } from "./perceptual-hash.ts";
import { UnionFind } from "./union-find.ts";

const folder = mkdtempSync(join(tmpdir(), "cameo-duplicates-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const random = new RandomStream(11, "duplicates");

async function shardOf(name: string, keys: Uint32Array, words: number): Promise<Shard> {
  const numRows = keys.length / words;
  const path = join(folder, name);
  const facts = { start: 0, end: numRows, numRows, contentBytes: 0, rowFaults: {}, faults: [] };
  const indices = Uint32Array.from({ length: numRows }, (_, i) => i);
  const rows = Float64Array.from(indices);
  await writeShard(path, facts, rows, new Uint8Array(numRows), [
    { name: "first", words: 1, keys: indices, indices },
    { name: "key", words, keys, indices },
  ]);
  return Shard.open(path);
}

test("keys that occur again are found over shards, however many passes it takes", async () => {
  const lengths = [700, 1, 400, 0, 899];
  const all: number[] = [];
  const shards: Shard[] = [];
  for (const [i, length] of lengths.entries()) {
    const keys = Uint32Array.from({ length: 2 * length }, (_, j) =>
      // few different keys, spread over all first bytes; the halves alone do not tell them apart
      j % 2 === 0 ? random.integer(9000 * i + j, 40) * 0x6000000 : random.integer(9000 * i + j, 20),
    );
    for (let j = 0; j < length; j++) all.push((keys[2 * j] as number) * 2 ** 20 + (keys[2 * j + 1] as number));
    shards.push(await shardOf(`shard-${i}`, keys, 2));
  }
  const isWanted = (row: number): boolean => row % 7 !== 0;
  const firsts = new Map<number, number>();
  const expected = new Map<number, number>();
  for (const [row, key] of all.entries()) {
    if (!isWanted(row)) continue;
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, row);
    else expected.set(row, first);
  }
  for (const limit of [10_000, 300, 1]) {
    const found = new Map<number, number>();
    await findEqualKeys(shards, "key", 2, (first, other) => found.set(other, first), isWanted, limit);
    expect([...found].sort((a, b) => a[0] - b[0])).toEqual([...expected]);
  }
});

test("a shard that was cut says so, and a column that is missing is empty", async () => {
  const shard = await shardOf("cut", Uint32Array.of(1, 2, 3), 1);
  expect((await shard.keys("other", 0, 256)).indices).toHaveLength(0);
  expect([...(await shard.keys("key", 0, 256)).keys]).toEqual([1, 2, 3]);
  truncateSync(shard.path, 400);
  await expect(shard.keys("key", 0, 256)).rejects.toThrow(/cannot read ".*cut": it ends after \d+ bytes/);
});

test("pairs of hashes within a distance are exactly those of comparing all with all", () => {
  const base = Array.from({ length: 40 }, (_, i) =>
    Array.from({ length: 4 }, (_, j) => random.uint32(50_000 + 4 * i + j)),
  );
  const hashes = Uint32Array.from(
    Array.from({ length: 400 }, (_, i) => {
      const hash = [...(base[i % 40] as number[])];
      for (let flips = random.integer(60_000 + i, 9); flips > 0; flips--) {
        const bit = random.integer(70_000 + 16 * i + flips, 128);
        hash[bit >> 5] = ((hash[bit >> 5] as number) ^ (1 << (bit & 31))) >>> 0;
      }
      return hash;
    }).flat(),
  );
  const hashOf = (i: number): Uint32Array => hashes.subarray(4 * i, 4 * i + 4);
  for (const distance of [0, 1, 4, 7]) {
    const expected = new UnionFind(400);
    for (let i = 0; i < 400; i++)
      for (let j = 0; j < i; j++) if (hammingDistance(hashOf(i), hashOf(j)) <= distance) expected.union(i, j);
    const found = new UnionFind(400);
    findNearHashes(hashes, distance, (a, b) => {
      expect(hammingDistance(hashOf(a), hashOf(b))).toBeLessThanOrEqual(distance);
      found.union(a, b);
    });
    const roots = (sets: UnionFind): number[] => Array.from({ length: 400 }, (_, i) => sets.find(i));
    expect(roots(found)).toEqual(roots(expected));
    expect(new Set(roots(found)).size).toBeLessThan(400);
  }
});

test("many equal hashes take no time", () => {
  let pairs = 0;
  findNearHashes(new Uint32Array(4 * 200_000), 4, () => pairs++);
  expect(pairs).toBe(199_999);
});

test("sets are what a slow way finds, and their best member represents them", () => {
  const size = 500;
  const isGood = (i: number): boolean => i % 3 === 0;
  const sets = new UnionFind(size, (a, b) => (isGood(a) === isGood(b) ? a < b : isGood(a)));
  const labels = Array.from({ length: size }, (_, i) => i);
  for (let step = 0; step < 400; step++) {
    const [a, b] = [random.integer(90_000 + 2 * step, size), random.integer(90_001 + 2 * step, size)];
    sets.union(a, b);
    const [from, to] = [labels[a], labels[b]];
    for (let i = 0; i < size; i++) if (labels[i] === from) labels[i] = to as number;
  }
  const copy = new UnionFind(sets.parents.slice());
  for (let i = 0; i < size; i++) {
    const members = labels.flatMap((label, j) => (label === labels[i] ? [j] : []));
    expect(sets.find(i)).toBe(members.find(isGood) ?? members[0]);
    expect(copy.find(i)).toBe(sets.find(i));
  }
});
