/** Opens files of records: checks each head, asks the format for a schema, and makes the source. */

import { nothingReadable } from "../first-fault.ts";
import { faultOf, ReadError } from "../store/read-error.ts";
import type { StoreEntry } from "../store/store.ts";
import { packingOf, streamUnpacked } from "../store/unpack.ts";
import { RecordFile, ReportOnce } from "./_record-file.ts";
import type { RecordFormat } from "./_record-format.ts";
import { RecordSource } from "./_record-source.ts";
import type { RecordFinder } from "./_records.ts";
import { type RecordSample, sampleRecords } from "./_sample-records.ts";
import { dataEntries, type OpenContext } from "./format.ts";
import type { Source } from "./source.ts";

/** How many files of a source are looked into before its schema is settled; of others, the header at most. */
const mostSampled = 4;

/** A file with a sample of its records. */
export interface SampledFile {
  readonly entry: StoreEntry;
  readonly sample: RecordSample;
}

/** What a format makes of the samples. */
export interface InferredFormat {
  readonly format: RecordFormat;
  /** Where the first row of a file begins, or why the file does not fit. */
  firstByte(file: SampledFile): number | string;
}

/** What a format of records is before its columns are known. */
export interface RecordFormatPlan {
  /** Where records end, told from the first bytes of the first file, unpacked. */
  finder(head: Uint8Array): () => RecordFinder;
  /** Settles the schema from samples of some files. */
  infer(samples: readonly SampledFile[]): InferredFormat;
  /** Whether each file begins with a record that is no row. */
  readonly hasHeader: (head: Uint8Array) => boolean;
}

/** Opens files of records. What is wrong with a single file goes to the context's log. */
export async function openRecords(context: OpenContext, plan: RecordFormatPlan): Promise<Source> {
  const { store, faults, options } = context;
  const entries = dataEntries(context.entries);
  const { maxRowBytes = 2 ** 26, unpack = {} } = options;
  const report = new ReportOnce(faults);
  const tolerant = async <Result>(entry: StoreEntry, work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      report.file(faultOf(error, entry.location, "remote"), error);
      return undefined;
    }
  };

  const sound: { readonly entry: StoreEntry; readonly isPacked: boolean }[] = [];
  await eachOf(entries, 16, async (entry) => {
    const head = await tolerant(entry, () => firstBytes(store.stream(entry.location), 4));
    if (head === undefined) return;
    if (head.length === 0) report.file({ code: "empty", source: entry.location, detail: "it has no bytes" });
    else sound.push({ entry, isPacked: packingOf(head) !== "none" });
  });
  sound.sort((a, b) => entries.indexOf(a.entry) - entries.indexOf(b.entry));

  const step = Math.max(1, Math.ceil(sound.length / mostSampled));
  const samples = new Map<StoreEntry, SampledFile>();
  let head: Uint8Array | undefined;
  for (const [i, { entry, isPacked }] of sound.entries()) {
    const isBrief = i % step !== 0;
    await tolerant(entry, async () => {
      head ??= await firstBytes(streamUnpacked(store, entry.location, unpack), sniffedBytes);
      if (isBrief && !plan.hasHeader(head)) return;
      const given = { store, entry, isPacked, unpack, finder: plan.finder(head), maxRowBytes, isBrief };
      samples.set(entry, { entry, sample: await sampleRecords(given) });
    });
  }
  if (samples.size === 0)
    throw nothingReadable(context.location, entries.length, faults, "needs at least one with rows");
  const { format, firstByte } = plan.infer([...samples.values()]);
  const files: RecordFile[] = [];
  for (const { entry, isPacked } of sound) {
    const known = samples.get(entry);
    if (known === undefined && plan.hasHeader(head as Uint8Array)) continue; // reported
    const first = known === undefined ? 0 : firstByte(known);
    if (typeof first === "number")
      files.push(new RecordFile(entry, { store, format, isPacked, firstByte: first, maxRowBytes, unpack, report }));
    else report.file({ code: "schema", source: entry.location, detail: first });
  }
  const canTake = sound.every(({ isPacked }) => !isPacked);
  return new RecordSource(context.location, format, files, faults, canTake);
}

/** Bytes from which a delimiter is told. */
const sniffedBytes = 2 ** 16;

/** The first bytes of a stream, as many as there are before it ends or breaks. */
export async function firstBytes(stream: AsyncIterable<Uint8Array>, count: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const bytes of stream) {
      pieces.push(bytes);
      length += bytes.length;
      if (length >= count) break;
    }
  } catch (error) {
    if (length === 0 || !(error instanceof ReadError)) throw error; // what follows meets it again
  }
  return Buffer.concat(pieces).subarray(0, count);
}

/** Does work for each item, some at once. */
async function eachOf<Item>(items: readonly Item[], most: number, work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
}
