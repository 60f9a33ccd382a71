/** Makes the batches of a stream: the same in the main thread and in workers, for it knows nothing but a spec and numbers. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { DataError, explain } from "../../base/errors.ts";
import type { TypedArray } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Fault, FaultLog } from "../fault.ts";
import type { Source } from "../source/source.ts";
import type { Cell, Column } from "../table.ts";
import { Collator, type SampleShapes, shapesOf } from "./collate.ts";
import { FaultError } from "./fault-error.ts";
import { openStreamSource, type StreamAccess } from "./open-stream-source.ts";
import { addOrderHashes, orderHash } from "./order-hash.ts";
import { modulePath, type Purpose, type SampleReader, sampleReader } from "./sample-input.ts";
import { type PlannedSample, type StreamPlan, streamPlan } from "./stream-plan.ts";
import type { CheckedStreamSpec, StreamSource } from "./stream-spec.ts";
import { takeWhole } from "./take-whole.ts";

/** Parts of a stream. */
export type StreamSplit = "train" | "validation";

/** Which samples a batch has. */
export interface BatchRequest {
  readonly split: StreamSplit;
  readonly purpose: Purpose;
  /** Numbers in the plan of the split. */
  readonly numbers: Float64Array;
}

/** A batch, and what happened on the way to it. */
export interface MadeBatch {
  readonly arrays: Record<string, TypedArray>;
  /** Order hash of the samples that are in it. */
  readonly hash: bigint;
  /** What could not be used; other samples stand in. */
  readonly faults: readonly Fault[];
  /** Bytes that were read and made for it. */
  readonly sizeBytes: number;
}

/** Samples that are tried in the place of a damaged one before the data is given up. */
const maxAttempts = 64;
/** Samples of a batch that are decoded at the same time. */
const maxDecoding = 8;

interface Part {
  readonly sources: readonly Source[];
  readonly plan: StreamPlan;
}

/** A place in a batch and the sample that is tried for it. */
interface Slot {
  readonly slot: number;
  readonly number: number;
  readonly sample: PlannedSample;
  readonly attempt: number;
}

/** Opens the sources of a spec and makes batches of them. */
export class BatchMaker implements AsyncDisposable {
  readonly spec: CheckedStreamSpec;
  readonly #parts: Readonly<Partial<Record<StreamSplit, Part>>>;
  readonly #read: SampleReader;
  readonly #columns: readonly string[];
  readonly #resources: AsyncDisposableStack;
  readonly #stop = new AbortController();
  /** What is being made: sources are closed when nobody reads them any more. */
  readonly #running = new Set<Promise<unknown>>();
  #shapes: Promise<SampleShapes> | undefined;

  private constructor(
    spec: CheckedStreamSpec,
    parts: BatchMaker["parts"],
    read: SampleReader,
    columns: readonly string[],
    resources: AsyncDisposableStack,
    shapes: SampleShapes | undefined,
  ) {
    this.spec = spec;
    this.#shapes = shapes === undefined ? undefined : Promise.resolve(shapes);
    this.#resources = resources;
    this.#parts = parts;
    this.#read = read;
    this.#columns = columns;
  }

  /**
   * @param spec - Checked.
   * @param access - How data is reached.
   * @param faults - Where faults go that opening finds.
   * @param shapes - What {@link shapes} of another maker of the same spec found.
   * @throws DataError if a source cannot be opened, or lacks a column.
   */
  static async open(
    spec: CheckedStreamSpec,
    access: StreamAccess,
    faults: FaultLog = new FaultLog(),
    shapes?: SampleShapes,
  ): Promise<BatchMaker> {
    await using resources = new AsyncDisposableStack();
    const open = async (sources: readonly StreamSource[]): Promise<Source[]> => {
      const opened: Source[] = [];
      for (const source of sources) opened.push(resources.use(await openStreamSource(source, access, faults)));
      return opened;
    };
    const { order, seed, last, epochSize } = spec;
    const sources = await open(spec.sources);
    const planned = sources.map((source, i) => ({
      fileRows: fileRowsOf(source),
      weight: spec.sources[i]?.weight ?? 1,
    }));
    const train: Part = {
      sources,
      plan: streamPlan({ sources: planned, order, seed, last, ...(epochSize === undefined ? {} : { epochSize }) }),
    };
    const trained = new Set(spec.sources.map(({ location }) => location));
    const held = await open(
      // Never what is trained on, unless it is asked for by name.
      (spec.validation ?? []).map((each) => (trained.has(each.location) ? { split: "validation", ...each } : each)),
    );
    const validation: Part | undefined = held.length === 0 ? undefined : { sources: held, plan: inOrder(held) };
    const [first] = sources;
    const { read, columns } = await sampleReader(spec, first?.schema ?? []);
    for (const { location, schema } of [...sources, ...held])
      for (const column of columns)
        if (!schema.some(({ name }) => name === column))
          throw new DataError(
            explain({
              api: "streamDataset",
              action: `read column "${column}" of "${location}"`,
              received: `the columns are ${schema.map(({ name }) => `"${name}"`).join(", ")}`,
              rule: "all sources have the columns that are used",
            }),
            { source: location },
          );
    const parts = { train, ...(validation === undefined ? {} : { validation }) };
    return new BatchMaker(spec, parts, read, columns, resources.move(), shapes);
  }

  /** Sources and plans, by part of the stream. */
  get parts(): Readonly<Partial<Record<StreamSplit, Part>>> {
    return this.#parts;
  }

  /** What the inputs look like: as in the first good sample of the first epoch, the same for every rank and worker. */
  shapes(): Promise<SampleShapes> {
    this.#shapes ??= (async () => {
      let shapes: SampleShapes | undefined;
      await this.#fill({ split: "train", purpose: "train", numbers: Float64Array.of(0) }, (_, tensors) => {
        shapes = shapesOf(tensors);
      });
      return shapes as SampleShapes;
    })();
    return this.#shapes;
  }

  /**
   * Makes a batch.
   *
   * @throws DataError if no sample is found in the place of a damaged one; what the sources throw when data is out of reach.
   */
  async make(request: BatchRequest): Promise<MadeBatch> {
    const made = this.#make(request);
    this.#running.add(made);
    try {
      return await made;
    } finally {
      this.#running.delete(made);
    }
  }

  async #make(request: BatchRequest): Promise<MadeBatch> {
    const collator = new Collator(await this.shapes(), request.numbers.length);
    const made = await this.#fill(request, (slot, tensors) => collator.set(slot, tensors));
    const arrayBytes = Object.values(collator.arrays).reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { ...made, arrays: collator.arrays, sizeBytes: made.sizeBytes + arrayBytes };
  }

  /** Reads the samples with these numbers, or others near them, and calls `use` with each. What `use` throws is the sample's fault. */
  async #fill(
    { split, purpose, numbers }: BatchRequest,
    use: (slot: number, tensors: Map<string, Tensor>) => void,
  ): Promise<Omit<MadeBatch, "arrays">> {
    const part = this.#parts[split] as Part;
    let open = Array.from(
      numbers,
      (number, slot): Slot => ({ slot, number, sample: part.plan.sampleAt(number), attempt: 0 }),
    );
    const faults: Fault[] = [];
    let hash = 0n;
    let sizeBytes = 0;
    while (open.length > 0) {
      const damaged: Slot[] = [];
      const give = (slot: Slot, fault: Fault): void => {
        faults.push(fault);
        damaged.push(slot);
      };
      for (const [source, slots] of Map.groupBy(open, ({ sample }) => sample.source)) {
        const opened = part.sources[source] as Source;
        const rows = slots.map(({ sample }) => sample.row);
        const { signal } = this.#stop;
        signal.throwIfAborted();
        const taken = await takeWhole(opened, rows, { columns: this.#columns, signal });
        sizeBytes += taken.sizeBytes;
        for (const [i, fault] of taken.faults) give(slots[i] as Slot, fault);
        const columns = Object.entries(taken.table.columns);
        let next = 0;
        const reader = async (): Promise<void> => {
          while (next < taken.kept.length && !signal.aborted) {
            const i = next++;
            const slot = slots[taken.kept[i] as number] as Slot;
            try {
              use(slot.slot, await this.#read(cellsAt(columns, i), slot.sample, purpose));
              hash = addOrderHashes(hash, orderHash(slot.number, source, slot.sample.row));
            } catch (error) {
              if (!(error instanceof FaultError)) throw error;
              const { faultCode: code, message: detail } = error;
              give(slot, { code, source: opened.location, row: slot.sample.row, detail });
            }
          }
        };
        await Promise.all(Array.from({ length: maxDecoding }, reader));
        signal.throwIfAborted(); // the readers left samples out
      }
      open = damaged.map(({ slot, number, attempt }, i) => {
        if (attempt === maxAttempts) throw givenUp(faults[faults.length - damaged.length + i] as Fault);
        const sample = part.plan.sampleAt(part.plan.substituteOf(number, attempt));
        return { slot, number, sample, attempt: attempt + 1 };
      });
    }
    return { hash, faults, sizeBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
    await this.#resources.disposeAsync();
  }
}

function cellsAt(columns: readonly (readonly [string, Column])[], row: number): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (const [name, column] of columns) cells[name] = column[row] as Cell;
  return cells;
}

function fileRowsOf({ files, numRows = 0 }: Source): number[] {
  const rows = files.map((file) => file.numRows ?? Number.NaN);
  // A source that does not tell how many rows each file has is one block of them.
  return rows.some(Number.isNaN) || rows.length === 0 ? [numRows] : rows;
}

/** Sources one after the other, as an evaluation goes through them. */
function inOrder(sources: readonly Source[]): StreamPlan {
  const rows = sources.map(({ numRows = 0 }) => numRows);
  const total = rows.reduce((sum, count) => sum + count, 0);
  const plan = streamPlan({ sources: [{ fileRows: [total], weight: 1 }], order: { kind: "sequential" }, seed: 0 });
  return {
    ...plan,
    sampleAt: (number) => {
      let { row, pass } = plan.sampleAt(number);
      let source = 0;
      for (; row >= (rows[source] as number); source++) row -= rows[source] as number;
      return { source, pass, row };
    },
  };
}

function givenUp(fault: Fault): DataError {
  return new DataError(
    explain({
      api: "streamDataset",
      action: `find a sample in the place of row ${fault.row ?? "?"} of "${fault.source}"`,
      received: `${maxAttempts} others near it are damaged as well, the last one: ${fault.code}: ${fault.detail}`,
      rule: "most samples must be usable",
    }),
    { source: fault.source },
  );
}

/** Identifies what a stream delivers and in which order: everything in the spec but where the data is, and the data itself. */
export function hashSpec(spec: CheckedStreamSpec, parts: BatchMaker["parts"]): string {
  const { sources, validation, seed, map, ...rest } = spec;
  const named = (list: readonly StreamSource[] | undefined, part: Part | undefined): unknown =>
    list?.map(({ weight = 1 }, i) => [part?.sources[i]?.fingerprint, part?.sources[i]?.numRows, weight]);
  // What the user's module does, wherever it lies; modules that it imports are taken on trust.
  const mapped = map && {
    ...map,
    module: createHash("sha256")
      .update(readFileSync(modulePath(map.module)))
      .digest("hex"),
  };
  const content = [
    1,
    named(sources, parts.train),
    named(validation, parts.validation),
    sorted({ ...rest, map: mapped }),
  ];
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

/** The same content with the keys of objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
