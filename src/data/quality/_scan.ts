/** The one pass over all rows: everything that can be said of a row by itself, kept in shards on disk. */

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Tensor } from "../../tensor/tensor.ts";
import type { FaultCode } from "../fault.ts";
import { type Image, image } from "../image.ts";
import type { Source } from "../source/source.ts";
import type { Cell, TableSlice } from "../table.ts";
import { WorkerPool } from "../worker-pool.ts";
import { rowContent } from "./_row-content.ts";
import { Scanner, type ScanResult, type ScanSetup, type ScanTask } from "./_scan-task.ts";
import { Shard } from "./_shard.ts";
import { type Piece, type RowKind, ShardBuilder, type Snapshot, snapshotOf } from "./_shard-builder.ts";
import { kept } from "./reasons.ts";
import { brokenRules, type Rules } from "./rules.ts";

/** What is scanned, and how. */
export interface ScanPlan {
  readonly kind: RowKind;
  /** The column with text or images; all columns of a table. */
  readonly columns: readonly string[];
  readonly rules: Rules;
  readonly setup: ScanSetup;
  readonly workers: number;
  /** Folder of the shards. */
  readonly folder: string;
  /** Rows of a shard. */
  readonly shardRows: number;
  readonly signal: AbortSignal | undefined;
  readonly onRows: (rows: number, contentBytes: number) => void;
}

/** A shard ends where it has this many bytes of content. */
const shardBytes = 2 ** 26;

const shardName = (index: number): string => `shard-${String(index).padStart(6, "0")}.bin`;

/** Scans a source from where the shards in the folder end. Returns all of them. */
export async function scanSource(source: Source, plan: ScanPlan): Promise<readonly Shard[]> {
  const shards = await finishedShards(plan.folder);
  const begun = shards.at(-1)?.facts.end ?? 0;
  for (const { facts } of shards) plan.onRows(facts.numRows, facts.contentBytes);
  await using scanners = new Scanners(plan);
  const queue: Promise<Piece>[] = [];
  // What the source reported when it was opened belongs to the first shard.
  const before: Snapshot = begun === 0 ? { end: 0, rowFaults: {}, numFaults: 0 } : snapshotOf(source, begun);
  let current = new ShardBuilder(plan.kind, source, before);
  const settle = async (): Promise<void> => {
    const piece = await (queue.shift() as Promise<Piece>);
    current.add(piece);
    plan.onRows(piece.slice.numRows, piece.result.contentBytes);
    if (piece.snapshot === undefined) return;
    shards.push(await current.write(join(plan.folder, shardName(shards.length)), piece.snapshot));
    current = new ShardBuilder(plan.kind, source, piece.snapshot);
  };
  let opened = before;
  const columns = [...new Set([...plan.columns, ...ruleColumns(source, plan.rules)])];
  let rows = 0;
  let bytes = 0;
  const read = source.read({
    columns,
    start: begun,
    batchRows: Math.min(plan.kind === "image" ? 16 : 512, plan.shardRows),
    ...(plan.signal === undefined ? {} : { signal: plan.signal }),
  });
  try {
    for await (const slice of read) {
      rows += slice.numRows;
      const { task, codes, size } = taskOf(slice, plan);
      bytes += size;
      const fills = Math.max(rows / plan.shardRows, bytes / shardBytes);
      let snapshot: Snapshot | undefined;
      if (fills >= 1) {
        const now = snapshotOf(source, (slice.rows.at(-1) as number) + 1);
        snapshot = settled(opened, now, rows);
        // Which of several faults are of rows to come is not told: better a place where there are none, if it is not far.
        if (fills < 2 && countOf(snapshot) < countOf(now)) snapshot = undefined;
      }
      if (snapshot !== undefined) {
        opened = snapshot;
        rows = bytes = 0;
      }
      const piece = scanners.scan(task).then((result) => ({ slice, codes, result, snapshot }));
      piece.catch(() => {}); // it is awaited in its turn
      queue.push(piece);
      if (queue.length >= 2 * plan.workers) await settle();
    }
    while (queue.length > 0) await settle();
  } finally {
    await Promise.allSettled(queue);
  }
  const end = snapshotOf(source, Math.max(current.end, source.numRows ?? 0));
  if (current.hasContent(end) || shards.length === 0)
    shards.push(await current.write(join(plan.folder, shardName(shards.length)), end));
  return shards;
}

/**
 * The part of `now` that is sure to be of rows up to its end. A source reports faults of rows behind those that it gave, too: those that end
 * a table, or of a table read ahead. A shard that counted them would count them twice in a check that goes on from it and reads them again.
 */
function settled(from: Snapshot, now: Snapshot, numRows: number): Snapshot {
  let missing = now.end - from.end - numRows;
  const rowFaults = Object.entries(now.rowFaults).map(([code, count]) => {
    const before = from.rowFaults[code as FaultCode] ?? 0;
    const own = Math.min(missing, count - before);
    missing -= own;
    return [code, before + own] as const;
  });
  return { ...now, rowFaults: Object.fromEntries(rowFaults) };
}

const countOf = ({ rowFaults }: Snapshot): number => Object.values(rowFaults).reduce((sum, count) => sum + count, 0);

/** Shards of an earlier run that follow each other; what lies behind a gap is removed. */
async function finishedShards(folder: string): Promise<Shard[]> {
  const names = new Set((await readdir(folder)).filter((name) => /^shard-\d+\.bin$/.test(name)));
  const shards: Shard[] = [];
  while (names.delete(shardName(shards.length))) shards.push(await Shard.open(join(folder, shardName(shards.length))));
  for (const name of names) await rm(join(folder, name));
  return shards;
}

const ruleColumns = ({ schema }: Source, rules: Rules): string[] =>
  schema
    .map(({ name }) => name)
    .filter(
      (name) => Object.hasOwn(rules, name) || Object.values(rules).some(({ boxSize }) => boxSize?.includes(name)),
    );

function taskOf(slice: TableSlice, plan: ScanPlan): { task: ScanTask; codes: (FaultCode | null)[]; size: number } {
  const codes = brokenRules(slice, plan.rules);
  if (plan.kind === "table") {
    const contents = codes.map((code, row) => (code === null ? rowContent(slice, plan.columns, row) : null));
    return {
      task: { kind: "text", contents },
      codes,
      size: contents.reduce((sum, text) => sum + (text?.length ?? 0), 0),
    };
  }
  const cells = slice.columns[plan.columns[0] as string] as readonly Cell[];
  const contents = codes.map((code, row) => {
    if (code !== null) return null;
    const cell = cells[row] as Cell;
    const content = plan.kind === "text" ? (typeof cell === "string" ? cell : null) : imageOf(cell);
    if (content === null) codes[row] = "schema"; // a null, say, where text or an image is needed
    return content;
  });
  const size = contents.reduce((sum: number, content) => sum + sizeOf(content), 0);
  return { task: { kind: plan.kind, contents } as ScanTask, codes, size };
}

/** An encoded image, or the pixels of a tensor [height, width] or [height, width, channels]. */
function imageOf(cell: Cell): Uint8Array | Image | null {
  if (cell instanceof Uint8Array) return cell;
  if (typeof cell !== "object" || cell === null || !("shape" in cell && "data" in cell)) return null;
  const { shape, data } = cell as Tensor;
  const [height = 0, width = 0, channels = 1] = shape;
  const arePixels = data instanceof Uint8Array || data instanceof Uint16Array || data instanceof Float32Array;
  if (!arePixels || shape.length < 2 || shape.length > 3 || height * width * channels === 0) return null;
  return image(data, width, height, channels);
}

function sizeOf(content: string | Uint8Array | Image | null): number {
  if (content === null) return 0;
  return "data" in Object(content) ? (content as Image).data.byteLength : (content as string | Uint8Array).length;
}

/** The threads, or none where one suffices. */
class Scanners implements AsyncDisposable {
  readonly #pool: WorkerPool<ScanTask, ScanResult> | undefined;
  readonly #own: Scanner | undefined;

  constructor({ setup, workers }: ScanPlan) {
    if (workers > 1) this.#pool = new WorkerPool(new URL("./_scan-worker", import.meta.url), { size: workers, setup });
    else this.#own = new Scanner(setup);
  }

  scan(task: ScanTask): Promise<ScanResult> {
    return this.#pool?.run(task) ?? (this.#own as Scanner).scan(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool?.[Symbol.asyncDispose]();
  }
}

/** Verdicts of all rows, in order. */
export async function allVerdicts(shards: readonly Shard[]): Promise<Uint8Array> {
  const verdicts = new Uint8Array(shards.reduce((sum, { facts }) => sum + facts.numRows, 0)).fill(kept);
  let at = 0;
  for (const shard of shards) {
    verdicts.set(await shard.verdicts(), at);
    at += shard.facts.numRows;
  }
  return verdicts;
}
