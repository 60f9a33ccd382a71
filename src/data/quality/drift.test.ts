import { expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import type { ColumnProfile, Profile } from "../source/profile.ts";
import { profileSource } from "../source/profile.ts";
import type { Cell, Schema } from "../table.ts";
import { memorySource } from "./_memory-source.cases.ts";
import { compareProfiles } from "./drift.ts";

const random = new RandomStream(5, "drift");
const normals = (count: number, from: number, shift = 0, scale = 1): number[] =>
  Array.from({ length: count }, (_, i) => shift + scale * random.normal(from + i));

function profileOf(schema: Schema, rows: readonly Record<string, Cell>[]): Promise<Profile> {
  return profileSource(memorySource(schema, rows), { bins: 50, top: 50 });
}
const numberColumn: Schema = [{ name: "x", type: "float32", nullable: false }];
const numbersOf = (values: readonly number[]): Promise<Profile> =>
  profileOf(
    numberColumn,
    values.map((x) => ({ x })),
  );

/** The statistics from the values themselves. */
function exact(a: readonly number[], b: readonly number[]): { psi: number; ks: number } {
  const [x, y] = [a.toSorted((p, q) => p - q), b.toSorted((p, q) => p - q)];
  const below = (list: readonly number[], cut: number): number =>
    list.filter((value) => value <= cut).length / list.length;
  const ks = [...x, ...y].reduce((most, cut) => Math.max(most, Math.abs(below(x, cut) - below(y, cut))), 0);
  const cuts = Array.from({ length: 9 }, (_, i) => x[Math.floor(((i + 1) * x.length) / 10)] as number);
  const shares = (list: readonly number[]): number[] =>
    [...cuts, Infinity].map((cut, i) => below(list, cut) - (i === 0 ? 0 : below(list, cuts[i - 1] as number)));
  const [p, q] = [shares(x), shares(y)];
  const psi = p.reduce((sum, share, i) => {
    const [s, t] = [Math.max(share, 1e-4), Math.max(q[i] as number, 1e-4)];
    return sum + (t - s) * Math.log(t / s);
  }, 0);
  return { psi, ks };
}

test.each([
  ["the same distribution", 0, 1],
  ["a little shifted", 0.2, 1],
  ["much shifted", 1, 1],
  ["wider", 0, 2],
])("%s: PSI and KS from profiles are near those from the values", async (_, shift, scale) => {
  const [a, b] = [normals(2000, 0), normals(2000, 5000, shift, scale)];
  const { columns } = compareProfiles(await numbersOf(a), await numbersOf(b));
  const expected = exact(a, b);
  expect(Math.abs((columns[0]?.ks as number) - expected.ks)).toBeLessThan(0.03);
  expect(Math.abs((columns[0]?.psi as number) - expected.psi)).toBeLessThan(0.02 + 0.15 * expected.psi);
});

test("shares of values: the largest difference, and what the reference does not know", async () => {
  const schema: Schema = [{ name: "lang", type: "string", nullable: true }];
  const rows = (counts: Readonly<Record<string, number>>): Record<string, Cell>[] =>
    Object.entries(counts).flatMap(([lang, count]) =>
      Array.from({ length: count }, () => ({ lang: lang === "null" ? null : lang })),
    );
  const report = compareProfiles(
    await profileOf(schema, rows({ en: 80, de: 20 })),
    await profileOf(schema, rows({ en: 50, de: 20, fr: 30, null: 25 })),
  );
  expect(report.columns[0]?.lInfinity).toBeCloseTo(0.3, 10);
  expect(report.maxPsi).toBeGreaterThan(0.25);
  expect(report.anomalies.map(({ kind }) => kind).sort()).toEqual(["new-values", "nulls"]);
});

test("columns that are missing, new, of another type or out of range", () => {
  const column = (name: string, more: Partial<ColumnProfile> = {}): ColumnProfile => ({
    name,
    type: "float32",
    count: 10,
    nulls: 0,
    notFinite: 0,
    distinct: 10,
    top: [],
    ...more,
  });
  const numbers = (min: number, max: number): ColumnProfile["numbers"] & object => ({
    min,
    max,
    mean: 0,
    standardDeviation: 1,
    quantiles: {},
    histogram: { edges: [min, max], counts: [10] },
  });
  const { anomalies } = compareProfiles(
    { numRows: 10, columns: [column("a"), column("b"), column("c", { numbers: numbers(0, 1) })] },
    {
      numRows: 10,
      columns: [column("b", { type: "string" }), column("c", { numbers: numbers(-1, 2), notFinite: 1 }), column("d")],
    },
  );
  expect(anomalies.map(({ column: name, kind }) => `${name} ${kind}`)).toEqual([
    "a missing",
    "d new",
    "b type",
    "c not-finite",
    "c below",
    "c above",
  ]);
});

test("no rows and constant columns are no drift", async () => {
  const [none, some] = [await numbersOf([]), await numbersOf([1, 1, 1])];
  expect(compareProfiles(some, some).maxPsi).toBe(0);
  expect(Number.isFinite(compareProfiles(none, some).maxPsi)).toBe(true);
  expect(Number.isFinite(compareProfiles(some, none).maxPsi)).toBe(true);
});
