/** Samplers over sources: a source in memory, whose rows and batches are as the test wants them. */

import { expect, test } from "vitest";
import { DataError } from "../../base/errors.ts";
import { FaultLog } from "../fault.ts";
import type { ReadRowsOptions, Source } from "../source/source.ts";
import type { Column, Schema, Table, TableSlice } from "../table.ts";
import { SampleComparison } from "./compare.ts";
import { groupOf, keepRows } from "./keep-rows.ts";
import { mixSources } from "./mixed-sources.ts";
import { NumpyGenerator } from "./numpy/generator.ts";
import { NumpyRandomState } from "./numpy/random-state.ts";
import { sampleRandom } from "./random.ts";
import { Reservoir } from "./reservoir.ts";
import { estimateTotal } from "./sample.ts";
import { compareWithSource } from "./source-comparison.ts";
import { planSample } from "./source-plan.ts";
import { type ReadSampleOptions, readSample } from "./source-rows.ts";
import type { SourceSample, SourceSampleOptions } from "./source-sample.ts";
import { hashSplit } from "./split.ts";

interface MemoryOptions {
  readonly batchRows?: number;
  readonly knowsSize?: boolean;
  readonly takes?: boolean;
  /** Rows with a fault. */
  readonly faulty?: readonly number[];
  readonly files?: readonly number[];
}

const schema: Schema = [
  { name: "id", type: "int32", nullable: false },
  { name: "label", type: "string", nullable: false },
  { name: "weight", type: "float64", nullable: false },
];

const size = 1000;
const labelOf = (row: number): string => (row % 50 === 7 ? "rare" : row % 3 === 0 ? "some" : "common");
const weightOf = (row: number): number => 1 + (row % 10);
const all: Table = {
  numRows: size,
  columns: {
    id: Int32Array.from({ length: size }, (_, row) => row),
    label: Array.from({ length: size }, (_, row) => labelOf(row)),
    weight: Float64Array.from({ length: size }, (_, row) => weightOf(row)),
  },
};

class MemorySource implements Source {
  readonly format = "memory";
  readonly location: string;
  readonly files: Source["files"];
  readonly schema = schema;
  readonly numRows: number | undefined;
  readonly sizeBytes = 0;
  readonly fingerprint = "memory";
  readonly faults = new FaultLog();
  readonly read: Source["read"];
  readonly take?: NonNullable<Source["take"]>;
  /** What was asked for. */
  readonly reads: ReadRowsOptions[] = [];
  takes = 0;

  constructor(options: MemoryOptions = {}, location = "memory") {
    const { batchRows = 64, knowsSize = true, takes = true, faulty = [], files = [size] } = options;
    this.location = location;
    this.files = files.map((numRows, i) => ({ location: `${i}`, sizeBytes: 0, numRows }));
    this.numRows = knowsSize ? size : undefined;
    const pick = (rows: readonly number[], names: readonly string[]): Record<string, Column> =>
      Object.fromEntries(
        names.map((name) => {
          const column = all.columns[name] as Int32Array;
          const cells = rows.map((row) => column[row] as number);
          return [name, ArrayBuffer.isView(column) ? new (column.constructor as Int32ArrayConstructor)(cells) : cells];
        }),
      );
    const self = this;
    this.read = async function* (reading: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
      self.reads.push(reading);
      const { start = 0, end = size, columns = Object.keys(all.columns) } = reading;
      for (let at = start; at < end; at += batchRows) {
        const rows: number[] = [];
        for (let row = at; row < Math.min(end, at + batchRows); row++)
          if (faulty.includes(row)) self.faults.report({ code: "syntax", source: location, row, detail: "broken" });
          else rows.push(row);
        yield { numRows: rows.length, rows: Float64Array.from(rows), columns: pick(rows, columns) };
      }
    };
    if (!takes) return;
    this.take = async (rows, { columns = Object.keys(all.columns) } = {}) => {
      this.takes++;
      if (rows.some((row) => faulty.includes(row))) throw new DataError("broken");
      return { numRows: rows.length, columns: pick(rows, columns) };
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function gather(tables: AsyncIterable<Table>): Promise<Record<string, unknown[]>> {
  const gathered: Record<string, unknown[]> = {};
  for await (const { columns, numRows } of tables)
    for (const [name, column] of Object.entries(columns)) {
      expect(column.length).toBe(numRows);
      gathered[name] = [...(gathered[name] ?? []), ...(column as unknown[])];
    }
  return gathered;
}

const idsOf = async (source: Source, sample: SourceSample, options?: ReadSampleOptions): Promise<number[]> =>
  ((await gather(readSample(source, sample, options)))["id"] ?? []) as number[];

const plans: readonly SourceSampleOptions[] = [
  { method: "random", n: 50, seed: 1 },
  { method: "random", fraction: 0.05, seed: 1 },
  { method: "random", n: 50, seed: 1, replace: true },
  { method: "systematic", n: 37, seed: 1 },
  { method: "systematic", n: 37, seed: 1, sort: "weight" },
  { method: "stratified", n: 50, seed: 1, by: "label", minimum: 3 },
  { method: "stratified", n: 50, seed: 1, by: "label", allocation: "equal" },
  { method: "stratified", n: 50, seed: 1, by: "label", allocation: "neyman", value: "weight" },
  { method: "cluster", n: 100, seed: 1, by: "weight", clusters: 4 },
  { method: "cluster", fraction: 0.3, seed: 1, by: "weight" },
  { method: "cluster", n: 300, seed: 1 },
  { method: "cluster", n: 7, seed: 1, by: "weight", clusters: 5 },
  { method: "cluster", n: 5, seed: 1, by: "weight", clusters: 5 },
  { method: "cluster", n: 30, seed: 1, clusters: 3 },
  { method: "reservoir", n: 50, seed: 1 },
  { method: "weighted", n: 50, seed: 1, weight: "weight" },
  { method: "weighted", n: 50, seed: 1, weight: "weight", replace: true },
  { method: "hash", fraction: 0.1, seed: 1 },
  { method: "hash", fraction: 0.3, seed: 1, by: "weight" },
  { method: "numpy", n: 50, seed: 1 },
  { method: "numpy", n: 50, seed: 1, weight: "weight", replace: true },
  { method: "numpy-legacy", n: 50, seed: 1 },
];

test.each(plans)(
  "$method, %j: the same rows whatever the batches, the source or the number of passes",
  async (plan) => {
    const files = [100, 200, 50, 250, 150, 250];
    const sample = await planSample(new MemorySource({ files }), plan);
    expect(sample.size).toBe(size);
    for (const options of [{ batchRows: 1 }, { batchRows: 999, takes: false }, { knowsSize: false }])
      expect(await planSample(new MemorySource({ ...options, files }), plan)).toEqual(sample);
    const sorted = [...sample.rows].sort((a, b) => a - b);
    for (const options of [{ takes: false }, { batchRows: 7 }]) {
      expect(await idsOf(new MemorySource(options), sample)).toEqual(sorted);
      expect(await idsOf(new MemorySource(options), sample, { batchRows: 3 })).toEqual(sorted);
    }
    expect(await idsOf(new MemorySource(), sample, { order: "drawn", batchRows: 8 })).toEqual([...sample.rows]);
  },
);

test.each(plans.filter(({ method }) => /cluster|hash|weighted|numpy/.test(method)))(
  "$method, %j: its probabilities make estimates unbiased",
  async (plan) => {
    const source = new MemorySource({ batchRows: size, files: [100, 200, 50, 250, 150, 250] });
    const estimates: number[] = [];
    for (let seed = 0; seed < 300; seed++) {
      const sample = await planSample(source, { ...plan, seed });
      estimates.push(
        estimateTotal(
          sample,
          sample.rows.map((row) => weightOf(row) ** 2),
        ),
      );
    }
    const mean = estimates.reduce((sum, estimate) => sum + estimate, 0) / 300;
    const variance = estimates.reduce((sum, estimate) => sum + (estimate - mean) ** 2, 0) / 299;
    expect(Math.abs(mean - 38_500)).toBeLessThan(3.5 * Math.sqrt(variance / 300) + 1e-6);
  },
);

test("draws what the samplers draw", async () => {
  const source = new MemorySource();
  const rowsOf = async (plan: Omit<SourceSampleOptions, "seed">): Promise<number[]> => [
    ...(await planSample(source, { ...plan, seed: 5 })).rows,
  ];
  expect(await rowsOf({ method: "random", n: 9 })).toEqual([...sampleRandom({ size, n: 9, seed: 5 }).rows]);
  const choice = { size: 9, replace: false };
  expect(await rowsOf({ method: "numpy", n: 9 })).toEqual([...new NumpyGenerator(5).choice(size, choice)]);
  expect(await rowsOf({ method: "numpy-legacy", n: 9 })).toEqual([...new NumpyRandomState(5).choice(size, choice)]);
  const reservoir = new Reservoir<number>({ n: 9, seed: 5 });
  for (let row = 0; row < size; row++) reservoir.offer(row);
  expect(await rowsOf({ method: "reservoir", n: 9 })).toEqual([...reservoir.items]);
  const byLabel = await rowsOf({ method: "stratified", n: 30, by: "label", allocation: "equal" });
  expect(["rare", "some", "common"].map((label) => byLabel.filter((row) => labelOf(row) === label).length)).toEqual([
    10, 10, 10,
  ]);
  const clusters = await rowsOf({ method: "cluster", n: 200, by: "weight" });
  expect(clusters.length).toBe(200);
  expect(new Set(clusters.map(weightOf)).size).toBe(2);
});

test("reads only the columns that it needs, and nothing where arithmetic is enough", async () => {
  const source = new MemorySource();
  await planSample(source, { method: "random", n: 5, seed: 1 });
  await planSample(source, { method: "systematic", n: 5, seed: 1 });
  expect(source.reads).toEqual([]);
  await planSample(source, { method: "stratified", n: 5, seed: 1, by: "label" });
  expect(source.reads.map(({ columns }) => columns)).toEqual([["label"], ["label"]]);
});

test("few rows are looked up, many are read in one pass that starts and ends with them", async () => {
  const source = new MemorySource();
  expect(
    await idsOf(source, { rows: Float64Array.of(900, 10, 10), inclusionProbabilities: new Float64Array(3), size }),
  ).toEqual([10, 10, 900]);
  expect([source.takes, source.reads.length]).toEqual([1, 0]);
  const rows = Float64Array.from({ length: 100 }, (_, i) => 300 + i);
  expect((await idsOf(source, { rows, inclusionProbabilities: rows, size })).length).toBe(100);
  expect(source.takes).toBe(1);
  expect(source.reads).toMatchObject([{ start: 300, end: 400 }]);
});

test("rows with a fault are missing and reported, however rows are fetched", async () => {
  const rows = Float64Array.of(20, 21, 22);
  const sample = { rows, inclusionProbabilities: new Float64Array(3), size };
  for (const takes of [true, false]) {
    const source = new MemorySource({ faulty: [21], takes });
    expect(await idsOf(source, sample)).toEqual([20, 22]);
    expect(source.faults.counts()).toEqual({ syntax: 1 });
  }
});

test("adds the probabilities of the rows, also of those that a rule keeps", async () => {
  const source = new MemorySource();
  const sample = await planSample(source, { method: "weighted", n: 40, weight: "weight", seed: 2 });
  const known = new Map([...sample.rows].map((row, i) => [row, sample.inclusionProbabilities[i]]));
  const keeps = (table: Table, index: number): boolean => (table.columns["label"] as string[])[index] === "some";
  const { id, label, _inclusionProbability } = await gather(readSample(source, sample, { probabilities: true, keeps }));
  expect(new Set(label)).toEqual(new Set(["some"]));
  expect(_inclusionProbability).toEqual((id as number[]).map((row) => known.get(row)));
});

test("filters in one pass: parts of a split are apart, together all, and groups whole", async () => {
  const source = new MemorySource();
  const partOf = hashSplit({ train: 0.7, test: 0.3 }, { seed: 1 });
  const parts: Record<string, unknown[]> = {};
  for (const part of ["train", "test"])
    parts[part] = (
      await gather(
        keepRows(source, (row, table, index) => (partOf(groupOf("weight", row, table, index)) === part ? 1 : 0)),
      )
    )["id"] as number[];
  const [train = [], test = []] = [parts["train"], parts["test"]] as number[][];
  expect([...train, ...test].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, row) => row));
  expect(train.map(weightOf).some((weight) => test.map(weightOf).includes(weight))).toBe(false);
  const hashed = await planSample(source, { method: "hash", fraction: 0.7, by: "weight", seed: 1 });
  expect(hashed.rows.length % 100).toBe(0);
});

test("mixes sources in proportion, each source's rows in its order", async () => {
  const sources = new Map([
    ["web", new MemorySource({}, "web")],
    ["code", new MemorySource({ batchRows: 5 }, "code")],
  ]);
  const options = { weights: { web: 0.7, code: 0.3 }, n: 500, seed: 1, blockSize: 10 };
  const mixed = await mixSources(sources, options);
  const { id } = await gather(mixed.tables());
  expect([...mixed.samples].map(([name, { rows }]) => [name, rows.length])).toEqual([
    ["web", 350],
    ["code", 150],
  ]);
  const wanted = [...mixed.samples.values()].flatMap(({ rows }) => [...rows]).sort((a, b) => a - b);
  expect((id as number[]).toSorted((a, b) => a - b)).toEqual(wanted);
  expect((await gather((await mixSources(sources, options)).tables()))["id"]).toEqual(id);
  await expect(mixSources(sources, { ...options, n: 5000 })).rejects.toThrow(/use n: got 3500/);
  expect(
    (await gather((await mixSources(sources, { ...options, n: 5000, replace: true })).tables()))["id"]?.length,
  ).toBe(5000);
  await expect(mixSources(sources, { ...options, weights: { web: 1 } })).rejects.toThrow(/weights are for web/);
});

test("compares with the source, and warns of a period that the interval meets", async () => {
  const source = new MemorySource();
  for (const [n, periodic] of [
    [100, ["weight"]],
    [77, []],
    [300, ["weight"]], // 3⅓ rows from one to the next, which meet three of ten
  ] as const) {
    const sample = await planSample(source, { method: "systematic", n, seed: 1 });
    const comparison = new SampleComparison(schema);
    for await (const table of readSample(source, sample)) comparison.addSample(table);
    const [report] = await compareWithSource(source, [comparison], sample.interval);
    expect(report?.periodic.map(({ column }) => column)).toEqual(periodic);
    if (n <= 100)
      expect(report?.columns.find(({ name }) => name === "weight")?.verdict).toBe(n === 100 ? "different" : "alike");
  }
});

test("says in one line what is missing", async () => {
  const source = new MemorySource({ takes: false, knowsSize: false });
  const fails = async (plan: Partial<SourceSampleOptions>, message: RegExp): Promise<void> => {
    await expect(planSample(source, { method: "random", seed: 1, ...plan })).rejects.toThrow(message);
  };
  await fails({}, /needs one of the two/);
  await fails({ n: 1, fraction: 0.5 }, /needs one of the two/);
  await fails({ fraction: 2 }, /must be in \(0, 1\]/);
  await fails({ n: 1001 }, /use n: got 1001, must be an integer in \[0, 1000\]/);
  await fails({ method: "stratified", n: 5 }, /by is absent/);
  await fails({ method: "stratified", n: 5, by: "nope" }, /"memory" has id, label, weight/);
  await fails({ method: "weighted", n: 5, weight: "label" }, /that of row 0 is NaN/);
  await fails({ method: "cluster", n: 9, clusters: 9 }, /use clusters: got 9/);
  await fails({ method: "cluster", n: 5, clusters: 9, by: "weight" }, /got 9 clusters, there must be a row for each/);
  await fails({ method: "numpy", n: 5, weight: "weight" }, /its probabilities are not known/);
  const sample = await planSample(source, { method: "random", n: 5, seed: 1 });
  await expect(gather(readSample(source, sample, { order: "drawn" }))).rejects.toThrow(
    /cannot find a row by its number/,
  );
});
