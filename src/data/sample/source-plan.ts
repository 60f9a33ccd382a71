/** Which rows of a source a sampler draws: the passes that each method needs, over only the columns that it needs. */

import type { Source } from "../source/source.ts";
import { cluster, stratified } from "./_plan-groups.ts";
import { cell, PlanReader } from "./_plan-reader.ts";
import { NumpyGenerator } from "./numpy/generator.ts";
import { NumpyRandomState } from "./numpy/random-state.ts";
import { sampleRandom } from "./random.ts";
import { Reservoir } from "./reservoir.ts";
import { equalSample } from "./sample.ts";
import type { SampleMethod, SourceSample, SourceSampleOptions } from "./source-sample.ts";
import { hashSplit } from "./split.ts";
import { sampleSystematic } from "./systematic.ts";
import { sampleWeighted } from "./weighted.ts";
import { WeightedReservoir } from "./weighted-reservoir.ts";

/**
 * Decides which rows of a source to draw. Memory is that of the rows drawn; `sort`, and `weight` with replacement or with NumPy, take 8 to
 * 20 bytes for each row of the source.
 *
 * @param source - Read at most twice, in only the columns that the method needs; not at all if its number of rows is known and enough.
 * @param options - See {@link SourceSampleOptions}.
 * @returns The rows, in the order they were drawn.
 * @throws DataError if a column is missing or holds something else; RangeError if there are too few rows.
 *
 * @example The same rows whatever the format
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { planSample } from "cameo/data/sample";
 * import { openSource } from "cameo/data/source";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "sample-")), "people.jsonl");
 * await writeFile(path, Array.from({ length: 1000 }, (_, id) => `{"id":${id},"country":"${id % 3}"}\n`).join(""));
 * await using source = await openSource(path);
 * const { rows } = await planSample(source, { method: "stratified", by: "country", n: 100, seed: 1 });
 * assert.equal(rows.length, 100);
 * ```
 */
export async function planSample(source: Source, options: SourceSampleOptions): Promise<SourceSample> {
  return await plans[options.method](new PlanReader(source, options));
}

/** One plan for each method. */
const plans: Readonly<Record<SampleMethod, (reader: PlanReader) => Promise<SourceSample>>> = {
  random,
  systematic,
  stratified,
  cluster,
  reservoir,
  weighted,
  hash,
  numpy: (reader) => choose(reader, new NumpyGenerator(reader.options.seed)),
  "numpy-legacy": (reader) => choose(reader, new NumpyRandomState(reader.options.seed)),
};

async function random(reader: PlanReader): Promise<SourceSample> {
  const size = await reader.size();
  return { ...sampleRandom({ size, n: reader.count(size), ...reader.draw() }), size };
}

async function systematic(reader: PlanReader): Promise<SourceSample> {
  const { sort } = reader.options;
  if (sort === undefined) {
    const size = await reader.size();
    return { ...sampleSystematic({ size, n: reader.count(size), seed: reader.options.seed }), size };
  }
  const { rows, cells } = await reader.column(sort);
  const sortKey = cells as number[];
  const size = rows.length;
  const sample = sampleSystematic({ size, n: reader.count(size), seed: reader.options.seed, sortKey });
  const { inclusionProbabilities } = sample;
  return { rows: sample.rows.map((place) => rows[place] as number), inclusionProbabilities, size };
}

async function reservoir(reader: PlanReader): Promise<SourceSample> {
  const { n = reader.need("n") } = reader.options;
  const reservoir = new Reservoir<number>({ n, seed: reader.options.seed });
  for await (const { rows } of reader.read([]))
    for (let i = 0; i < rows.length; i++) {
      const ahead = Math.min(reservoir.next - reservoir.seen, rows.length - i);
      reservoir.skip(ahead);
      i += ahead;
      if (i < rows.length) reservoir.offer(rows[i] as number);
    }
  return { ...equalSample(Float64Array.from(reservoir.items), reservoir.inclusionProbability), size: reservoir.seen };
}

async function weighted(reader: PlanReader): Promise<SourceSample> {
  const { weight = reader.need("weight"), replace = false } = reader.options;
  if (replace || reader.options.n === undefined) {
    const { rows, cells } = await reader.column(weight);
    const weights = Float64Array.from(cells as number[], Number);
    const sample = sampleWeighted(weights, { n: reader.count(rows.length), ...reader.draw() });
    return { ...sample, rows: sample.rows.map((place) => rows[place] as number), size: rows.length };
  }
  const reservoir = new WeightedReservoir<number>({ n: reader.options.n, seed: reader.options.seed });
  for await (const slice of reader.read([weight]))
    for (let i = 0; i < slice.numRows; i++) {
      const row = slice.rows[i] as number;
      reservoir.offer(row, Number(cell(slice, weight, i)), row);
    }
  const items = reservoir.items();
  if (items.length < reader.options.n)
    reader.fail(`draw ${reader.options.n} rows`, `${items.length} have a positive weight`, "there must be as many");
  return {
    rows: Float64Array.from(items, ({ item }) => item),
    inclusionProbabilities: Float64Array.from(items, ({ inclusionProbability }) => inclusionProbability),
    size: reservoir.seen,
  };
}

async function hash(reader: PlanReader): Promise<SourceSample> {
  const { fraction = reader.need("fraction"), by } = reader.options;
  const partOf = hashSplit({ kept: fraction }, { seed: reader.options.seed, name: "hash" });
  return await reader.select(by === undefined ? [] : [by], (slice, i) => {
    const group = by === undefined ? (slice.rows[i] as number) : String(cell(slice, by, i));
    return partOf(group) === null ? 0 : fraction;
  });
}

async function choose(reader: PlanReader, generator: NumpyGenerator | NumpyRandomState): Promise<SourceSample> {
  const { weight, replace = false } = reader.options;
  if (weight === undefined) {
    const size = await reader.size();
    const n = reader.count(size);
    return { ...equalSample(generator.choice(size, { size: n, replace }), n / size), size };
  }
  const { rows, cells } = await reader.column(weight);
  const weights = Float64Array.from(cells as number[], Number);
  const sum = weights.reduce((total, value) => total + value, 0);
  const p = weights.map((value) => value / sum);
  const n = reader.count(rows.length);
  if (!replace)
    reader.fail("draw by weight as NumPy does", "replace is false", `its probabilities are not known; use "weighted"`);
  const places = generator.choice(rows.length, { size: n, replace, p });
  return {
    rows: places.map((place) => rows[place] as number),
    inclusionProbabilities: places.map((place) => n * (p[place] as number)),
    size: rows.length,
  };
}
