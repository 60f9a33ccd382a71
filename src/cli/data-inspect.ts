/** `cameo data inspect`: schema, statistics, histograms and examples of data of any format. */

import { type OpenSourceOptions, openSource } from "../data/source/open.ts";
import { type Profile, profileSource } from "../data/source/profile.ts";
import type { Source } from "../data/source/source.ts";
import { filterSource } from "../data/sql/filter.ts";
import { type Cell, type Field, rowOf } from "../data/table.ts";
import { chosenColumns } from "./_chosen-columns.ts";
import { columnsFlag, sourceSplitFlag } from "./_data-flags.ts";
import { columnLines, plainJson, valueText } from "./_data-page.ts";
import { columns, type Finding, findingText } from "./_finding.ts";
import { count, counted, formatBytes } from "./_format.ts";
import { sourceFlags, sourceOptions } from "./_source-flags.ts";
import { type Style, styleOf } from "./_style.ts";
import { wholeNumber } from "./_whole-number.ts";
import { type Command, exitCodes, jsonFlag } from "./command.ts";

const name = "data inspect";
/** Rows that can be shown: they are held at once. */
const mostExamples = 1000;

/** The command. */
export const dataInspect: Command = {
  name,
  summary: "print schema, statistics, histograms and example rows of data",
  usage: "<source> [flags]",
  positionals: [1, 1],
  flags: [
    columnsFlag,
    { name: "examples", type: "number", description: "example rows to show", default: 3 },
    { name: "rows", type: "number", description: "only the first N rows" },
    {
      name: "where",
      type: "string",
      placeholder: "SQL",
      description: "only rows that meet a condition; needs DuckDB",
    },
    {
      name: "format",
      type: "string",
      placeholder: "NAME",
      description: "format of the source, where its name and first bytes mislead",
    },
    sourceSplitFlag,
    ...sourceFlags,
    jsonFlag,
  ],
  examples: [
    "cameo data inspect train.parquet",
    "cameo data inspect 'logs/*.jsonl.gz' --columns text,score --examples 5",
    "cameo data inspect https://example.org/table.csv --rows 10000",
    "cameo data inspect s3://bucket/data/ --where 'score > 0.5' --json",
  ],
  details: [
    "Reads all rows once, in bounded memory. Beyond a thousand, numbers of distinct values (~) and quantiles are estimates.",
    "Rows that cannot be used are counted by reason, with the first of each.",
  ],
  run: async (args, io) => {
    const [location = ""] = args.positionals;
    const [numExamples = 0, rows] = [
      wholeNumber(name, args, "examples", 0, mostExamples),
      wholeNumber(name, args, "rows", 0, Number.MAX_SAFE_INTEGER),
    ];
    const options: OpenSourceOptions = {
      ...sourceOptions(args),
      ...only("format", args.text("format")),
      ...only("split", args.text("split")),
    };
    const opened = await openSource(location, options);
    const where = args.text("where");
    await using source = where === undefined ? opened : await filterSource(opened, where);
    const names = chosenColumns(name, args, source) ?? source.schema.map((field) => field.name);
    const profile = await profileSource(source, { columns: names, signal: io.signal, ...only("rows", rows) });
    const examples = await firstRows(source, names, numExamples, io.signal);
    const style = styleOf(io.stdout, io.env);
    const finding = findingOf(source, profile, examples, style, where);
    if (args.isOn("json")) io.stdout.write(`${JSON.stringify({ type: "inspection", ...finding.facts })}\n`);
    else io.stdout.write(findingText(finding, style));
    return exitCodes.done;
  },
};

/** A property, or none where there is no value. */
function only<Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]?: Value });
}

interface Example {
  readonly row: number;
  readonly cells: Readonly<Record<string, Cell>>;
}

async function firstRows(
  source: Source,
  names: readonly string[],
  most: number,
  signal: AbortSignal,
): Promise<readonly Example[]> {
  const found: Example[] = [];
  if (most === 0) return found;
  for await (const table of source.read({ columns: names, batchRows: most, signal })) {
    for (let i = 0; i < table.numRows && found.length < most; i++)
      found.push({ row: table.rows[i] as number, cells: rowOf(table, i) });
    if (found.length >= most) break;
  }
  return found;
}

function findingOf(
  source: Source,
  profile: Profile,
  examples: readonly Example[],
  style: Style,
  where: string | undefined,
): Finding {
  const { faults } = source;
  const types = new Map(source.schema.map((field) => [field.name, field.type]));
  const counts = Object.entries(faults.counts());
  const firsts = counts.flatMap(([code]) => faults.examples.find((fault) => fault.code === code) ?? []);
  const isSome = source.numRows !== undefined && source.numRows !== profile.numRows + faults.numRows;
  const rows: (readonly [string, string])[] = [
    [
      "rows",
      count(profile.numRows) +
        (where !== undefined ? ` where ${where}` : isSome ? ` of ${count(source.numRows ?? 0)}` : ""),
    ],
    ["size", `${formatBytes(source.sizeBytes)} in ${counted(source.files.length, "file")}`],
    ["columns", count(source.schema.length)],
    ["faults", counts.length === 0 ? "none" : counts.map(([code, number]) => `${code} ${count(number)}`).join(", ")],
    ...firsts.map(({ code, source: file, row, detail }): readonly [string, string] => [
      "",
      style.yellow(`${code}: ${file}${row === undefined ? "" : `, row ${row}`}: ${detail}`),
    ]),
  ];
  return {
    facts: {
      kind: source.format,
      path: source.location,
      numRows: profile.numRows,
      sizeBytes: source.sizeBytes,
      numFiles: source.files.length,
      fingerprint: source.fingerprint,
      schema: source.schema,
      columns: plainJson(profile.columns),
      faults: { counts: faults.counts(), numRows: faults.numRows, examples: firsts },
      examples: examples.map(({ row, cells }) => ({ row, ...(plainJson({ cells }) as object) })),
    },
    rows,
    listing: [
      ...columnLines(profile, style),
      ...examples.flatMap(({ row, cells }) => ["", style.bold(`  row ${count(row)}`), ...exampleLines(cells, types)]),
    ],
  };
}

function exampleLines(cells: Example["cells"], types: ReadonlyMap<string, Field["type"]>): string[] {
  const table = Object.entries(cells).map(([column, cell]) => [
    column,
    valueText(cell, types.get(column) ?? "json", 100),
  ]);
  return columns(table).map((line) => `  ${line}`);
}
