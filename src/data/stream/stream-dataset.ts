/** Batches streamed from shards and other data that is not in memory: what `train` calls a dataset. */

import { availableParallelism } from "node:os";
import { explain } from "../../base/errors.ts";
import { type DType, sizeBytesOf, type TypedArray } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { FaultLog } from "../fault.ts";
import { WorkerPool } from "../worker-pool.ts";
import type { BatchWorkerSetup } from "./_batch-worker.ts";
import { ReadAhead } from "./_read-ahead.ts";
import { abortable } from "./abortable.ts";
import { BatchMaker, type BatchRequest, hashSpec, type MadeBatch, type StreamSplit } from "./batch-maker.ts";
import type { StreamAccess } from "./open-stream-source.ts";
import type { StreamPosition } from "./stream-plan.ts";
import { type CheckedStreamSpec, checkStreamSpec, type StreamSpec } from "./stream-spec.ts";

/** Options of {@link streamDataset}: where and how fast, never what. */
export interface StreamDatasetOptions extends StreamAccess {
  /**
   * Threads that read, decode and augment; 0 means that the calling thread does.
   * @defaultValue one less than there are cores, at most 8
   */
  readonly workers?: number;
  /** Memory of batches that are made ahead or under way, of training and of each evaluation [bytes]. @defaultValue 268,435,456 */
  readonly prefetchBytes?: number;
  /** Number of this process among `ranks`. @defaultValue 0 */
  readonly rank?: number;
  /** Processes that share each batch: the batch size that they ask for is that of one of them. @defaultValue 1 */
  readonly ranks?: number;
  /** Where faults go. With the policy "quarantine" another sample stands in. @defaultValue a new log with that policy */
  readonly faults?: FaultLog;
}

/** Arrays of a batch, by name of the input. */
export type StreamBatch = Record<string, TypedArray>;

/** The order in which a data set delivers its samples: what a checkpoint stores, and a resumed run compares. */
export interface StreamOrder {
  /** Identifies data and spec. */
  readonly specHash: string;
  readonly seed: number;
  /** Where training batch number `batch` begins. */
  positionOf(batch: number, batchSize: number): StreamPosition;
  /** Order hash of the samples in a batch that was delivered; undefined for any other object. */
  hashOf(batch: object): bigint | undefined;
}

/** Options of {@link StreamDataset.batches}. */
export interface StreamBatchesOptions {
  /** Samples in each; of one rank. */
  readonly batchSize: number;
  /** Number of the first batch. @defaultValue 0 */
  readonly start?: number;
  /** Number after the last. @defaultValue none: they have no end */
  readonly end?: number;
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** See {@link streamDataset}. */
export interface StreamDataset extends AsyncDisposable {
  /** Samples in an epoch. */
  readonly epochSize: number;
  /** dtype and shape of each input of one sample. */
  readonly inputs: ReadonlyMap<string, { readonly dtype: DType; readonly shape: Shape }>;
  readonly order: StreamOrder;
  readonly fingerprint: string;
  /** What could not be used so far; each once, however often it came up. */
  readonly faults: FaultLog;
  /** Training batch number `index`: a pure function of the spec and the numbers. Those after it are made ahead. */
  batch(index: number, batchSize: number): Promise<StreamBatch>;
  /** Batch `index` of a split in order, or null when what is left does not fill one. */
  evaluation(split: StreamSplit, index: number, batchSize: number): Promise<StreamBatch | null>;
  /** Training batches in order, made ahead no faster than they are taken. */
  batches(options: StreamBatchesOptions): AsyncGenerator<StreamBatch>;
}

/**
 * Streams batches from data of any size: MDS and WebDataset shards, Parquet, arrays, image folders; local or remote.
 *
 * The order is arithmetic, so a batch is a function of its number: the same for any number of workers and ranks, and a run resumes in the
 * middle of an epoch from one integer. In an epoch no sample is lost or comes twice. A damaged sample is set aside and another one near it in
 * the order stands in, the same one everywhere and every time; so does one whose arrays have another shape. What cannot be reached (a server
 * that fails, a file that is gone) ends the stream, for it may be there the next time.
 *
 * Dispose it: it holds threads and open files.
 *
 * @param spec - What is streamed; see {@link StreamSpec}.
 * @param options - See {@link StreamDatasetOptions}.
 * @returns The data set; indexes and footers have been read, and one sample.
 * @throws TypeError if the spec is none. DataError if a source cannot be opened. RangeError for ranks or workers that cannot be.
 *
 * @example A stream of rows
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openSource } from "cameo/data/source";
 * import { streamDataset, writeShards } from "cameo/data/stream";
 *
 * const folder = await mkdtemp(join(tmpdir(), "stream-"));
 * await writeFile(join(folder, "rows.jsonl"), [1, 2, 3, 4].map((x) => `{"x": ${x}}\n`).join(""));
 * const shards = join(folder, "shards");
 * await using rows = await openSource(join(folder, "rows.jsonl"));
 * await writeShards(rows, { format: "mds", folder: shards });
 *
 * const inputs = { x: { kind: "value", column: "x", dtype: "float32" } } as const;
 * await using data = await streamDataset({ sources: [{ location: shards }], inputs }, { workers: 0 });
 * const { x } = await data.batch(0, 4);
 * assert.deepEqual([...(x ?? [])].map(Number).sort(), [1, 2, 3, 4]);
 * ```
 */
export async function streamDataset(spec: StreamSpec, options: StreamDatasetOptions = {}): Promise<StreamDataset> {
  const checked = checkStreamSpec(spec);
  const {
    rank = 0,
    ranks = 1,
    workers = Math.min(8, availableParallelism() - 1),
    prefetchBytes = 2 ** 28,
    faults = new FaultLog(),
    cache,
    remote,
    verify,
    store,
  } = options;
  checkInteger("ranks", ranks, 1, 2 ** 31);
  checkInteger("rank", rank, 0, ranks - 1);
  checkInteger("workers", workers, 0, 512);
  if (!(prefetchBytes >= 0)) throw wrong("prefetchBytes", prefetchBytes, "must not be negative");
  const access: StreamAccess = {
    ...(cache === undefined ? {} : { cache }),
    ...(remote === undefined ? {} : { remote }),
    ...(verify === undefined ? {} : { verify }),
    ...(store === undefined ? {} : { store }),
  };
  await using resources = new AsyncDisposableStack();
  const maker = resources.use(await BatchMaker.open(checked, access, faults));
  const inputs = await maker.shapes();
  const specHash = hashSpec(checked, maker.parts);
  const setup: BatchWorkerSetup = { spec: checked, specHash, shapes: inputs, access };
  const pool =
    workers === 0
      ? undefined
      : resources.use(
          new WorkerPool<BatchRequest, MadeBatch>(new URL("./_batch-worker", import.meta.url), {
            size: workers,
            setup,
            closes: true,
          }),
        );
  const settings = { specHash, rank, ranks, prefetchBytes, faults, inputs };
  return new Stream(maker, pool, { ...settings, resources: resources.move() });
}

function wrong(name: string, value: unknown, rule: string): RangeError {
  return new RangeError(explain({ api: "streamDataset", action: `use ${name}`, received: `got ${value}`, rule }));
}

function checkInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw wrong(name, value, `must be an integer in [${least}, ${most}]`);
}

interface StreamSettings {
  readonly specHash: string;
  readonly rank: number;
  readonly ranks: number;
  readonly prefetchBytes: number;
  readonly faults: FaultLog;
  readonly inputs: StreamDataset["inputs"];
  readonly resources: AsyncDisposableStack;
}

class Stream implements StreamDataset {
  readonly inputs: StreamDataset["inputs"];
  readonly faults: FaultLog;
  readonly order: StreamOrder;
  readonly fingerprint: string;
  readonly epochSize: number;
  readonly #spec: CheckedStreamSpec;
  readonly #maker: BatchMaker;
  readonly #pool: WorkerPool<BatchRequest, MadeBatch> | undefined;
  readonly #settings: StreamSettings;
  /** Memory of the arrays of a sample. */
  readonly #sampleBytes: number;
  readonly #hashes = new WeakMap<object, bigint>();
  /** What is made ahead, by part of the stream and size. */
  readonly #ahead = new Map<string, ReadAhead<StreamBatch>>();

  constructor(maker: BatchMaker, pool: WorkerPool<BatchRequest, MadeBatch> | undefined, settings: StreamSettings) {
    this.#maker = maker;
    this.#pool = pool;
    this.#settings = settings;
    this.#spec = maker.spec;
    this.inputs = settings.inputs;
    this.faults = settings.faults;
    this.#sampleBytes = [...settings.inputs.values()].reduce(
      (sum, { dtype, shape }) => sum + sizeBytesOf(dtype, sizeOf(shape)),
      0,
    );
    const { specHash } = settings;
    const plan = this.#planOf("train");
    this.epochSize = plan.epochSize;
    this.fingerprint = `stream:${specHash}:${maker.spec.seed}`;
    this.order = {
      specHash,
      seed: maker.spec.seed,
      positionOf: (batch, batchSize) => plan.positionOf(batch, batchSize * settings.ranks),
      hashOf: (batch) => this.#hashes.get(batch),
    };
  }

  #planOf(split: StreamSplit): NonNullable<BatchMaker["parts"]["train"]>["plan"] {
    return (this.#maker.parts[split] as NonNullable<BatchMaker["parts"]["train"]>).plan;
  }

  async batch(index: number, batchSize: number): Promise<StreamBatch> {
    const plan = this.#planOf("train");
    checkInteger("batchSize", batchSize, 1, 2 ** 31);
    plan.positionOf(index, batchSize * this.#settings.ranks); // refuses what is no batch
    const ahead = this.#lane(`batch ${batchSize}`, batchSize, Number.POSITIVE_INFINITY, (number) => {
      const { rank, ranks } = this.#settings;
      const { numbers, padding } = plan.numbersOf(number, batchSize * ranks);
      const first = rank * batchSize;
      const real = Math.max(0, Math.min(batchSize, numbers.length - padding - first));
      return { numbers: numbers.slice(first, first + batchSize), real };
    });
    return ahead.get(index);
  }

  async evaluation(split: StreamSplit, index: number, batchSize: number): Promise<StreamBatch | null> {
    if (this.#maker.parts[split] === undefined) return null;
    checkInteger("batchSize", batchSize, 1, 2 ** 31);
    checkInteger("index", index, 0, Number.MAX_SAFE_INTEGER);
    const batches = Math.floor(this.#planOf(split).epochSize / batchSize);
    const key = `${split} ${batchSize}`;
    if (index >= batches) {
      this.#ahead.delete(key);
      return null;
    }
    const ahead = this.#lane(
      key,
      batchSize,
      batches,
      (number) => ({
        numbers: Float64Array.from({ length: batchSize }, (_, i) => number * batchSize + i),
        real: batchSize,
      }),
      { split, purpose: "evaluate" },
    );
    return ahead.get(index);
  }

  async *batches(options: StreamBatchesOptions): AsyncGenerator<StreamBatch> {
    const { batchSize, start = 0, end = Number.POSITIVE_INFINITY, signal } = options;
    for (let index = start; index < end; index++) {
      signal?.throwIfAborted();
      yield await abortable(this.batch(index, batchSize), signal);
    }
  }

  #lane(
    key: string,
    batchSize: number,
    end: number,
    request: (index: number) => { readonly numbers: Float64Array; readonly real: number },
    part: Pick<BatchRequest, "split" | "purpose"> = { split: "train", purpose: "train" },
  ): ReadAhead<StreamBatch> {
    const known = this.#ahead.get(key);
    if (known !== undefined) return known;
    const { prefetchBytes } = this.#settings;
    const ahead = new ReadAhead<StreamBatch>(
      async (index) => {
        const { numbers, real } = request(index);
        const wanted: BatchRequest = { ...part, numbers };
        const made = await (this.#pool?.run(wanted) ?? this.#maker.make(wanted));
        for (const fault of made.faults) this.faults.report(fault);
        const { arrays } = made;
        if (this.#spec.mask !== undefined)
          arrays[this.#spec.mask] = Float32Array.from({ length: numbers.length }, (_, i) => (i < real ? 1 : 0));
        this.#hashes.set(arrays, made.hash);
        return { result: arrays, sizeBytes: made.sizeBytes };
      },
      prefetchBytes,
      batchSize * this.#sampleBytes,
      end,
    );
    this.#ahead.set(key, ahead);
    return ahead;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ahead.clear();
    await this.#settings.resources.disposeAsync();
  }
}
