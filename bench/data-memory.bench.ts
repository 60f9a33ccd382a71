/**
 * Memory of the data pipeline on a set of any size: makes documents with duplicates planted, then samples, checks, packs, shards and
 * streams them, each in a process of its own whose largest resident memory is read from the kernel (Linux).
 *
 *     npm run bench data-memory -- [gigabytes, default 2] [folder, default a temporary one that is removed]
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryLimitBytes, runMemoryJobs } from "../test/support/memory-jobs.ts";
import { makeTextSet } from "../test/support/text-set.ts";

const gigabytes = Number(process.argv[2] ?? 2);
const folder = process.argv[3] ?? (await mkdtemp(join(tmpdir(), "cameo-memory-")));
const { sizeBytes, rows, exactDuplicates, nearDuplicates } = await makeTextSet(join(folder, "set"), gigabytes * 1e9);
const count = (value: number): string => value.toLocaleString("en");
console.log(
  `${(sizeBytes / 1e9).toFixed(1)} GB, ${count(rows)} documents, ${count(exactDuplicates)} repeated, ${count(nearDuplicates)} nearly`,
);

await runMemoryJobs(folder, (name, { code, rssBytes, seconds, stderr }) => {
  const failure = code === 0 ? "" : `FAILED: ${stderr.trim().split("\n").at(-1)}`;
  const verdict = failure || (rssBytes < memoryLimitBytes ? "" : "ABOVE THE LIMIT");
  if (verdict !== "") process.exitCode = 1;
  const [peak, rate] = [(rssBytes / 2 ** 20).toFixed(0), (sizeBytes / 1e6 / seconds).toFixed(0)];
  console.log(
    `${name.padEnd(8)} ${peak.padStart(5)} MiB at most, ${seconds.toFixed(0).padStart(5)} s, ${rate.padStart(4)} MB/s ${verdict}`,
  );
});
if (process.argv[3] === undefined) await rm(folder, { recursive: true });
