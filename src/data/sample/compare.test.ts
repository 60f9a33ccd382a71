import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import type { Column, Field, Table } from "../table.ts";
import { chiSquareSurvival, kolmogorovSurvival } from "./_survival.ts";
import { type RepresentativenessReport, SampleComparison } from "./compare.ts";
import { chiSquare } from "./divergence.ts";
import { sampleStratified } from "./stratified.ts";

const fixture = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../../../fixtures/sampling/tests.json"), "utf8"),
) as {
  kolmogorov: { x: number; sf: number }[];
  chiSquare: { x: number; dof: number; sf: number }[];
  ks: { sample: number[]; population: number[]; statistic: number; pvalue: number }[];
  goodness: { counts: number[]; shares: number[]; statistic: number; pvalue: number }[];
};

const field = (name: string, type: Field["type"]): Field => ({ name, type, nullable: true });
const tableOf = (columns: Record<string, Column>): Table => ({
  numRows: (Object.values(columns)[0] as Column).length,
  columns,
});

function compare(
  types: Record<string, Field["type"]>,
  population: Record<string, Column>,
  sample: Record<string, Column>,
  weights?: ArrayLike<number>,
): RepresentativenessReport {
  const comparison = new SampleComparison(Object.entries(types).map(([name, type]) => field(name, type)));
  comparison.addSample(tableOf(sample), weights);
  comparison.addPopulation(tableOf(population));
  return comparison.report();
}

test("tail probabilities are SciPy's", () => {
  for (const { x, sf } of fixture.kolmogorov) expect(kolmogorovSurvival(x) / sf, `${x}`).toBeCloseTo(1, 12);
  for (const { x, dof, sf } of fixture.chiSquare) {
    const found = chiSquareSurvival(x, dof);
    expect(Math.abs(found - sf), `${x} ${dof}`).toBeLessThanOrEqual(1e-9 * sf + 1e-14);
  }
});

test("the Kolmogorov–Smirnov statistic is SciPy's, with ties, and the p-value to within a hundredth", () => {
  for (const { sample, population, statistic, pvalue } of fixture.ks) {
    const [column] = compare({ x: "float64" }, { x: population }, { x: sample }).columns;
    expect(column?.statistic).toBeCloseTo(statistic, 12);
    expect(Math.abs((column?.pValue as number) - pvalue)).toBeLessThan(0.01);
    // The order of the rows and the size of batches make no difference.
    const comparison = new SampleComparison([field("x", "float64")]);
    for (const x of sample.toReversed()) comparison.addSample(tableOf({ x: [x] }));
    for (const x of population.toReversed()) comparison.addPopulation(tableOf({ x: [x] }));
    expect(comparison.report().columns[0]?.statistic).toBe(column?.statistic);
  }
});

test("the chi-square test is SciPy's", () => {
  for (const { counts, shares, statistic, pvalue } of fixture.goodness) {
    const rows = counts.reduce((sum, count) => sum + count, 0);
    const sample = { x: counts.flatMap((count, value) => new Array<string>(count).fill(`class ${value}`)) };
    const population = {
      x: shares.flatMap((share, value) => new Array<string>(Math.round(share * 100)).fill(`class ${value}`)),
    };
    const [column] = compare({ x: "string" }, population, sample).columns;
    expect(column?.measure).toBe("class");
    expect(column?.statistic).toBeCloseTo(statistic, 9);
    expect(column?.pValue).toBeCloseTo(pvalue, 9);
    expect(column?.totalVariation).toBeCloseTo(
      counts.reduce((sum, count, i) => sum + Math.abs(count / rows - (shares[i] as number)), 0) / 2,
      12,
    );
    expect(column?.psi).toBeCloseTo(
      counts.reduce((sum, count, i) => {
        const [a, e] = [count / rows, shares[i] as number];
        return sum + (a - e) * Math.log(a / e);
      }, 0),
      12,
    );
  }
});

test("rare classes are taken together; a class that the population lacks is impossible", () => {
  const pairs = [
    { population: 0.97, sample: 0.96 },
    { population: 0.02, sample: 0.03 },
    { population: 0.01, sample: 0.01 },
  ];
  expect(chiSquare(pairs, 100).degreesOfFreedom).toBe(1);
  expect(chiSquare(pairs, 1000).degreesOfFreedom).toBe(2);
  expect(chiSquare([...pairs, { population: 0, sample: 0.1 }], 1000).statistic).toBe(Number.POSITIVE_INFINITY);
});

test("p-values of random samples are uniform, so one in a hundred is taken for different by chance", () => {
  const stream = new RandomStream(3, "population");
  const x = Float64Array.from({ length: 4000 }, (_, i) => stream.normal(i));
  const label = Array.from(x, (value) => (value > 1 ? "high" : value > 0 ? "middle" : "low"));
  const pValues = { x: [] as number[], label: [] as number[] };
  for (let round = 0; round < 200; round++) {
    const rows = Array.from({ length: 150 }, (_, i) => stream.integer(10_000 + 150 * round + i, 4000));
    const sample = { x: rows.map((row) => x[row] as number), label: rows.map((row) => label[row] as string) };
    for (const { name, pValue } of compare({ x: "float64", label: "string" }, { x, label }, sample).columns)
      pValues[name as "x" | "label"].push(pValue);
  }
  for (const values of Object.values(pValues)) {
    expect(Math.abs(values.filter((p) => p < 0.5).length - 100)).toBeLessThan(25);
    expect(values.filter((p) => p < 0.01).length).toBeLessThan(9);
  }
});

test("verdicts: alike, shifted, different, too few to tell", () => {
  const stream = new RandomStream(4, "verdicts");
  const normal = (count: number, shift: number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => stream.normal(i + 1000 * count) + shift);
  const verdict = (sample: Float64Array): string | undefined =>
    compare({ x: "float64" }, { x: normal(20_000, 0) }, { x: sample }).columns[0]?.verdict;
  expect(verdict(normal(2000, 0))).toBe("alike");
  expect(verdict(normal(2000, 0.25))).toBe("shifted");
  expect(verdict(normal(2000, 1))).toBe("different");
  expect(verdict(normal(8, 0.6))).toBe("too few to tell");
  expect(verdict(normal(15_000, 0.06))).toBe("alike");
});

test("weights make an equal sample of unequal classes stand for all", () => {
  const label = Array.from({ length: 3000 }, (_, row) => (row % 30 === 0 ? "rare" : "common"));
  const x = Float64Array.from(label, (name, row) => (name === "rare" ? 100 : 0) + (row % 17));
  const { rows, inclusionProbabilities } = sampleStratified(label, { n: 200, allocation: "equal", seed: 1 });
  const drawn = { label: [...rows].map((row) => label[row] as string), x: rows.map((row) => x[row] as number) };
  const types = { label: "string", x: "float64" } as const;
  const plain = compare(types, { label, x }, drawn);
  expect(plain.columns.map(({ verdict }) => verdict)).toEqual(["different", "different"]);
  const weighted = compare(
    types,
    { label, x },
    drawn,
    inclusionProbabilities.map((p) => 1 / p),
  );
  expect(weighted.columns.map(({ verdict }) => verdict)).toEqual(["alike", "alike"]);
  expect(weighted.columns[0]?.classes?.[0]).toMatchObject({ value: "common", drawn: 0.5 });
  expect(weighted.columns[0]?.classes?.[0]?.sample).toBeCloseTo(29 / 30, 9);
  expect(weighted.effectiveSampleSize).toBeLessThan(110);
});

test("tells classes from ids, and looks at the length of text that does not repeat", () => {
  const id = Int32Array.from({ length: 1000 }, (_, row) => row);
  const flag = Array.from(id, (row) => row % 2 === 0);
  const text = Array.from(id, (row) => "x".repeat(row % 50) + row);
  const picked = Array.from({ length: 90 }, (_, i) => i * 11);
  const sample = {
    id: Int32Array.from(picked),
    flag: picked.map((row) => flag[row] as boolean),
    text: picked.map((row) => text[row] as string),
  };
  const { columns } = compare({ id: "int32", flag: "bool", text: "string" }, { id, flag, text }, sample);
  expect(columns.map(({ name, measure, verdict }) => [name, measure, verdict])).toEqual([
    ["id", "number", "alike"],
    ["flag", "class", "alike"],
    ["text", "length", "alike"],
  ]);
  expect(columns[1]?.line).toMatch(/^flag: alike; 2 classes, total variation 0, PSI 0, chi-square p 1$/);
});

test("missing values are counted, not compared; empty samples and bigints are no accident", () => {
  const population = { x: [1, null, 3, Number.NaN], n: new BigInt64Array([1n, 2n, 3n, 4n]) };
  const { columns } = compare({ x: "float64", n: "int64" }, population, {
    x: [3, null],
    n: new BigInt64Array([2n, 4n]),
  });
  expect(columns[0]).toMatchObject({ missing: { population: 0.5, sample: 0.5 }, mean: { population: 2, sample: 3 } });
  expect(columns[1]?.mean).toEqual({ population: 2.5, sample: 3 });
  const empty = compare({ x: "float64", s: "string" }, { x: [], s: [] }, { x: [], s: [] });
  expect(empty.columns.map(({ verdict, pValue }) => [verdict, pValue])).toEqual([
    ["alike", 1],
    ["alike", 1],
  ]);
  expect(JSON.parse(JSON.stringify(empty))).toEqual(empty);
  expect(() => new SampleComparison([field("x", "float64")]).addSample(tableOf({ y: [1] }))).toThrow(/the table has y/);
});
