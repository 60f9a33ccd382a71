/** The stages that need all rows: exact duplicates, then near ones. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AtomicFile } from "../atomic-file.ts";
import { findEqualKeys } from "./_equal-keys.ts";
import { findNearHashes } from "./_near-hashes.ts";
import type { Shard } from "./_shard.ts";
import { kept, removed } from "./reasons.ts";
import { UnionFind } from "./union-find.ts";

/** What the stages found, on disk: verdicts, padded to 4, then the parents of the sets. */
const fileName = "duplicates.bin";

/** The result of an earlier run in `folder`, or null. */
async function readResult(folder: string, size: number): Promise<{ verdicts: Uint8Array; sets: UnionFind } | null> {
  const bytes = await readFile(join(folder, fileName)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  const padded = Math.ceil(size / 4) * 4;
  if (bytes === null || bytes.length !== padded + 4 * size) return null;
  const { buffer } = Uint8Array.from(bytes);
  return { verdicts: new Uint8Array(buffer, 0, size), sets: new UnionFind(new Uint32Array(buffer, padded, size)) };
}

async function writeResult(folder: string, verdicts: Uint8Array, { parents }: UnionFind): Promise<void> {
  const padding = new Uint8Array((4 - (verdicts.length % 4)) % 4);
  await using file = await AtomicFile.create(join(folder, fileName));
  await file.write(verdicts);
  await file.write(padding);
  await file.write(new Uint8Array(parents.buffer, parents.byteOffset, parents.byteLength));
  await file.commit();
}

/** How near-duplicates are found. */
export interface DuplicatePlan {
  /** Folder that keeps the result. */
  readonly folder: string;
  readonly exact: boolean;
  /** Buckets of the texts' MinHash; 0 for none. */
  readonly buckets: number;
  /** Bits in which the hashes of images may differ; null if there are no images. */
  readonly imageDistance: number | null;
  readonly onStage: (stage: "exact-duplicates" | "near-duplicates", done: number, total: number) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Marks duplicates in `verdicts`.
 *
 * Of rows that are alike, the first stays that passes the filters, or the first if none does: a filter must not cost the others.
 *
 * @returns Which row stays for each row, counted as in `verdicts`.
 */
export async function markDuplicates(
  shards: readonly Shard[],
  verdicts: Uint8Array,
  plan: DuplicatePlan,
): Promise<UnionFind> {
  const before = await readResult(plan.folder, verdicts.length);
  if (before !== null) {
    verdicts.set(before.verdicts);
    return before.sets;
  }
  const exactDuplicate = removed("exact-duplicate");
  const isBetter = (a: number, b: number): boolean =>
    (verdicts[a] === kept) === (verdicts[b] === kept) ? a < b : verdicts[a] === kept;
  const sets = new UnionFind(verdicts.length, isBetter);
  const isSound = (row: number): boolean => (verdicts[row] as number) < 128;
  if (plan.exact) {
    plan.onStage("exact-duplicates", 0, 1);
    await findEqualKeys(
      shards,
      "content",
      4,
      (first, other) => {
        sets.union(first, other);
        verdicts[other] = exactDuplicate;
      },
      isSound,
    );
    plan.onStage("exact-duplicates", 1, 1);
  }
  const isWanted = (row: number): boolean => isSound(row) && verdicts[row] !== exactDuplicate;
  for (let bucket = 0; bucket < plan.buckets; bucket++) {
    plan.signal?.throwIfAborted();
    plan.onStage("near-duplicates", bucket, plan.buckets);
    await findEqualKeys(shards, `bucket-${bucket}`, 2, (first, other) => sets.union(first, other), isWanted);
  }
  if (plan.imageDistance !== null) await uniteImages(shards, plan.imageDistance, sets, isWanted);
  plan.onStage("near-duplicates", 1, 1);
  const nearDuplicate = removed("near-duplicate");
  for (let row = 0; row < verdicts.length; row++)
    if (isWanted(row) && sets.find(row) !== row) verdicts[row] = nearDuplicate;
  await writeResult(plan.folder, verdicts, sets);
  return sets;
}

async function uniteImages(
  shards: readonly Shard[],
  distance: number,
  sets: UnionFind,
  isWanted: (row: number) => boolean,
): Promise<void> {
  const rows: number[] = [];
  const hashes = new Uint32Array(4 * shards.reduce((sum, shard) => sum + shard.count("image"), 0));
  let base = 0;
  for (const shard of shards) {
    const { keys, indices } = await shard.keys("image", 0, 256);
    for (const [i, index] of indices.entries()) {
      if (!isWanted(base + index)) continue;
      hashes.set(keys.subarray(4 * i, 4 * i + 4), 4 * rows.length);
      rows.push(base + index);
    }
    base += shard.facts.numRows;
  }
  findNearHashes(hashes.subarray(0, 4 * rows.length), distance, (a, b) =>
    sets.union(rows[a] as number, rows[b] as number),
  );
}
