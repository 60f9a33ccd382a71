/** Sampling whole groups of rows (shards, files, documents, people), or some rows of some groups. */

import { explain } from "../../base/errors.ts";
import { checkCount } from "./_count.ts";
import { permutation } from "./permutation.ts";
import type { Sample } from "./sample.ts";

/** Options of {@link sampleClusters}. */
export interface ClusterSampleOptions {
  /** Clusters to draw. */
  readonly clusters: number;
  /** Rows to draw of each drawn cluster, as far as it has them. @defaultValue all */
  readonly rowsPerCluster?: number;
  /** Decides which. */
  readonly seed: number;
}

/** A {@link Sample} of whole or partial clusters. */
export interface ClusterSample extends Sample {
  /** The clusters drawn, ascending. */
  readonly clusters: readonly number[];
}

/**
 * Draws clusters at random, and all of their rows (one stage) or some (two stages).
 *
 * Use it where reaching a cluster costs more than reading on in it: shards on object storage above all. The price is precision, as rows of
 * a cluster are alike; {@link designEffect} says how much.
 *
 * @param sizes - Rows of each cluster; they follow each other, so the rows of the second begin at `sizes[0]`.
 * @param options - See {@link ClusterSampleOptions}.
 * @returns Rows, ascending; the inclusion probability is (clusters/all clusters) · (rows drawn/rows of the cluster).
 * @throws RangeError if there are fewer clusters.
 * @source Cochran, "Sampling Techniques", 3rd edition, 1977, chapters 9 and 11.
 *
 * @example Two rows of each of two shards
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleClusters } from "cameo/data/sample";
 *
 * const sample = sampleClusters([100, 50, 80, 100], { clusters: 2, rowsPerCluster: 2, seed: 1 });
 * assert.equal(sample.rows.length, 4);
 * assert.equal(sample.clusters.length, 2);
 * ```
 */
export function sampleClusters(sizes: ArrayLike<number>, options: ClusterSampleOptions): ClusterSample {
  const { rowsPerCluster = Number.POSITIVE_INFINITY, seed } = options;
  checkCount("sampleClusters", "clusters", options.clusters, 0, sizes.length);
  if (rowsPerCluster !== Number.POSITIVE_INFINITY) checkCount("sampleClusters", "rowsPerCluster", rowsPerCluster, 1);
  const drawn = permutation({ size: sizes.length, seed, name: "clusters" }).fill(0, new Float64Array(options.clusters));
  const clusters = [...drawn.sort()];
  const takes = clusters.map((cluster) => Math.min(rowsPerCluster, sizes[cluster] as number));
  const count = takes.reduce((sum, take) => sum + take, 0);
  const rows = new Float64Array(count);
  const inclusionProbabilities = new Float64Array(count);
  let offset = 0;
  let to = 0;
  let next = 0;
  for (const [i, cluster] of clusters.entries()) {
    while (next < cluster) offset += sizes[next++] as number;
    const size = sizes[cluster] as number;
    const take = takes[i] as number;
    const part = rows.subarray(to, to + take);
    if (take === size) for (let k = 0; k < size; k++) part[k] = k;
    else
      permutation({ size, seed, name: `rows of cluster ${cluster}` })
        .fill(0, part)
        .sort();
    for (let k = 0; k < take; k++) part[k] = (part[k] as number) + offset;
    inclusionProbabilities.fill((options.clusters / sizes.length) * (take / size), to, to + take);
    to += take;
  }
  return { rows, inclusionProbabilities, clusters };
}

/** What clustering costs; see {@link designEffect}. */
export interface DesignEffect {
  /** Variance of the mean over that of a simple random sample of as many rows. */
  readonly designEffect: number;
  /** How alike rows of a cluster are: 0 as any, 1 equal. */
  readonly intraclassCorrelation: number;
  /** Rows of a simple random sample that would tell as much. */
  readonly effectiveSampleSize: number;
}

/**
 * How much less a clustered sample tells than a random one, from the values in it.
 *
 * ```text
 * designEffect = 1 + (b − 1)·ρ,   b = Σ n_c² / Σ n_c,   ρ the intraclass correlation of one-way analysis of variance, at least 0
 * ```
 *
 * @param values - A number of each drawn row.
 * @param clusters - The cluster of each.
 * @throws RangeError if the two differ in length, or there are fewer than two clusters or no more rows than clusters.
 * @source Kish, "Survey Sampling", 1965, section 5.4; Donner, "A Review of Inference Procedures for the Intraclass Correlation
 * Coefficient", 1986, https://doi.org/10.2307/1403259.
 *
 * @example Rows that say the same three times
 * ```ts
 * import assert from "node:assert/strict";
 * import { designEffect } from "cameo/data/sample";
 *
 * const effect = designEffect([1, 1, 1, 5, 5, 5], ["a", "a", "a", "b", "b", "b"]);
 * assert.deepEqual(effect, { designEffect: 3, intraclassCorrelation: 1, effectiveSampleSize: 2 });
 * ```
 */
export function designEffect(values: ArrayLike<number>, clusters: ArrayLike<unknown>): DesignEffect {
  const count = values.length;
  const groups = new Map<unknown, { count: number; sum: number }>();
  let total = 0;
  for (let i = 0; i < count; i++) {
    const group = groups.get(clusters[i]) ?? { count: 0, sum: 0 };
    group.count++;
    group.sum += values[i] as number;
    total += values[i] as number;
    groups.set(clusters[i], group);
  }
  if (clusters.length !== count || groups.size < 2 || count <= groups.size)
    throw new RangeError(
      explain({
        api: "designEffect",
        action: "compare rows within and between clusters",
        received: `got ${count} values in ${groups.size} of ${clusters.length} clusters`,
        rule: "needs a cluster for each value, two clusters, and more rows than clusters",
      }),
    );
  const mean = total / count;
  let between = 0;
  let squares = 0;
  for (const group of groups.values()) {
    between += group.count * (group.sum / group.count - mean) ** 2;
    squares += group.count ** 2;
  }
  let within = 0;
  for (let i = 0; i < count; i++) {
    const group = groups.get(clusters[i]) as { count: number; sum: number };
    within += ((values[i] as number) - group.sum / group.count) ** 2;
  }
  const meanBetween = between / (groups.size - 1);
  const meanWithin = within / (count - groups.size);
  const rowsPerCluster = (count - squares / count) / (groups.size - 1);
  const spread = meanBetween + (rowsPerCluster - 1) * meanWithin;
  const intraclassCorrelation = spread === 0 ? 0 : Math.max(0, (meanBetween - meanWithin) / spread);
  const effect = 1 + (squares / count - 1) * intraclassCorrelation;
  return { designEffect: effect, intraclassCorrelation, effectiveSampleSize: count / effect };
}
