import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { tensor } from "../../../tensor/tensor.ts";
import { NumpyGenerator } from "./generator.ts";
import { NumpyRandomState } from "./random-state.ts";
import { type NumpySeed, seedSequence } from "./seed-sequence.ts";
import { take } from "./take.ts";

interface Case {
  readonly seed: string | string[];
  readonly spawnKey: number[];
  readonly call: string;
  readonly args: number[];
  readonly options: { size?: number; replace?: boolean; shuffle?: boolean; p?: string };
  readonly count: number;
  readonly ends: number[];
  readonly sha256: string;
  readonly after: number[];
}

const fixture = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../../../../fixtures/sampling/numpy.json"), "utf8"),
) as {
  numpy: string;
  generator: Case[];
  legacy: (Omit<Case, "seed"> & { seed: number | number[] })[];
  axis: { seed: number; axis: number; chosen: number[][]; permuted: number[][]; shuffled: number[][] }[];
  seedSequences: { seed: string; spawnKey: number[]; words: number[] }[];
};

const sha256 = (values: Float64Array): string =>
  createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex");

/** As in the script that made the fixture. */
function uneven(count: number): number[] {
  const weights = Array.from({ length: count }, (_, i) => (i * 7919) % 101);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function expectCase(values: Float64Array, after: Float64Array, row: Omit<Case, "seed">, title: string): void {
  const ends = row.count <= 8 ? values : [...values.subarray(0, 4), ...values.subarray(-4)];
  expect([...ends], title).toEqual(row.ends);
  expect(values.length, title).toBe(row.count);
  expect(sha256(values), title).toBe(row.sha256);
  expect([...after], title).toEqual(row.after);
}

test("SeedSequence makes NumPy's words from any seed and spawn key", () => {
  for (const { seed, spawnKey, words } of fixture.seedSequences)
    expect([...seedSequence(BigInt(seed), 9, spawnKey)], `${seed} ${spawnKey}`).toEqual(words);
});

test(`Generator draws NumPy ${fixture.numpy}'s numbers, each of them (${fixture.generator.length} cases)`, () => {
  for (const row of fixture.generator) {
    const seed: NumpySeed = typeof row.seed === "string" ? BigInt(row.seed) : row.seed.map(BigInt);
    const generator = new NumpyGenerator(seed, row.spawnKey);
    const [first = 0, second = 0, third = 0] = row.args;
    const { p, ...options } = row.options;
    const draw: Record<string, () => Float64Array> = {
      random: () => generator.random(first),
      uniform: () => generator.uniform(first, second, third),
      integers: () => generator.integers(first, second, third),
      permutation: () => generator.permutation(first),
      choice: () => generator.choice(first, { ...options, ...(p !== undefined && { p: uneven(first) }) }),
    };
    const values = (draw[row.call] as () => Float64Array)();
    expectCase(values, generator.random(2), row, JSON.stringify([row.seed, row.call, row.args, row.options]));
  }
});

test(`RandomState draws NumPy's numbers, each of them (${fixture.legacy.length} cases)`, () => {
  for (const row of fixture.legacy) {
    const state = new NumpyRandomState(row.seed);
    const [first = 0, second = 0, third = 0] = row.args;
    const { p, ...options } = row.options;
    const draw: Record<string, () => Float64Array> = {
      random_sample: () => state.randomSample(first),
      randint: () => state.randint(first, second, third),
      permutation: () => state.permutation(first),
      choice: () => state.choice(first, { ...options, ...(p !== undefined && { p: uneven(first) }) }),
    };
    const values = (draw[row.call] as () => Float64Array)();
    expectCase(values, state.randomSample(2), row, JSON.stringify([row.seed, row.call, row.args, row.options]));
  }
});

test("choice, permutation and shuffle along an axis take what NumPy takes", () => {
  const matrix = tensor(
    "int64",
    [3, 4],
    Array.from({ length: 12 }, (_, i) => i),
  );
  for (const { seed, axis, chosen, permuted, shuffled } of fixture.axis) {
    const generator = new NumpyGenerator(seed);
    const length = matrix.shape[axis] as number;
    const taken = [
      take(matrix, generator.choice(length, { size: 2, replace: false }), axis),
      take(matrix, generator.permutation(length), axis),
      take(matrix, generator.permutation(length), axis),
    ];
    expect(taken.map(({ data }) => Array.from(data as BigInt64Array, Number))).toEqual([
      chosen.flat(),
      permuted.flat(),
      shuffled.flat(),
    ]);
  }
});

test("shuffling a list and shuffling numbers are the same", () => {
  const words = ["a", "b", "c", "d", "e"];
  const order = new NumpyGenerator(3).permutation(5);
  new NumpyGenerator(3).shuffle(words);
  expect(words).toEqual(Array.from(order, (i) => "abcde"[i]));
  const numbers = new Float64Array([0, 1, 2, 3, 4]);
  new NumpyRandomState(3).shuffle(numbers);
  expect([...numbers]).toEqual([...new NumpyRandomState(3).permutation(5)]);
});

test("refuses what NumPy refuses, in one line", () => {
  const generator = new NumpyGenerator(0);
  expect(() => new NumpyGenerator(-1)).toThrow(/use seed: got -1/);
  expect(() => new NumpyGenerator(2 ** 53)).toThrow(/from 2\^53 on a bigint/);
  for (const seed of [-1, 2 ** 32, 0.5, []]) expect(() => new NumpyRandomState(seed)).toThrow(/cannot use seed/);
  expect(() => generator.choice(3, { size: 4, replace: false })).toThrow(/choose 4 of 3: replace is false/);
  expect(() => generator.choice(0)).toThrow(/there are none/);
  expect(() => generator.choice(2, { p: [0.5] })).toThrow(/p has 1/);
  expect(() => generator.choice(2, { p: [0.5, 0.6] })).toThrow(/p sums to 1.1/);
  expect(() => generator.choice(2, { p: [1.5, -0.5] })).toThrow(/must not be negative/);
  expect(() => generator.choice(2, { p: [1, 0], size: 2, replace: false })).toThrow(/1 of p are not 0/);
  expect(() => generator.integers(3, 3)).toThrow(/draw from \[3, 3\)/);
  expect(() => generator.integers(-(2 ** 52), 2 ** 53 - 1)).toThrow(/less than 2\^53 apart/);
  expect(() => take(tensor("int32", [2], [1, 2]), [2])).toThrow(/got index 2, must be in \[0, 2\)/);
  expect(() => take(tensor("int32", [2], [1, 2]), [0], 1)).toThrow(/got axis 1/);
});
