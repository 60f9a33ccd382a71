/** Data of any format as a folder of compressed columns. */

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DataError, explain } from "../../base/errors.ts";
import { makeFolder, writeAtomically } from "../../base/files.ts";
import type { TypedArray } from "../../tensor/dtype.ts";
import type { Source } from "../source/source.ts";
import type { Column, Field, Schema } from "../table.ts";
import { WorkerPool } from "../worker-pool.ts";
import { type PackAnswer, type PackTask, packColumn } from "./_pack-column.ts";
import { buffersOf, type RowGroup, rowGroups } from "./_row-groups.ts";
import { type AchievedError, worseError } from "./achieved-error.ts";
import { type CodecChoice, type CodecGoal, chooseCodec } from "./choose-codec.ts";
import type { ColumnEncoding } from "./column-codec.ts";
import type { LossyMethod } from "./lossy.ts";
import { manifestName, type PackColumn, type PackManifest, type PackPart } from "./pack-manifest.ts";

/** Options of {@link packSource}. */
export interface PackOptions {
  /** What encodings are chosen for. @defaultValue "balanced" */
  readonly goal?: CodecGoal;
  /** Only this coder. @defaultValue chosen for each column */
  readonly codec?: ColumnEncoding["codec"];
  /** Only this level [0, 9]. @defaultValue chosen for each column */
  readonly level?: number;
  /** How columns of floats may lose, by name. @defaultValue not at all */
  readonly lossy?: Readonly<Record<string, LossyMethod>>;
  /** Encodings by column that are not to be chosen: those of another pack's manifest give the same bytes again. */
  readonly encodings?: Readonly<Record<string, ColumnEncoding>>;
  /** Columns to keep. @defaultValue all */
  readonly columns?: readonly string[];
  /** Uncompressed bytes of rows that are compressed together, and read together later. @defaultValue 8,388,608 */
  readonly groupBytes?: number;
  /** Threads, or 0 for this one. @defaultValue all cores */
  readonly workers?: number;
  /** Whether a pack in the folder is replaced. @defaultValue false */
  readonly overwrite?: boolean;
  /** Stops the packing; what was written so far is no pack. */
  readonly signal?: AbortSignal;
  /** Hears of the choice for each column, with all that was tried. */
  readonly onChoice?: (field: Field, choice: CodecChoice) => void;
  /** Hears of rows and uncompressed bytes so far. */
  readonly onProgress?: (progress: { readonly numRows: number; readonly plainBytes: number }) => void;
}

/** Uncompressed bytes from which encodings are chosen, of each column. */
const sampleBytes = 256 << 10;

/**
 * Compresses a source into a folder: columns by column, each with the encoding that is best for it, checked by hashes when they are read.
 *
 * Works through data of any size with the memory of a few groups of rows for each thread. Image and other bytes are kept as they are
 * where they do not get smaller. Open the folder with {@link openPack} or `openSource`.
 *
 * @param source - What to compress. It stays open. Rows with a fault are left out and counted.
 * @param folder - Where to; made if it is not there.
 * @param options - See {@link PackOptions}.
 * @returns What `manifest.json` says.
 * @throws DataError if the folder holds a pack, or a column that is named does not exist; what reading the source throws.
 *
 * @example Pack and open
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, rm, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openPack, packSource } from "cameo/data/codec";
 * import { openSource } from "cameo/data/source";
 *
 * const folder = await mkdtemp(join(tmpdir(), "pack-"));
 * const lines = Array.from({ length: 500 }, (_, i) => JSON.stringify({ id: i, kind: i % 2 === 0 ? "even" : "odd" }));
 * await writeFile(join(folder, "rows.jsonl"), lines.join("\n"));
 * await using source = await openSource(join(folder, "rows.jsonl"));
 * const { numRows } = await packSource(source, join(folder, "packed"), { workers: 0 });
 * assert.equal(numRows, 500);
 * await using pack = await openPack(join(folder, "packed"));
 * assert.deepEqual((await pack.take?.([7, 4]))?.columns.kind, ["odd", "even"]);
 * await rm(folder, { recursive: true });
 * ```
 */
export async function packSource(source: Source, folder: string, options: PackOptions = {}): Promise<PackManifest> {
  const { groupBytes = 8 << 20, workers = availableParallelism(), signal } = options;
  const schema = chosenColumns(source, options);
  if (!options.overwrite && existsSync(join(folder, manifestName)))
    throw refusal(folder, "there is a pack in it", "must not hold one, or be overwritten");
  await makeFolder(folder);
  await using pool =
    workers === 0
      ? undefined
      : new WorkerPool<PackTask, PackAnswer>(new URL("./_pack-worker", import.meta.url), { size: workers });
  const compress = pool === undefined ? onThisThread : onThreads(pool);
  let encodings: readonly ColumnEncoding[] | undefined;
  const totals = new Map<string, PackColumn>();
  const parts: Promise<PackPart>[] = [];
  let [numRows, plainBytes] = [0, 0];
  // Enough groups under way that no thread waits, and no more: they are what takes memory.
  const mostUnderWay = Math.max(1, Math.min(workers + 1, Math.floor((256 << 20) / groupBytes)));
  for await (const group of rowGroups(source, schema, groupBytes, signal)) {
    encodings ??= schema.map((field, i) => encodingOf(field, group.columns[i] as Column, group, options));
    const file = `rows-${String(parts.length).padStart(6, "0")}.bin`;
    const part = writePart(join(folder, file), file, group, schema, encodings, compress, totals);
    part.catch(() => {}); // Reported where it is awaited.
    parts.push(part);
    await parts[parts.length - mostUnderWay];
    numRows += group.numRows;
    plainBytes += group.plainBytes.reduce((sum, size) => sum + size, 0);
    options.onProgress?.({ numRows, plainBytes });
  }
  const written = await Promise.all(parts);
  const columns = schema.map((field) => [field.name, totals.get(field.name) ?? emptyColumn(field, options)] as const);
  const manifest: PackManifest = {
    format: "cameo-pack",
    version: 1,
    schema,
    numRows,
    columns: Object.fromEntries(columns),
    parts: written,
    source: {
      format: source.format,
      fingerprint: source.fingerprint,
      faults: source.faults.counts() as Record<string, number>,
    },
  };
  await writeAtomically(join(folder, manifestName), `${JSON.stringify(manifest, null, 1)}\n`);
  return manifest;
}

function refusal(folder: string, received: string, rule: string): DataError {
  return new DataError(explain({ api: "packSource", action: `write "${folder}"`, received, rule }), { source: folder });
}

function chosenColumns(source: Source, { columns, lossy = {}, encodings = {} }: PackOptions): Schema {
  const names = new Map(source.schema.map((field) => [field.name, field]));
  for (const name of [...(columns ?? []), ...Object.keys(lossy), ...Object.keys(encodings)])
    if (!names.has(name))
      throw refusal(source.location, `there is no column "${name}"`, `must be one of ${[...names.keys()].join(", ")}`);
  for (const name of Object.keys(lossy)) {
    const type = names.get(name)?.type;
    if (type !== "float32" && type !== "float64")
      throw refusal(source.location, `column "${name}" is of type ${type}`, "only float32 and float64 may lose");
  }
  return columns === undefined ? source.schema : columns.map((name) => names.get(name) as Field);
}

const emptyColumn = ({ name }: Field, { encodings }: PackOptions): PackColumn => ({
  encoding: encodings?.[name] ?? { transform: "none", shuffle: "none", codec: "zstd", level: 1 },
  plainBytes: 0,
  codedBytes: 0,
});

function encodingOf(field: Field, values: Column, group: RowGroup, options: PackOptions): ColumnEncoding {
  const given = options.encodings?.[field.name];
  if (given !== undefined) return given;
  const { goal, codec, level } = options;
  const lossy = options.lossy?.[field.name];
  const share = Math.min(
    1,
    (sampleBytes * group.columns.length) / group.plainBytes.reduce((sum, size) => sum + size, 0),
  );
  const rows = Math.max(1, Math.ceil(group.numRows * share));
  const perRow = values.length / group.numRows;
  const sample = ArrayBuffer.isView(values) ? (values as TypedArray).subarray(0, rows * perRow) : values.slice(0, rows);
  const choice = chooseCodec(sample as Column, field, {
    ...(goal === undefined ? {} : { goal }),
    ...(codec === undefined ? {} : { codec }),
    ...(level === undefined ? {} : { level }),
    ...(lossy === undefined ? {} : { lossy }),
  });
  options.onChoice?.(field, choice);
  return choice.encoding;
}

type Compress = (task: PackTask) => Promise<PackAnswer>;

const onThreads =
  (pool: WorkerPool<PackTask, PackAnswer>): Compress =>
  (task) =>
    pool.run(task, buffersOf(task.values, task.field));

const onThisThread: Compress = (task) => Promise.resolve().then(() => packColumn(task));

/** Compresses a group, writes it, and adds to the totals of the columns. */
async function writePart(
  path: string,
  file: string,
  group: RowGroup,
  schema: Schema,
  encodings: readonly ColumnEncoding[],
  compress: Compress,
  totals: Map<string, PackColumn>,
): Promise<PackPart> {
  const tasks = schema.map((field, i) => ({
    field,
    values: group.columns[i] as Column,
    encoding: encodings[i] as ColumnEncoding,
  }));
  const answers = await Promise.all(tasks.map(compress));
  const sizeBytes = answers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const content = new Uint8Array(sizeBytes);
  let at = 0;
  const chunks = answers.map(({ bytes, sha256 }) => {
    content.set(bytes, at);
    at += bytes.length;
    return { start: at - bytes.length, sizeBytes: bytes.length, sha256 };
  });
  await writeAtomically(path, content);
  schema.forEach(({ name }, i) => {
    const before = totals.get(name);
    const { bytes, error } = answers[i] as PackAnswer;
    const worst: AchievedError | undefined =
      before?.error === undefined || error === undefined ? (error ?? before?.error) : worseError(before.error, error);
    totals.set(name, {
      encoding: encodings[i] as ColumnEncoding,
      plainBytes: (before?.plainBytes ?? 0) + (group.plainBytes[i] as number),
      codedBytes: (before?.codedBytes ?? 0) + bytes.length,
      ...(worst === undefined ? {} : { error: worst }),
    });
  });
  return { file, numRows: group.numRows, sizeBytes, chunks };
}
