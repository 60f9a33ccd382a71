/** MosaicML's streaming shards: `index.json` and the `.mds` files that it names. */

import { createHash } from "node:crypto";
import { DataError, explain } from "../../base/errors.ts";
import type { StoreEntry } from "../store/store.ts";
import { FaultError } from "../stream/fault-error.ts";
import { type MdsEncoding, mdsEncoding } from "../stream/mds-encoding.ts";
import { type MdsShardInfo, parseMdsIndex } from "../stream/mds-index.ts";
import { readMdsLayout } from "../stream/mds-shard.ts";
import { isPackingMethod, type Packing } from "../stream/shard-bytes.ts";
import type { ShardAccess } from "../stream/shard-file.ts";
import { type ShardInfo, ShardSource } from "../stream/shard-source.ts";
import { besideOf } from "./_beside.ts";
import type { OpenContext, SourceFormat } from "./format.ts";

/** See {@link SourceFormat}. */
export const mds: SourceFormat = {
  name: "mds",
  detect: (_, entries, head) => {
    if (indexOf(entries) === undefined) return false;
    if (entries.some(({ location }) => /\.mds(\.\w+)?$/i.test(location))) return true;
    return entries.length === 1 && /"format":\s*"mds"/.test(new TextDecoder().decode(head));
  },
  open: (context) => openMds(context),
};

/** The index of the split, that is, in a folder of its name; without a split, that of `train` or the one nearest to what the user named. */
function indexOf(entries: readonly StoreEntry[], split?: string): StoreEntry | undefined {
  const indexes = entries.filter(({ location }) => /(^|[\\/])index\.json$/.test(location));
  const ofSplit = indexes.find(({ location }) => location.split(/[\\/]/).at(-2) === (split ?? "train"));
  if (split !== undefined) return ofSplit;
  const depth = ({ location }: StoreEntry): number => location.split(/[\\/]/).length;
  return ofSplit ?? indexes.toSorted((a, b) => depth(a) - depth(b))[0];
}

/**
 * Opens an MDS data set: reads its index, no shard.
 *
 * @param context - What the user named.
 * @param access - How shards are brought near; read by range and verified when absent.
 * @throws DataError if there is no index that can be read, or a column is a pickle.
 */
export async function openMds(context: OpenContext, access: Partial<ShardAccess> = {}): Promise<ShardSource> {
  const { location, entries, store, faults, options } = context;
  const { split } = options;
  const index = indexOf(entries, split);
  if (index === undefined)
    throw new DataError(
      explain({
        api: "mds",
        action: split === undefined ? `open "${location}"` : `open split "${split}" of "${location}"`,
        received: split === undefined ? "there is no index.json" : `there is no ${split}/index.json`,
        rule: split === undefined ? "MDS has one" : "a split of MDS is a folder of that name",
      }),
      { source: location },
    );
  const text = new TextDecoder().decode(await store.read(index.location));
  const infos = parseMdsIndex(text, index.location);
  const [first] = infos;
  const encodings = first === undefined ? [] : encodingsOf(first, index.location);
  const versions = new Map(entries.map((entry) => [entry.location, entry.version]));
  const shards = infos.map((info) => shardOf(info, index, versions));
  return new ShardSource({
    format: "mds",
    location,
    schema: encodings.map(({ field }, i) => ({ name: first?.column_names[i] as string, nullable: false, ...field })),
    // The index names the size and, where it was asked for, the checksum of every shard.
    fingerprint: `mds:${createHash("sha256").update(text).digest("hex")}`,
    faults,
    shards,
    access: { store, remote: "range", verify: true, ...access },
    layout: (shard, file) =>
      readMdsLayout((start, end) => file.read(start, end), file.sizeBytes, shard.numRows, encodings),
  });
}

function encodingsOf(info: MdsShardInfo, source: string): MdsEncoding[] {
  return info.column_encodings.map((name, i) => {
    const column = info.column_names[i];
    const refuse = (received: string, rule: string, cause?: unknown): DataError =>
      new DataError(explain({ api: "mds", action: `read column "${column}" of "${source}"`, received, rule }), {
        source,
        cause,
      });
    let encoding: MdsEncoding;
    try {
      encoding = mdsEncoding(name);
    } catch (cause) {
      throw refuse(`its encoding is "${name}"`, (cause as Error).message, cause);
    }
    if (encoding.sizeBytes === (info.column_sizes[i] ?? null)) return encoding;
    throw refuse(`the index says ${info.column_sizes[i]} bytes`, `"${name}" has ${encoding.sizeBytes ?? "any number"}`);
  });
}

function shardOf(info: MdsShardInfo, index: StoreEntry, versions: ReadonlyMap<string, string>): ShardInfo {
  const file = info.zip_data ?? info.raw_data;
  const location = besideOf(index.location, file.basename);
  const method = info.compression?.split(":")[0] ?? "";
  const isPacked = info.zip_data !== null;
  if (isPacked && !isPackingMethod(method))
    throw new DataError(
      explain({
        api: "mds",
        action: `read "${index.location}"`,
        received: `its shards are compressed with "${info.compression}"`,
        rule: "Cameo reads zstd, gz and br",
      }),
      { source: index.location },
    );
  const { bytes: sizeBytes, hashes } = info.raw_data;
  const packing: Packing | undefined = isPacked && isPackingMethod(method) ? { method, sizeBytes, hashes } : undefined;
  return {
    location: location ?? file.basename,
    version: versions.get(location ?? "") ?? `${index.version} ${file.bytes}`,
    sizeBytes: file.bytes,
    hashes: file.hashes,
    numRows: info.samples,
    ...(packing === undefined ? {} : { packing }),
    ...(location === undefined ? { fault: unsafe(file.basename) } : {}),
  };
}

function unsafe(name: string): FaultError {
  return new FaultError("unsafe-path", `the index names ${JSON.stringify(name.slice(0, 80))}, outside of its folder`);
}
