/** `cameo data pack`: data of any format as compressed columns, with a table of what that saved and cost. */

import type { CodecChoice, CodecGoal } from "../data/codec/choose-codec.ts";
import type { ColumnEncoding } from "../data/codec/column-codec.ts";
import { packSource } from "../data/codec/pack.ts";
import type { PackColumn, PackManifest } from "../data/codec/pack-manifest.ts";
import { openSource } from "../data/source/open.ts";
import { chosenColumns } from "./_chosen-columns.ts";
import { columnsFlag, leftOut, sourceSplitFlag, workersFlag } from "./_data-flags.ts";
import { folderOf } from "./_folder-flag.ts";
import { counted, formatBytes, shortPath } from "./_format.ts";
import { LiveLine } from "./_live-line.ts";
import { lossyMethods, lossyPlaceholder } from "./_lossy-flag.ts";
import { sourceFlags, sourceOptions } from "./_source-flags.ts";
import { spareSourceFolder } from "./_spare-source.ts";
import { type Style, styleOf } from "./_style.ts";
import { wholeNumber } from "./_whole-number.ts";
import { type Command, exitCodes, type Io, jsonFlag } from "./command.ts";

/** The command. */
export const dataPack: Command = {
  name: "data pack",
  summary: "compress data, each column as suits it, with or without loss",
  usage: "<source> --out DIR [flags]",
  positionals: [1, 1],
  flags: [
    { name: "out", type: "string", placeholder: "DIR", description: "folder to write" },
    {
      name: "codec",
      type: "string",
      choices: ["auto", "lz4", "zstd", "zlib"],
      description: "coder of all columns; auto tries them",
      default: "auto",
    },
    { name: "level", type: "number", description: "level of the coder, 0 to 9; chosen when absent" },
    {
      name: "goal",
      type: "string",
      choices: ["ratio", "balanced", "speed"],
      description: "what encodings are chosen for",
      default: "balanced",
    },
    {
      name: "lossy",
      type: "strings",
      placeholder: lossyPlaceholder,
      description: "columns of floats that may lose, and how much",
    },
    columnsFlag,
    sourceSplitFlag,
    { name: "report", type: "boolean", description: "list everything that was tried" },
    workersFlag,
    { name: "overwrite", type: "boolean", description: "replace a pack that is there" },
    ...sourceFlags,
    jsonFlag,
  ],
  examples: [
    "cameo data pack measurements.parquet --out packed --lossy temperature=abs:0.01,pressure=bits:auto",
    "cameo data pack corpus.jsonl.zst --out packed --goal ratio --report",
  ],
  details: [
    `For each column, filters (differences, exclusive-or, dictionary, shuffle of bytes or bits), coder and level are tried on the first
rows; what fits best is written to manifest.json. Speeds in the table are those of one thread on these rows.`,
    `Methods of --lossy: abs:E (each value by at most E), range:E (by E times the range), rel:E (by E times itself), bits:K (K bits of
mantissa) or bits:auto (those with 99 % of the information), float16, bfloat16, int8, each of these three with :E for a bound. What is
written is decoded and compared; where the bound does not hold, values are stored without loss. NaN, infinities, -0 and
subnormals always come back as they were.`,
    `A pack is data like any other: every command that takes a <source> takes it.`,
  ],
  run: async (args, io) => {
    const [location = ""] = args.positionals;
    const out = folderOf("data pack", args, "out");
    const [level, workers] = [
      wholeNumber("data pack", args, "level", 0, 9),
      wholeNumber("data pack", args, "workers", 0, 512),
    ];
    const codec = args.text("codec") as ColumnEncoding["codec"] | "auto";
    const split = args.text("split");
    const lossy = lossyMethods((args.given.get("lossy") ?? []) as readonly string[]);
    await using source = await openSource(location, {
      ...sourceOptions(args),
      ...(split === undefined ? {} : { split }),
    });
    const columns = chosenColumns("data pack", args, source);
    await spareSourceFolder("data pack", source, out);
    const choices = new Map<string, CodecChoice>();
    using line = new LiveLine(io.stderr, styleOf(io.stderr, io.env));
    const start = performance.now();
    const manifest = await packSource(source, out, {
      goal: args.text("goal") as CodecGoal,
      lossy,
      overwrite: args.isOn("overwrite"),
      signal: io.signal,
      ...(codec === "auto" ? {} : { codec }),
      ...(level === undefined ? {} : { level }),
      ...(workers === undefined ? {} : { workers }),
      ...(columns === undefined ? {} : { columns }),
      onChoice: ({ name }, choice) => choices.set(name, choice),
      onProgress: ({ numRows, plainBytes }) => line.show([counted(numRows, "row"), formatBytes(plainBytes)]),
    });
    line[Symbol.dispose]();
    const seconds = (performance.now() - start) / 1000;
    if (args.isOn("json")) printJson(io, out, manifest, source.faults.numRows, choices, seconds, args.isOn("report"));
    else
      io.stdout.write(`${tableOf(out, manifest, choices, seconds, args.isOn("report"), styleOf(io.stdout, io.env))}\n`);
    return exitCodes.done;
  },
};

interface Totals {
  readonly plainBytes: number;
  readonly codedBytes: number;
}

function totalsOf({ columns }: PackManifest): Totals {
  const all = Object.values(columns);
  const sum = (of: (column: PackColumn) => number): number => all.reduce((total, column) => total + of(column), 0);
  return { plainBytes: sum((column) => column.plainBytes), codedBytes: sum((column) => column.codedBytes) };
}

function printJson(
  io: Io,
  out: string,
  manifest: PackManifest,
  rowsQuarantined: number,
  choices: ReadonlyMap<string, CodecChoice>,
  seconds: number,
  withTrials: boolean,
): void {
  const print = (object: object): unknown => io.stdout.write(`${JSON.stringify(object)}\n`);
  const { numRows, parts, columns, source } = manifest;
  const { faults } = source;
  print({ type: "pack", out, numRows, parts: parts.length, seconds, ...totalsOf(manifest), faults, rowsQuarantined });
  for (const [name, column] of Object.entries(columns)) {
    const { encodeSpeed, decodeSpeed, trials } = choices.get(name) ?? {};
    const ratio = column.codedBytes === 0 ? null : column.plainBytes / column.codedBytes;
    print({ type: "column", name, ...column, ratio, encodeSpeed, decodeSpeed, ...(withTrials ? { trials } : {}) });
  }
}

function tableOf(
  out: string,
  manifest: PackManifest,
  choices: ReadonlyMap<string, CodecChoice>,
  seconds: number,
  withTrials: boolean,
  style: Style,
): string {
  const rows = [["column", "encoding", "before", "after", "ratio", "write", "read", "error"]];
  for (const [name, column] of Object.entries(manifest.columns)) {
    const { plainBytes, codedBytes, encoding, error } = column;
    const choice = choices.get(name);
    const size = [formatBytes(plainBytes), formatBytes(codedBytes), ratioText(plainBytes / Math.max(1, codedBytes))];
    const lost = error === undefined ? "none" : error.maxAbsolute === 0 ? "0" : `${error.maxAbsolute.toPrecision(3)}`;
    rows.push([
      name,
      encodingText(encoding),
      ...size,
      speedText(choice?.encodeSpeed),
      speedText(choice?.decodeSpeed),
      lost,
    ]);
    const trials = withTrials ? (choice?.trials ?? []) : [];
    for (const { encoding: each, ratio, encodeSpeed, decodeSpeed } of trials.slice(1))
      rows.push(["", encodingText(each), "", "", ratioText(ratio), speedText(encodeSpeed), speedText(decodeSpeed), ""]);
  }
  const widths = (rows[0] as string[]).map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ")
      .trimEnd(),
  );
  const { plainBytes, codedBytes } = totalsOf(manifest);
  return [
    style.bold(lines[0] as string),
    ...lines.slice(1),
    style.dim("write and read in MB/s of unpacked data, on one thread; error: the largest"),
    "",
    `${style.green("wrote")} ${shortPath(out)}, ${counted(manifest.numRows, "row")}, ${formatBytes(plainBytes)} as ${formatBytes(codedBytes)} (${ratioText(plainBytes / Math.max(1, codedBytes))}) in ${seconds.toFixed(1)} s`,
    ...leftOut(manifest.source.faults, style),
  ].join("\n");
}

const ratioText = (ratio: number): string => (ratio < 100 ? ratio.toFixed(2) : ratio.toFixed(0));
const speedText = (speed: number | undefined): string => (speed === undefined ? "" : speed.toFixed(0));

function encodingText({ transform, shuffle, codec, level, lossy }: ColumnEncoding): string {
  const steps = [
    lossy?.method,
    transform === "none" ? undefined : transform,
    shuffle === "none" ? undefined : `${shuffle} shuffle`,
  ];
  return [...steps.filter((step) => step !== undefined), `${codec} ${level}`].join(", ");
}
