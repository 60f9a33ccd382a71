/** Opens the sources of a stream: MDS and WebDataset with a cache for their shards, every other format as it is. */

import { DataError, explain } from "../../base/errors.ts";
import type { FaultLog } from "../fault.ts";
import { headBytes, type OpenContext } from "../source/format.ts";
import { mds, openMds } from "../source/mds.ts";
import type { Source } from "../source/source.ts";
import { openWebdataset, webdataset } from "../source/webdataset.ts";
import { type StoreOptions, storeOf } from "../store/store-of.ts";
import { ShardCache, type ShardCacheOptions } from "./shard-cache.ts";
import type { StreamSource } from "./stream-spec.ts";

/** How data is reached; plain, so that threads can have it too. */
export interface StreamAccess {
  /** Where copies of remote and packed shards are kept. @defaultValue none: remote shards are read by range, packed ones held in memory */
  readonly cache?: ShardCacheOptions;
  /** Whether remote shards are copied whole into the cache, or read by range. @defaultValue "whole" */
  readonly remote?: "whole" | "range";
  /** Whether the checksums that an index tells are compared before a shard is used. @defaultValue true */
  readonly verify?: boolean;
  /** How remote data is reached. */
  readonly store?: Omit<StoreOptions, "faults">;
}

/**
 * Opens a source whose rows can be taken by number.
 *
 * @param source - What a spec says of it.
 * @param access - How it is reached.
 * @param faults - Where faults go that opening finds.
 * @throws DataError if it cannot be opened, or its rows are found only by reading all before them.
 */
export async function openStreamSource(
  { location, format, split }: StreamSource,
  access: StreamAccess,
  faults: FaultLog,
): Promise<Source> {
  const source = (await openShards(location, format, split, access, faults)) ?? (await openAny());
  if (source.take !== undefined && source.numRows !== undefined) return source;
  await source[Symbol.asyncDispose]();
  throw new DataError(
    explain({
      api: "streamDataset",
      action: `stream "${location}"`,
      received: `${source.format} is read from its beginning only`,
      rule: "a shuffled stream needs rows by number",
      hint: "write it as shards first: cameo data shard",
    }),
    { source: location },
  );

  async function openAny(): Promise<Source> {
    // Only here: shards do without the readers of all other formats, and a thread starts several times sooner.
    const { openSource } = await import("../source/open.ts");
    return openSource(location, {
      faults,
      ...(format === undefined ? {} : { format }),
      ...(split === undefined ? {} : { split }),
      ...(access.store === undefined ? {} : { store: access.store }),
    });
  }
}

/** Opens MDS or WebDataset; undefined for anything else. */
async function openShards(
  location: string,
  format: string | undefined,
  split: string | undefined,
  access: StreamAccess,
  faults: FaultLog,
): Promise<Source | undefined> {
  if (format !== undefined && format !== mds.name && format !== webdataset.name) return undefined;
  const store = storeOf(location, access.store === undefined ? { faults } : { ...access.store, faults });
  const entries = await store.list(location);
  const context: OpenContext = {
    location,
    entries,
    store,
    faults,
    options: split === undefined ? {} : { split },
    openAs: () => Promise.reject(new TypeError("openStreamSource: shards have no other format inside")),
  };
  const shardAccess = {
    verify: access.verify ?? true,
    remote: access.cache === undefined ? ("range" as const) : (access.remote ?? "whole"),
    cache: access.cache === undefined ? undefined : new ShardCache(access.cache),
  };
  // Only a lone index needs a look inside.
  const [only] = entries;
  const head =
    entries.length === 1 && only !== undefined && /index\.json$/.test(only.location)
      ? await store.read(only.location, { end: Math.min(headBytes, only.sizeBytes) })
      : new Uint8Array(0);
  if (format === mds.name || (format === undefined && mds.detect(location, entries, head)))
    return openMds(context, shardAccess);
  if (format === webdataset.name || (format === undefined && webdataset.detect(location, entries, head)))
    return openWebdataset(context, shardAccess);
  return undefined;
}
