/** The whole check: integrity, profile, duplicates, filters, leakage; and the certificate of it. */

import { hash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { explain } from "../../base/errors.ts";
import { describeFault, type Fault, type FaultCode } from "../fault.ts";
import { hashSplit } from "../sample/split.ts";
import { type Profile, profileSource } from "../source/profile.ts";
import type { Source } from "../source/source.ts";
import { writeTable } from "../source/write-table.ts";
import type { Column, Table } from "../table.ts";
import { type CheckPlan, planOf } from "./_check-plan.ts";
import { contentHashes } from "./_content-hash.ts";
import { markDuplicates } from "./_duplicates.ts";
import { collectExamples } from "./_examples.ts";
import { hashFile, hashFiles } from "./_file-hashes.ts";
import { keptSchema, readKept, type SplitColumn } from "./_kept-rows.ts";
import { judgeLabels } from "./_label-stage.ts";
import { writeRemoved } from "./_removed-rows.ts";
import { rowContent } from "./_row-content.ts";
import { allVerdicts, scanSource } from "./_scan.ts";
import { ShingleSetBuilder } from "./_shingle-set.ts";
import { stageRecords } from "./_stage-records.ts";
import { clearFolder, prepareFolder } from "./_work-folder.ts";
import { type Certificate, type CertifiedFile, certificateSchema } from "./certificate.ts";
import type { CheckDataOptions, CheckProgress } from "./check-options.ts";
import { compareProfiles } from "./drift.ts";
import type { RemovalReason } from "./reasons.ts";
import { meetRequirements } from "./requirements.ts";

/**
 * Checks a data set from end to end, removes what should not be in it, and certifies what was done.
 *
 * Stages in order, each row leaving at the first that refuses it: integrity (what the source cannot read, rules that are broken), exact
 * duplicates, near-duplicates, text filters, overlap with a test set. The data is read once for all of them, and again to profile and to
 * write it; memory is bounded: some 5 bytes a row and a few hundred MB. Of rows that are alike, the first that passes the filters stays.
 *
 * @param source - The data. The caller disposes it.
 * @param options - See {@link CheckDataOptions}.
 * @returns The certificate. It is returned, and `passed` is false, also when the data misses a requirement.
 * @throws RangeError if an option is out of range or a column does not exist.
 * @throws DataError if the data cannot be read, or if the folder belongs to another check.
 *
 * @example Two rows alike
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { checkData } from "cameo/data/quality";
 * import { openSource } from "cameo/data/source";
 *
 * const file = join(await mkdtemp(join(tmpdir(), "check-")), "texts.jsonl");
 * const texts = ["the cat sat on the mat", "The cat sat on the mat!", "a dog barked all night long"];
 * await writeFile(file, texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
 * await using source = await openSource(file);
 * const { input, output, stages } = await checkData(source, { workers: 1 });
 * assert.deepEqual([input.rows, output.rows], [3, 2]);
 * assert.deepEqual(stages.find(({ name }) => name === "near-duplicates")?.removed, { "near-duplicate": 1 });
 * ```
 */
export async function checkData(source: Source, options: CheckDataOptions = {}): Promise<Certificate> {
  const begun = performance.now();
  const plan = planOf(source, options);
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "cameo-check-")));
  try {
    await prepareFolder(folder, plan, options.resume ?? false);
    const certificate = await certify(source, options, plan, folder, begun);
    if (options.folder !== undefined) await clearFolder(folder);
    return certificate;
  } finally {
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function certify(
  source: Source,
  options: CheckDataOptions,
  plan: CheckPlan,
  folder: string,
  begun: number,
): Promise<Certificate> {
  const { signal, reference, splits, out } = options;
  const report = (stage: CheckProgress["stage"], rows: number, bytes: number, share: number | null): void =>
    options.onProgress?.({ stage, rows, bytes, share });

  let hashed = 0;
  report("hash", 0, 0, 0);
  const files = await hashFiles(
    source,
    source.faults,
    (sizeBytes) => {
      hashed += sizeBytes;
      report("hash", 0, hashed, hashed / Math.max(1, source.sizeBytes));
    },
    signal,
  );

  if (options.against !== undefined) report("test-set", 0, 0, null);
  const against = options.against === undefined ? null : await shinglesOf(options.against, plan, signal);
  let rows = 0;
  let bytes = 0;
  const shards = await scanSource(source, {
    kind: plan.kind,
    columns: plan.columns,
    rules: plan.rules,
    setup: { filters: plan.filters, minHash: plan.minHash, against },
    workers: counted("workers", options.workers ?? availableParallelism(), 512),
    folder,
    shardRows: counted("shardRows", options.shardRows ?? 2 ** 16, 2 ** 16),
    signal,
    onRows: (more, moreBytes) => {
      rows += more;
      bytes += moreBytes;
      report("scan", rows, bytes, source.numRows === undefined ? null : rows / Math.max(1, source.numRows));
    },
  });
  const verdicts = await allVerdicts(shards);
  const sets = await markDuplicates(shards, verdicts, {
    folder,
    exact: plan.exactDuplicates,
    buckets: plan.kind === "text" ? (plan.minHash?.buckets ?? 0) : 0,
    imageDistance: plan.imageDistance,
    onStage: (stage, done, total) => report(stage, rows, bytes, done / total),
    signal,
  });
  if (options.removed !== undefined) await writeRemoved(options.removed, shards, verdicts, sets);
  const faults = firstOfEach(shards.flatMap((shard) => shard.facts.faults));
  const examples = await collectExamples(source, shards, verdicts, sets, plan.columns, options.examples ?? 3, signal);

  let profile: Profile | null = null;
  if (options.profile ?? true) {
    report("profile", rows, bytes, null);
    profile = await profileSource(source, { bins: 50, top: 50, ...(signal === undefined ? {} : { signal }) });
  }
  let labels: Certificate["labels"] = null;
  if (options.labels !== undefined) {
    report("labels", rows, bytes, null);
    const wanted = Object.values(options.labels);
    labels = await judgeLabels(readKept(source, shards, verdicts, null, signal, wanted), options.labels);
  }
  const counts = splits === undefined ? null : new Map<string, number>(Object.keys(splits).map((name) => [name, 0]));
  const split = counts === null ? null : splitColumn(options, plan, counts);
  let file: CertifiedFile | null = null;
  if (out !== undefined) {
    report("write", 0, 0, 0);
    const tables = watched(readKept(source, shards, verdicts, split, signal), (done) =>
      report("write", done, 0, done / Math.max(1, rows)),
    );
    const written = await writeTable(out, keptSchema(source, split), tables, signal === undefined ? {} : { signal });
    file = { location: out, sizeBytes: written.sizeBytes, sha256: await hashFile(out, signal) };
  } else if (split !== null) for await (const _ of readKept(source, shards, verdicts, split, signal));

  const stages = stageRecords(shards, verdicts, plan);
  const rowsIn = stages[0]?.rowsIn ?? 0;
  const rowsOut = stages.at(-1)?.rowsOut ?? 0;
  const rowsQuarantined = total(stages[0]?.removed ?? {});
  const hashes = await contentHashes(shards, verdicts);
  const drift = reference === undefined || profile === null ? null : compareProfiles(reference, profile);
  const body = {
    input: {
      location: source.location,
      format: source.format,
      fingerprint: source.fingerprint,
      ...files,
      rows: rowsIn,
      contentBytes: shards.reduce((sum, { facts }) => sum + facts.contentBytes, 0),
      contentHash: hashes.all,
    },
    output: {
      file,
      rows: rowsOut,
      contentHash: hashes.kept,
      splits: counts === null ? null : Object.fromEntries(counts),
    },
    rowsRemoved: rowsIn - rowsOut - rowsQuarantined,
    rowsQuarantined,
    drift,
    labels,
    faults,
  };
  const requirements = meetRequirements(options.requirements ?? {}, body);
  return {
    schema: certificateSchema,
    passed: requirements.every(({ passed }) => passed),
    createdAt: new Date().toISOString(),
    seconds: Math.round(performance.now() - begun) / 1000,
    versions: plan.versions,
    seed: plan.seed,
    ...body,
    stages,
    examples,
    profile,
    requirements,
  };
}

async function shinglesOf(source: Source, plan: CheckPlan, signal: AbortSignal | undefined) {
  const builder = new ShingleSetBuilder(plan.againstWords);
  // The test set may name its text as the data does, or have just one text.
  const [same = ""] = plan.columns;
  const named = source.schema.some(({ name }) => name === same) ? { column: same } : {};
  const column = planOf(source, { kind: "text", ...named }).columns[0] as string;
  for await (const slice of source.read({ columns: [column], ...(signal === undefined ? {} : { signal }) }))
    for (const text of slice.columns[column] as Iterable<unknown>) if (typeof text === "string") builder.add(text);
  return builder.build();
}

function splitColumn({ splits, group }: CheckDataOptions, plan: CheckPlan, counts: Map<string, number>): SplitColumn {
  const splitOf = hashSplit(splits ?? {}, { seed: plan.seed });
  const isGrouped = group !== undefined;
  const columns = isGrouped ? [group] : plan.columns;
  const [column = ""] = columns;
  return {
    name: "split",
    splitOf: (table: Table, row: number) => {
      const cell = (table.columns[column] as Column)[row];
      const isPlain = ["string", "number", "bigint"].includes(typeof cell);
      const key =
        isPlain && (isGrouped || columns.length === 1) ? String(cell) : hash("sha256", rowContent(table, columns, row));
      const name = splitOf(key) as string; // the shares are of a whole
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return name;
    },
  };
}

async function* watched(tables: AsyncIterable<Table>, onRows: (rows: number) => void): AsyncGenerator<Table> {
  let rows = 0;
  for await (const table of tables) {
    yield table;
    rows += table.numRows;
    onRows(rows);
  }
}

function total(counts: Partial<Record<RemovalReason | FaultCode, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** A few faults of each code: each run of a check that was stopped kept its own few, and some of them again. */
function firstOfEach(faults: readonly Fault[]): Fault[] {
  const numbers = new Map<FaultCode, number>();
  const different = new Map(faults.map((fault) => [describeFault(fault), fault]));
  return [...different.values()].filter(({ code }) => {
    const number = (numbers.get(code) ?? 0) + 1;
    numbers.set(code, number);
    return number <= 20;
  });
}

function counted(name: string, value: number, most: number): number {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new RangeError(
      explain({
        api: "checkData",
        action: `use ${name}`,
        received: `got ${value}`,
        rule: `must be an integer in [1, ${most}]`,
      }),
    );
  return value;
}
