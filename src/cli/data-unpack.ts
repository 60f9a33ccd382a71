/** `cameo data unpack`: packs, Blosc files and arrays as files that other programs read. */

import { open, readFile, stat } from "node:fs/promises";
import { DataError, explain } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { decodeBlosc } from "../data/codec/blosc.ts";
import { decodeBlosc2Frame, isBlosc2Frame } from "../data/codec/blosc2-frame.ts";
import { decodePickledArray } from "../data/codec/pickled-array.ts";
import { writeNpy } from "../data/source/npy.ts";
import { openSource } from "../data/source/open.ts";
import { writeTable } from "../data/source/write-table.ts";
import type { Field } from "../data/table.ts";
import { arrayTypeOf, type DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { chosenColumns } from "./_chosen-columns.ts";
import { columnsFlag, leftOut } from "./_data-flags.ts";
import { counted, formatBytes, shortPath } from "./_format.ts";
import { gatherColumn } from "./_gather-column.ts";
import { sourceFlags, sourceOptions } from "./_source-flags.ts";
import { spareSource } from "./_spare-source.ts";
import { styleOf } from "./_style.ts";
import { type Arguments, type Command, exitCodes, jsonFlag, usageError } from "./command.ts";

/** What a .npy can hold. */
const dtypes: readonly DType[] = [
  "float32",
  "float64",
  "float16",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "bool",
];

/** The command. */
export const dataUnpack: Command = {
  name: "data unpack",
  summary: "write a pack or other data as Parquet, JSONL, CSV or .npy",
  usage: "<source|file.blosc> --out FILE [flags]",
  positionals: [1, 1],
  flags: [
    {
      name: "out",
      type: "string",
      placeholder: "FILE",
      description: "file to write: .parquet, .jsonl, .csv or .npy; a Blosc file as anything",
    },
    columnsFlag,
    { name: "dtype", type: "string", choices: dtypes, description: "type of the elements of a Blosc file, for .npy" },
    { name: "shape", type: "string", placeholder: "N,N,…", description: "axes of a Blosc file, for .npy" },
    {
      name: "allow-pickle",
      type: "boolean",
      description: "read what blosc.pack_array wrote; only arrays of numbers, nothing is run",
    },
    ...sourceFlags,
    jsonFlag,
  ],
  examples: [
    "cameo data unpack packed --out rows.parquet",
    "cameo data unpack packed --columns embedding --out embedding.npy",
    "cameo data unpack chunk.blosc --dtype float32 --shape 1024,768 --out weights.npy",
    "cameo data unpack array.blp --allow-pickle --out array.npy",
  ],
  details: [
    `A Blosc file is a chunk of Blosc1 or Blosc2 (.blosc, .blp, .bl2) or a contiguous frame (.b2frame). It holds bytes, not types: without
--dtype they are written as they are.`,
    `A .npy holds one column of numbers or of tensors of one shape, and is put together in memory; everything else passes through, whatever
its size.`,
  ],
  run: async (args, io) => {
    const [location = ""] = args.positionals;
    const out = args.text("out");
    if (out === undefined) throw usageError("data unpack", "write", "--out is missing", "must name a file");
    const written = (await isBlosc(location))
      ? await unpackBlosc(location, out, args)
      : await unpackSource(location, out, args, io.signal);
    if (args.isOn("json")) io.stdout.write(`${JSON.stringify({ type: "unpack", out, ...written })}\n`);
    else {
      const style = styleOf(io.stdout, io.env);
      const rows = written.numRows === undefined ? "" : `${counted(written.numRows, "row")}, `;
      io.stdout.write(`${style.green("wrote")} ${shortPath(out)}, ${rows}${formatBytes(written.sizeBytes)}\n`);
      for (const line of leftOut(written.faults ?? {}, style)) io.stdout.write(`${line}\n`);
    }
    return exitCodes.done;
  },
};

interface Written {
  readonly numRows?: number;
  readonly sizeBytes: number;
  readonly faults?: Readonly<Record<string, number>>;
  readonly rowsQuarantined?: number;
}

/** By the name, or by the first bytes of a frame: those of a chunk could be anything. */
async function isBlosc(location: string): Promise<boolean> {
  if (/^(https?|s3):/.test(location)) return false;
  const info = await stat(location).catch(() => undefined);
  if (info?.isFile() !== true) return false;
  if (/\.(blosc2?|blp|bl2?|b2frame)$/i.test(location)) return true;
  const file = await open(location);
  try {
    const { buffer } = await file.read({ buffer: new Uint8Array(16) });
    return isBlosc2Frame(buffer);
  } finally {
    await file.close();
  }
}

async function unpackBlosc(location: string, out: string, args: Arguments): Promise<Written> {
  const bytes = await readFile(location);
  if (args.isOn("allow-pickle")) return writeArray(out, await decodePickledArray(bytes));
  const content = isBlosc2Frame(bytes) ? decodeBlosc2Frame(bytes) : decodeBlosc(bytes);
  const dtype = args.text("dtype") as DType | undefined;
  if (dtype !== undefined) return writeArray(out, arrayOf(location, content, dtype, args.text("shape")));
  if (/\.npy$/i.test(out))
    throw usageError("data unpack", `write "${out}"`, "a Blosc file does not say its type", "--dtype must be given");
  await writeAtomically(out, content);
  return { sizeBytes: content.length };
}

function arrayOf(location: string, content: Uint8Array<ArrayBuffer>, dtype: DType, axes: string | undefined): Tensor {
  const Type = arrayTypeOf(dtype);
  const numbers = axes?.split(",").map(Number);
  if (numbers?.some((length) => !Number.isInteger(length) || length < 0))
    throw usageError("data unpack", "use --shape", `got "${axes}"`, "must be lengths of axes, separated by commas");
  const shape = numbers ?? [content.length / Type.BYTES_PER_ELEMENT];
  const elements = shape.reduce((product, length) => product * length, 1);
  if (elements * Type.BYTES_PER_ELEMENT !== content.length)
    throw new DataError(
      explain({
        api: "cameo data unpack",
        action: `read "${location}" as ${dtype} [${shape.join(", ")}]`,
        received: `it holds ${content.length} bytes`,
        rule: `must be a multiple of ${Type.BYTES_PER_ELEMENT} that fits the shape`,
      }),
      { source: location },
    );
  return { dtype, shape, data: new Type(content.buffer, 0, elements) };
}

async function unpackSource(location: string, out: string, args: Arguments, signal: AbortSignal): Promise<Written> {
  await using source = await openSource(location, sourceOptions(args));
  await spareSource("data unpack", source, "out", out);
  const names = chosenColumns("data unpack", args, source);
  if (/\.npy$/i.test(out)) {
    const array = await gatherColumn(source, names, signal);
    return { ...(await writeArray(out, array)), faults: source.faults.counts() };
  }
  const schema = (names ?? source.schema.map(({ name }) => name)).map(
    (name) => source.schema.find((field) => field.name === name) as Field,
  );
  const tables = source.read({ columns: schema.map(({ name }) => name), signal });
  const { numRows, sizeBytes } = await writeTable(out, schema, tables, { signal });
  return { numRows, sizeBytes, faults: source.faults.counts(), rowsQuarantined: source.faults.numRows };
}

async function writeArray(out: string, array: Tensor): Promise<Written> {
  const content = writeNpy(array);
  await writeAtomically(out, content);
  return { ...(array.shape[0] === undefined ? {} : { numRows: array.shape[0] }), sizeBytes: content.length };
}
