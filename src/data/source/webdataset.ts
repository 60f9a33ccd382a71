/** WebDataset archives: tar files in which the files of a sample share a name and differ in what follows its first dot. */

import { createHash } from "node:crypto";
import { z } from "zod";
import { DataError, explain } from "../../base/errors.ts";
import type { Fault } from "../fault.ts";
import { firstFault } from "../first-fault.ts";
import type { StoreEntry } from "../store/store.ts";
import { FaultError } from "../stream/fault-error.ts";
import type { PackingMethod } from "../stream/shard-bytes.ts";
import { openShardFile, type ShardAccess } from "../stream/shard-file.ts";
import { type ShardInfo, ShardSource } from "../stream/shard-source.ts";
import { tarField } from "../stream/tar-field.ts";
import { indexTar, type TarIndex } from "../stream/tar-index.ts";
import { keyColumn, tarLayout } from "../stream/tar-layout.ts";
import { readTarNote, writeTarNote } from "../stream/tar-note.ts";
import type { TarFault } from "../stream/tar-scan.ts";
import type { Field, Schema } from "../table.ts";
import { besideOf } from "./_beside.ts";
import { hasExtension, type OpenContext, type SourceFormat } from "./format.ts";

/** What `cameo data shard` writes beside the archives; hidden, so that readers which do not know it pass it over. */
export const webdatasetIndexName = ".cameo-index.json";

const indexSchema: z.ZodType<WebdatasetIndex> = z.object({
  version: z.literal(1),
  format: z.literal("webdataset"),
  columns: z.array(z.object({ name: z.string(), nullable: z.boolean() })),
  shards: z.array(
    z.object({
      name: z.string(),
      samples: z.int().nonnegative(),
      bytes: z.int().nonnegative(),
      sha256: z.string(),
    }),
  ),
});

/** Content of `.cameo-index.json`: what saves a pass over every archive, and tells a damaged one. */
export interface WebdatasetIndex {
  readonly version: 1;
  readonly format: "webdataset";
  readonly columns: readonly { readonly name: string; readonly nullable: boolean }[];
  readonly shards: readonly {
    readonly name: string;
    readonly samples: number;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/** See {@link SourceFormat}. */
export const webdataset: SourceFormat = {
  name: "webdataset",
  detect: (_, entries) => entries.some(({ location }) => isArchive(location) || isIndex(location)),
  open: (context) => openWebdataset(context),
};

const isArchive = (location: string): boolean => hasExtension(location, [".tar", ".tgz"]);
const isIndex = (location: string): boolean => location.split(/[\\/]/).at(-1) === webdatasetIndexName;

/** Most bytes that a packed archive may unpack to, where no index tells. */
const unpackedLimit = 2 ** 36;

/**
 * Opens archives. With an index beside them nothing else is read; without one, the headers of every archive are, and what they say is
 * noted in the cache, if there is one.
 *
 * @param context - What the user named.
 * @param access - How shards are brought near; read by range and verified when absent.
 * @throws DataError if no sample is found, or the index is none.
 */
export async function openWebdataset(context: OpenContext, access: Partial<ShardAccess> = {}): Promise<ShardSource> {
  const { store, location, faults } = context;
  const full: ShardAccess = { store, remote: "range", verify: true, ...access };
  const archives = ofSplit(context);
  const index = await indexOf(context, archives);
  const indexes = new Map<string, TarIndex>();
  const report = (shard: ShardInfo): ((fault: TarFault) => void) => {
    return ({ error, numRows }) => faults.report({ ...faultOf(error, shard.location), ...(numRows && { numRows }) });
  };
  const found =
    index === undefined ? await scanAll(archives, full, indexes, report) : await readIndex(context, archives, index);
  if (found.schema.length < 2)
    throw new DataError(
      explain({
        api: "webdataset",
        action: `open "${location}"`,
        received: `there is no sample in ${archives.length} archives${firstFault(faults)}`,
        rule: `a sample is a file with a name such as "000.jpg"`,
      }),
      { source: location },
    );
  const identity = found.shards.map((shard) => [shard.location.split(/[\\/]/).at(-1), shard.sizeBytes, shard.hashes]);
  return new ShardSource({
    format: "webdataset",
    location,
    schema: found.schema,
    fingerprint: `webdataset:${createHash("sha256").update(JSON.stringify(identity)).digest("hex")}`,
    faults,
    shards: found.shards,
    access: full,
    layout: async (shard, file) => {
      const tar = indexes.get(shard.location) ?? (await indexTar(file, report(shard)));
      if (tar.keys.length !== shard.numRows)
        throw new FaultError("syntax", `${tar.keys.length} whole samples, the index counts ${shard.numRows}`);
      return tarLayout(tar, found.schema);
    },
  });
}

function faultOf({ faultCode, byte, message }: FaultError, source: string): Fault {
  return { code: faultCode, source, detail: message, ...(byte === undefined ? {} : { byte }) };
}

/** The archives of the split, by a folder or a part of a name: `train/0.tar`, `imagenet-train-000.tar`. */
function ofSplit({ entries, options, location }: OpenContext): StoreEntry[] {
  const archives = entries.filter((entry) => isArchive(entry.location));
  const split = options.split ?? "train";
  const below = (path: string): string => (path.startsWith(location) ? path.slice(location.length) : path);
  const chosen = archives.filter((entry) =>
    below(entry.location)
      .split(/[\\/_.-]/)
      .includes(split),
  );
  if (chosen.length > 0 || options.split === undefined) return chosen.length > 0 ? chosen : archives;
  throw new DataError(
    explain({
      api: "webdataset",
      action: `open split "${split}" of "${location}"`,
      received: `none of ${archives.length} archives is named after it`,
      rule: "a folder or a part of the file's name tells the split",
    }),
    { source: location },
  );
}

/** The index: what the user named, or what lies beside archives that share a folder. */
async function indexOf(
  { entries, store }: OpenContext,
  archives: readonly StoreEntry[],
): Promise<StoreEntry | undefined> {
  const named = entries.find(({ location }) => isIndex(location));
  const [beside, ...others] = new Set(archives.map(({ location }) => besideOf(location, webdatasetIndexName)));
  if (named !== undefined || beside === undefined || others.length > 0) return named;
  return store.head(beside).catch(() => undefined); // most archives have none
}

interface Found {
  readonly shards: readonly ShardInfo[];
  readonly schema: Schema;
}

function shardOf(entry: StoreEntry): ShardInfo {
  const packed = /\.(tgz|gz|zst)$/i.exec(entry.location)?.[1]?.toLowerCase();
  const method: PackingMethod = packed === "zst" ? "zstd" : "gz";
  return {
    location: entry.location,
    version: entry.version,
    sizeBytes: entry.sizeBytes,
    hashes: {},
    numRows: 0,
    ...(packed === undefined ? {} : { packing: { method, sizeBytes: unpackedLimit, isLimit: true, hashes: {} } }),
  };
}

/** Archives that are scanned at once. */
const maxScans = 4;

async function scanAll(
  archives: readonly StoreEntry[],
  access: ShardAccess,
  indexes: Map<string, TarIndex>,
  report: (shard: ShardInfo) => (fault: TarFault) => void,
): Promise<Found> {
  const shards = archives.map(shardOf);
  const faults = new Map<ShardInfo, TarFault[]>();
  let next = 0;
  const scan = async (): Promise<void> => {
    while (next < shards.length) {
      const shard = shards[next++] as ShardInfo;
      const list: TarFault[] = [];
      faults.set(shard, list);
      const key = `${shard.location} ${shard.version}`;
      try {
        const noted = await readTarNote(access.cache, key);
        if (noted !== undefined) {
          list.push(...noted.faults);
          indexes.set(shard.location, noted.index);
          continue;
        }
        await using file = await openShardFile(shard, access);
        const index = await indexTar(file, (fault) => list.push(fault));
        indexes.set(shard.location, index);
        await writeTarNote(access.cache, key, { index, faults: list });
      } catch (error) {
        if (!(error instanceof FaultError)) throw error;
        list.push({ error });
      }
    }
  };
  await Promise.all(Array.from({ length: maxScans }, scan));
  // In the order of the shards, whichever was scanned first.
  for (const shard of shards) for (const fault of faults.get(shard) ?? []) report(shard)(fault);
  const counts = new Map<string, number>();
  let numRows = 0;
  for (const { location } of shards) {
    const index = indexes.get(location);
    numRows += index?.keys.length ?? 0;
    for (const field of index?.fieldOf ?? []) {
      const name = index?.fields[field] as string;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return {
    shards: shards.map((shard) => ({ ...shard, numRows: indexes.get(shard.location)?.keys.length ?? 0 })),
    schema: schemaOf([...counts].map(([name, count]) => ({ name, nullable: count < numRows }))),
  };
}

function schemaOf(columns: WebdatasetIndex["columns"]): Schema {
  const fields = columns.filter(({ name }) => name !== keyColumn);
  return [
    { name: keyColumn, type: "string", nullable: false },
    ...fields.map(({ name, nullable }): Field => ({ name, nullable, type: tarField(name).type })),
  ];
}

async function readIndex(
  { store, entries, location }: OpenContext,
  archives: readonly StoreEntry[],
  index: StoreEntry,
): Promise<Found> {
  const bad = (received: string, cause?: unknown): DataError =>
    new DataError(
      explain({ api: "webdataset", action: `read "${index.location}"`, received, rule: "it must be an index" }),
      { source: index.location, cause },
    );
  const text = new TextDecoder().decode(await store.read(index.location));
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw bad((cause as Error).message, cause);
  }
  const parsed = indexSchema.safeParse(content);
  if (!parsed.success) throw bad(`${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`);
  const versions = new Map(entries.map((entry) => [entry.location, entry.version]));
  // Who names a folder means all that its index tells, and one that is missing is an error; who names archives means those.
  const named = new Set(archives.map((entry) => entry.location));
  const isWanted = (place: string | undefined): boolean =>
    place === undefined || !/\.(tar|tgz)\b|[*?[{]/i.test(location) || named.has(place);
  return {
    schema: schemaOf(parsed.data.columns),
    shards: parsed.data.shards.flatMap((shard): ShardInfo[] => {
      const location = besideOf(index.location, shard.name);
      if (!isWanted(location)) return [];
      const detail = `the index names ${JSON.stringify(shard.name.slice(0, 80))}, outside of its folder`;
      const info = {
        location: location ?? shard.name,
        version: versions.get(location ?? "") ?? shard.sha256,
        sizeBytes: shard.bytes,
        hashes: { sha256: shard.sha256 },
        numRows: shard.samples,
      };
      return [location === undefined ? { ...info, fault: new FaultError("unsafe-path", detail) } : info];
    }),
  };
}
