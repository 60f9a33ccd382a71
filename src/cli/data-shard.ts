/** `cameo data shard`: any data as shards that MosaicML's and WebDataset's readers stream. */

import { openSource } from "../data/source/open.ts";
import { type WriteShardsOptions, writeShards } from "../data/stream/write-shards.ts";
import { chosenColumns } from "./_chosen-columns.ts";
import { columnsFlag, leftOut, sourceSplitFlag } from "./_data-flags.ts";
import { folderOf } from "./_folder-flag.ts";
import { count, counted, formatBytes, shortPath } from "./_format.ts";
import { LiveLine } from "./_live-line.ts";
import { sourceFlags, sourceOptions } from "./_source-flags.ts";
import { styleOf } from "./_style.ts";
import { seedOf } from "./_whole-number.ts";
import { type Arguments, type Command, exitCodes, jsonFlag, usageError } from "./command.ts";

const name = "data shard";

/** The command. */
export const dataShard: Command = {
  name,
  summary: "write data as shards for streaming, MDS or WebDataset",
  usage: "<source> --out DIR [flags]",
  positionals: [1, 1],
  flags: [
    { name: "out", type: "string", placeholder: "DIR", description: "folder to write, empty or new" },
    { name: "format", type: "string", choices: ["mds", "webdataset"], description: "kind of shards", default: "mds" },
    {
      name: "shard-bytes",
      type: "string",
      placeholder: "SIZE",
      description: "size of a shard before compression: 64MB, 1GB, 500kB",
      default: "64MB",
    },
    {
      name: "compression",
      type: "string",
      placeholder: "NAME[:LEVEL]",
      description: "packs each MDS shard: zstd, zstd:1 to zstd:22, gz, gz:0 to gz:9",
    },
    { name: "shuffle", type: "boolean", description: "write the rows in random order" },
    { name: "seed", type: "number", description: "seed of what is random", default: 0 },
    columnsFlag,
    sourceSplitFlag,
    ...sourceFlags,
    jsonFlag,
  ],
  examples: [
    "cameo data shard photos/ --out shards --format webdataset",
    "cameo data shard texts.parquet --out shards --compression zstd --shuffle --seed 7",
  ],
  details: [
    `Every shard takes its name when all of it is on disk, and the index, with each shard's SHA-256, comes last. The same command finishes
what was stopped. Rows that cannot be read are left out and counted.`,
    `Python reads the result with streaming.StreamingDataset(local=DIR) or webdataset.WebDataset("DIR/shard-{000000..N}.tar").`,
  ],
  stops: "gracefully",
  run: async (args, io) => {
    const [location = ""] = args.positionals;
    const options = optionsOf(args);
    const split = args.text("split");
    await using source = await openSource(location, {
      ...sourceOptions(args),
      ...(split === undefined ? {} : { split }),
    });
    const columns = chosenColumns(name, args, source);
    using line = new LiveLine(io.stderr, styleOf(io.stderr, io.env));
    const isJson = args.isOn("json");
    const written = await writeShards(source, {
      ...options,
      ...(columns === undefined ? {} : { columns }),
      signal: io.signal,
      onShard: (progress) => {
        const { shards, rows, sizeBytes } = progress;
        if (isJson) io.stdout.write(`${JSON.stringify({ type: "shard", ...progress })}\n`);
        else line.show([counted(shards, "shard"), counted(rows, "row"), formatBytes(sizeBytes)]);
      },
    });
    line[Symbol.dispose]();
    const [faults, rowsQuarantined] = [source.faults.counts(), source.faults.numRows];
    if (isJson) io.stdout.write(`${JSON.stringify({ type: "shards", ...written, faults, rowsQuarantined })}\n`);
    else {
      const { rows, shards, sizeBytes, resumedRows } = written;
      const before = resumedRows === 0 ? "" : ` (${count(resumedRows)} of them before)`;
      const style = styleOf(io.stdout, io.env);
      const lines = [
        `${style.green("wrote")} ${shortPath(args.text("out") as string)}, ${counted(rows, "row")}${before} in ${counted(shards, "shard")}, ${formatBytes(sizeBytes)}`,
        ...leftOut(faults, style),
      ];
      io.stdout.write(`${lines.join("\n")}\n`);
    }
    return exitCodes.done;
  },
};

function optionsOf(args: Arguments): WriteShardsOptions {
  const folder = folderOf(name, args, "out");
  const compression = args.text("compression");
  return {
    format: args.text("format") as WriteShardsOptions["format"],
    folder,
    shardBytes: bytesOf(args.text("shard-bytes") ?? ""),
    ...(compression === undefined ? {} : { compression }),
    ...(args.isOn("shuffle") ? { shuffleSeed: seedOf(name, args) } : {}),
  };
}

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** `64MB`, `1.5 GiB`, `4096` as bytes. */
function bytesOf(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  if (digits === undefined || factor === undefined)
    throw usageError(name, "use --shard-bytes", `got "${text}"`, "must be a size such as 64MB or 512MiB");
  return Math.round(Number(digits) * factor);
}
