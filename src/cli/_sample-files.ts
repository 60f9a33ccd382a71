/** What `cameo data sample` does once its flags are understood: opens, draws, writes, compares. */

import { basename, extname } from "node:path";
import { checkColumn } from "../data/sample/check-column.ts";
import { SampleComparison } from "../data/sample/compare.ts";
import { groupOf, keepRows } from "../data/sample/keep-rows.ts";
import { type MixedSources, mixSources } from "../data/sample/mixed-sources.ts";
import { compareWithSource, type SourceSampleReport } from "../data/sample/source-comparison.ts";
import { planSample } from "../data/sample/source-plan.ts";
import { probabilityColumn, readSample, sampleSchema } from "../data/sample/source-rows.ts";
import type { SourceSample, SourceSampleOptions } from "../data/sample/source-sample.ts";
import { hashSplit } from "../data/sample/split.ts";
import { type OpenSourceOptions, openSource } from "../data/source/open.ts";
import type { Source } from "../data/source/source.ts";
import { writeTable } from "../data/source/write-table.ts";
import type { Schema, Table } from "../data/table.ts";
import { spareSource } from "./_spare-source.ts";
import { usageError } from "./command.ts";

/** The flags, checked against each other. */
export interface SampleRequest {
  readonly locations: readonly string[];
  /** How one of them is opened. */
  readonly sourceOptions: () => OpenSourceOptions;
  /** How rows are drawn; absent when all are taken. */
  readonly plan: SourceSampleOptions | undefined;
  readonly seed: number;
  readonly by: string | undefined;
  readonly split: Readonly<Record<string, number>> | undefined;
  readonly mix: Readonly<Record<string, number>> | undefined;
  readonly temperature: number;
  readonly order: "source" | "drawn";
  readonly probabilities: boolean;
  readonly out: string;
  readonly report: string | undefined;
}

/** What was written. */
export interface SampleResult {
  readonly files: readonly { readonly path: string; readonly numRows: number; readonly sizeBytes: number }[];
  /** Rows of the source, or of all. */
  readonly size: number;
  /** Drawn rows that could not be read. */
  readonly lost: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Rows of the sources that were met and could not be used, drawn or not. */
  readonly rowsQuarantined: number;
  /** Of the source, or of the first. */
  readonly schema: Schema;
  /** By part; none without `--report`. */
  readonly reports: readonly (SourceSampleReport & { readonly part?: string })[];
}

/** Does it. */
export async function sampleFiles(request: SampleRequest, signal: AbortSignal): Promise<SampleResult> {
  await using opened = new AsyncDisposableStack();
  const sources: Source[] = [];
  for (const location of request.locations)
    sources.push(opened.use(await openSource(location, request.sourceOptions())));
  const parts = request.split === undefined ? [undefined] : Object.keys(request.split);
  for (const source of sources) {
    for (const part of parts) await spareSource("data sample", source, "out", pathOf(request.out, part));
    if (request.report !== undefined) await spareSource("data sample", source, "report", request.report);
  }
  const { mix } = request;
  return mix === undefined
    ? await sampleOne(sources[0] as Source, request, signal)
    : await mixAll(sources, mix, request, signal);
}

async function sampleOne(source: Source, request: SampleRequest, signal: AbortSignal): Promise<SampleResult> {
  const { plan, split, by, seed, order } = request;
  if (by !== undefined) checkColumn(source, by);
  // Hashing, and taking all, need no list of rows.
  const isStreamed = plan === undefined || plan.method === "hash";
  const sample = isStreamed ? undefined : await planSample(source, { ...plan, signal });
  const fraction = plan?.fraction ?? 1;
  const isKept = plan === undefined ? () => true : hashKeeps(fraction, seed);
  const partOf = split === undefined ? undefined : hashSplit(split, { seed });
  const parts = split === undefined ? [undefined] : Object.keys(split);
  let seen = 0;
  const tablesOf = (part: string | undefined): AsyncGenerator<Table> => {
    const isIn = (group: string | number): boolean => partOf === undefined || partOf(group) === part;
    if (sample !== undefined) {
      const keeps = (table: Table, index: number, row: number): boolean => isIn(groupOf(by, row, table, index));
      return readSample(source, sample, {
        probabilities: true,
        order,
        signal,
        ...(partOf !== undefined && { keeps }),
      });
    }
    seen = 0;
    return keepRows(
      source,
      (row, table, index) => {
        seen++;
        const group = groupOf(by, row, table, index);
        return isKept(group) && isIn(group) ? fraction : 0;
      },
      { probabilities: true, signal },
    );
  };
  const files: SampleResult["files"][number][] = [];
  const comparisons: SampleComparison[] = [];
  for (const part of parts) {
    const comparison = request.report === undefined ? undefined : new SampleComparison(source.schema);
    if (comparison !== undefined) comparisons.push(comparison);
    files.push(await write(source, tablesOf(part), pathOf(request.out, part), request, signal, comparison));
  }
  const reports =
    comparisons.length === 0 ? [] : await compareWithSource(source, comparisons, sample?.interval, signal);
  const written = files.reduce((sum, { numRows }) => sum + numRows, 0);
  // Parts whose shares sum to less than 1 leave rows out on purpose.
  const isWhole = split === undefined || Object.values(split).reduce((sum, share) => sum + share, 0) > 1 - 1e-9;
  return {
    files,
    size: sample?.size ?? seen,
    lost: sample !== undefined && isWhole ? sample.rows.length - written : 0,
    faults: source.faults.counts(),
    rowsQuarantined: source.faults.numRows,
    schema: source.schema,
    reports: reports.map((report, i) => ({ ...(parts[i] !== undefined && { part: parts[i] }), ...report })),
  };
}

function hashKeeps(fraction: number, seed: number): (group: string | number) => boolean {
  const partOf = hashSplit({ kept: fraction }, { seed, name: "hash" });
  return (group) => partOf(group) !== null;
}

async function mixAll(
  sources: readonly Source[],
  weights: Readonly<Record<string, number>>,
  request: SampleRequest,
  signal: AbortSignal,
): Promise<SampleResult> {
  const named = new Map(sources.map((source) => [nameOf(source.location), source]));
  if (named.size < sources.length || !Object.keys(weights).every((name) => named.has(name)))
    throw usageError(
      "data sample",
      "use --mix",
      `got shares of ${Object.keys(weights).join(", ")}`,
      `the sources are ${sources.map(({ location }) => nameOf(location)).join(", ")}, each with a name of its own`,
    );
  const { seed, temperature, plan } = request;
  const mixed: MixedSources = await mixSources(named, {
    weights,
    temperature,
    seed,
    n: plan?.n as number,
    replace: plan?.replace ?? false,
    probabilities: true,
    signal,
  });
  const file = await write(sources[0] as Source, mixed.tables(), request.out, request, signal);
  const samples: SourceSample[] = [...mixed.samples.values()];
  const faults: Record<string, number> = {};
  for (const source of sources)
    for (const [code, count] of Object.entries(source.faults.counts())) faults[code] = (faults[code] ?? 0) + count;
  return {
    files: [file],
    size: samples.reduce((sum, { size }) => sum + size, 0),
    lost: samples.reduce((sum, { rows }) => sum + rows.length, 0) - file.numRows,
    faults,
    schema: (sources[0] as Source).schema,
    rowsQuarantined: sources.reduce((sum, { faults: { numRows } }) => sum + numRows, 0),
    reports: [],
  };
}

/** Writes rows that come with their probabilities, which are kept or not, and shows them to the comparison on the way. */
async function write(
  source: Source,
  tables: AsyncGenerator<Table>,
  path: string,
  request: SampleRequest,
  signal: AbortSignal,
  comparison?: SampleComparison,
): Promise<{ path: string; numRows: number; sizeBytes: number }> {
  async function* shown(): AsyncGenerator<Table> {
    for await (const table of tables) {
      const { [probabilityColumn]: probabilities, ...columns } = table.columns;
      comparison?.addSample(
        table,
        (probabilities as Float64Array).map((probability) => 1 / probability),
      );
      yield request.probabilities ? table : { numRows: table.numRows, columns };
    }
  }
  return { path, ...(await writeTable(path, sampleSchema(source.schema, request.probabilities), shown(), { signal })) };
}

/** `parts.parquet` for the part train: `parts-train.parquet`; `parts.jsonl.gz`: `parts-train.jsonl.gz`. */
function pathOf(out: string, part: string | undefined): string {
  if (part === undefined) return out;
  const extension = extensionOf(out);
  return `${out.slice(0, out.length - extension.length)}-${part}${extension}`;
}

function extensionOf(path: string): string {
  const last = extname(path);
  return /^\.(gz|zst)$/.test(last) ? extname(path.slice(0, -last.length)) + last : last;
}

function nameOf(location: string): string {
  return basename(location, extensionOf(location));
}
