/** Plans that go by groups of rows: strata and clusters. */

import { cell, type PlanReader } from "./_plan-reader.ts";
import { sampleClusters } from "./cluster.ts";
import { permutation } from "./permutation.ts";
import type { SourceSample } from "./source-sample.ts";
import { StratifiedSelector } from "./stratified.ts";

/** Counts the strata, then draws from each. */
export async function stratified(reader: PlanReader): Promise<SourceSample> {
  const { by = reader.need("by"), value, allocation, minimum } = reader.options;
  const moments = new Map<string, { count: number; mean: number; squares: number }>();
  for await (const slice of reader.read(value === undefined ? [by] : [by, value]))
    for (let i = 0; i < slice.numRows; i++) {
      const stratum = String(cell(slice, by, i));
      const moment = moments.get(stratum) ?? { count: 0, mean: 0, squares: 0 };
      moments.set(stratum, moment);
      const x = value === undefined ? 0 : Number(cell(slice, value, i));
      const step = x - moment.mean; // Welford
      moment.mean += step / ++moment.count;
      moment.squares += step * (x - moment.mean);
    }
  const sizes = new Map([...moments].map(([name, { count }]) => [name, count]));
  const size = [...sizes.values()].reduce((sum, count) => sum + count, 0);
  const selector = new StratifiedSelector(sizes, {
    n: reader.count(size),
    seed: reader.options.seed,
    ...(allocation !== undefined && { allocation }),
    ...(minimum !== undefined && { minimum }),
    ...(value !== undefined && {
      deviations: new Map([...moments].map(([name, { count, squares }]) => [name, Math.sqrt(squares / count)])),
    }),
  });
  return {
    ...(await reader.select([by], (slice, i) => selector.probabilityIfDrawn(String(cell(slice, by, i))))),
    size,
  };
}

/** Files, or the values of a column, as clusters. */
export async function cluster(reader: PlanReader): Promise<SourceSample> {
  const { by, n, clusters } = reader.options;
  // A cluster that is drawn and gives no row would count as drawn in the probabilities of all others.
  if (clusters !== undefined && n !== undefined && n < clusters)
    reader.fail(`draw ${n} rows`, `got ${clusters} clusters`, "there must be a row for each");
  if (by !== undefined) return await clusterBy(reader, by);
  const sizes = reader.source.files.map(({ numRows }) => numRows);
  if (sizes.some((numRows) => numRows === undefined))
    reader.fail("sample files", "their numbers of rows are not known", "name the clusters' column with by");
  const known = sizes as number[];
  const size = known.reduce((sum, numRows) => sum + numRows, 0);
  const share = reader.count(size) / Math.max(1, size);
  const wanted = clusters ?? Math.max(1, Math.round(share * known.length));
  const rowsPerCluster = clusters === undefined || n === undefined ? undefined : Math.max(1, Math.round(n / clusters));
  const sample = sampleClusters(known, {
    clusters: wanted,
    seed: reader.options.seed,
    ...(rowsPerCluster !== undefined && { rowsPerCluster }),
  });
  return { ...sample, size };
}

async function clusterBy(reader: PlanReader, by: string): Promise<SourceSample> {
  const { n, clusters } = reader.options;
  const sizes = new Map<string, number>();
  for await (const slice of reader.read([by]))
    for (let i = 0; i < slice.numRows; i++) {
      const name = String(cell(slice, by, i));
      sizes.set(name, (sizes.get(name) ?? 0) + 1);
    }
  const size = [...sizes.values()].reduce((sum, count) => sum + count, 0);
  const share = reader.count(size) / Math.max(1, size);
  const wanted = clusters ?? Math.max(1, Math.round(share * sizes.size));
  const names = [...sizes.keys()].sort();
  if (wanted > names.length)
    reader.fail(`draw ${wanted} clusters`, `"${by}" has ${names.length} values`, "there must be as many");
  const order = permutation({ size: names.length, seed: reader.options.seed, name: "clusters" });
  const drawn = Array.from({ length: wanted }, (_, i) => names[order.at(i)] as string);
  // Within the drawn clusters, as strata of their own: all rows, or n in equal parts.
  const inside = new Map(drawn.map((name) => [name, sizes.get(name) as number]));
  const rows = [...inside.values()].reduce((sum, count) => sum + count, 0);
  const selector = new StratifiedSelector(inside, {
    n: clusters === undefined || n === undefined ? rows : Math.min(n, rows),
    minimum: 1,
    allocation: "equal",
    seed: reader.options.seed,
  });
  const first = wanted / names.length;
  const sample = await reader.select([by], (slice, i) => {
    const name = String(cell(slice, by, i));
    return inside.has(name) ? first * selector.probabilityIfDrawn(name) : 0;
  });
  return { ...sample, size };
}
