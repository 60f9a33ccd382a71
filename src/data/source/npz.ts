/** NumPy's `.npz` files: zip archives of `.npy` files. */

import { type Zippable, zipSync } from "fflate";
import type { Tensor } from "../../tensor/tensor.ts";
import { faultOf, ReadError } from "../store/read-error.ts";
import { type ArrayColumn, alignColumns, arraySource } from "./_array-source.ts";
import { type ByteRanges, memoryRanges, storedRanges } from "./_byte-ranges.ts";
import { readNpyHeader } from "./_npy-header.ts";
import { openZipMember, readZipDirectory, type ZipLimits, type ZipMember, zipMemberHead } from "./_zip.ts";
import { allHaveExtension, dataEntries, type SourceFormat } from "./format.ts";
import { npyColumn, readNpyTensor, writeNpy } from "./npy.ts";

/** Options of {@link readNpz}. */
export interface ReadNpzOptions {
  /** Arrays wanted. @defaultValue all */
  readonly names?: readonly string[];
  /** Most bytes that a compressed array may unpack to. @defaultValue 2 ** 31 */
  readonly maxBytes?: number;
  /** What errors call the file. @defaultValue "arrays.npz" */
  readonly source?: string;
}

/** Options of {@link writeNpz}. */
export interface WriteNpzOptions {
  /** Level of deflate [0, 9]; 0 stores, so that rows can be read by range. @defaultValue 0 */
  readonly level?: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
}

/** Arrays of an archive by name; what is no array is not among them. Throws ReadError "unsafe-path" for a name that leaves the archive. */
function arraysOf(
  members: readonly ZipMember[],
  source: string,
  onUnsafe: (fault: ReadError) => void,
): Map<string, ZipMember> {
  const arrays = new Map<string, ZipMember>();
  for (const member of members) {
    if (!member.name.endsWith(".npy")) continue;
    const parts = member.name.split(/[\\/]/);
    if (parts.includes("..") || parts[0] === "" || /^[a-z]:/i.test(member.name)) {
      const detail = `a member is named ${JSON.stringify(member.name.slice(0, 80))}`;
      onUnsafe(new ReadError({ code: "unsafe-path", source, detail }, "must stay inside the archive"));
    } else arrays.set(member.name.slice(0, -4), member);
  }
  return arrays;
}

function raise(error: ReadError): never {
  throw error;
}

/**
 * Reads the arrays of a `.npz` file. To read rows of one that is larger than memory, open it as a source.
 *
 * @param bytes - The file.
 * @param options - See {@link ReadNpzOptions}.
 * @returns Arrays by name, in the file's order; those asked for that it does not have are missing.
 * @throws DataError if the archive or an array in it is damaged, or unpacks to more than the limit.
 *
 * @example There and back
 * ```ts
 * import assert from "node:assert/strict";
 * import { tensor } from "cameo";
 * import { readNpz, writeNpz } from "cameo/data/source";
 *
 * const arrays = { x: tensor("float32", [2], [1, 2]), y: tensor("uint8", [3], [0, 1, 1]) };
 * assert.deepEqual(await readNpz(writeNpz(arrays, { level: 6 })), arrays);
 * ```
 */
export async function readNpz(bytes: Uint8Array, options: ReadNpzOptions = {}): Promise<Record<string, Tensor>> {
  const { names, maxBytes, source = "arrays.npz" } = options;
  const archive = memoryRanges(source, bytes);
  const arrays = arraysOf(await readZipDirectory(archive), source, raise);
  const tensors: Record<string, Tensor> = {};
  for (const [name, member] of arrays)
    if (names === undefined || names.includes(name))
      tensors[name] = await readNpyTensor(await openZipMember(archive, member, { maxBytes }));
  return tensors;
}

/**
 * The `.npz` file of some tensors, as `numpy.savez` writes it, or `savez_compressed` with a level.
 *
 * @param arrays - By name; in all less than 4 GB.
 * @param options - See {@link WriteNpzOptions}.
 * @returns The file.
 * @throws TypeError if NumPy has no such type.
 *
 * @example Compressed
 * ```ts
 * import assert from "node:assert/strict";
 * import { tensor } from "cameo";
 * import { writeNpz } from "cameo/data/source";
 *
 * const zeros = { zeros: tensor("float32", [1000], new Float32Array(1000)) };
 * assert.ok(writeNpz(zeros, { level: 9 }).length < writeNpz(zeros).length / 10);
 * ```
 */
export function writeNpz(
  arrays: Readonly<Record<string, Tensor>>,
  options: WriteNpzOptions = {},
): Uint8Array<ArrayBuffer> {
  const files: Zippable = {};
  for (const [name, array] of Object.entries(arrays))
    files[`${name}.npy`] = [writeNpy(array), { level: options.level ?? 0, mtime: "1980-01-01T00:00:00" }];
  return Uint8Array.from(zipSync(files));
}

async function columnOf(
  name: string,
  archive: ByteRanges,
  member: ZipMember,
  limits: ZipLimits,
  onCut: (cut: ReadError) => void,
): Promise<ArrayColumn> {
  const ranges = await openZipMember(archive, member, limits);
  const head = await zipMemberHead(archive, member, limits);
  return npyColumn(name, ranges, await readNpyHeader(head), onCut);
}

/** A `.npz` file: arrays with as many rows are the columns. Splits are told by names: `x_train` and `y_train`. */
export const npz: SourceFormat = {
  name: "npz",
  detect: (_, entries, head) => head[0] === 0x50 && head[1] === 0x4b && allHaveExtension(entries, [".npz"]),
  open: async (context) => {
    const { location, store, faults, options } = context;
    const entries = dataEntries(context.entries);
    const columns: ArrayColumn[] = [];
    const report = (error: ReadError): void => faults.report(error.fault, error);
    for (const entry of entries) {
      const archive = storedRanges(store, entry);
      for (const [name, member] of arraysOf(await readZipDirectory(archive), entry.location, report))
        try {
          columns.push(await columnOf(name, archive, member, options.unpack ?? {}, report));
        } catch (error) {
          if (!(error instanceof ReadError)) throw error;
          faults.report(faultOf(error, entry.location, "syntax"), error);
        }
    }
    const aligned = alignColumns(location, columns, faults, options.split);
    return arraySource({ format: "npz", location, entries, faults, columns: aligned });
  },
};
