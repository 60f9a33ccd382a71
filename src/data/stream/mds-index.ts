/** `index.json` of an MDS data set: which shards there are, and how their samples are written. */

import { z } from "zod";
import { DataError, explain, messageOf } from "../../base/errors.ts";

/** One file, as the index tells of it. */
export interface MdsFile {
  readonly basename: string;
  readonly bytes: number;
  readonly hashes: Readonly<Record<string, string>>;
}

/** One shard, as the index tells of it. */
export interface MdsShardInfo {
  readonly column_names: readonly string[];
  readonly column_encodings: readonly string[];
  readonly column_sizes: readonly (number | null)[];
  readonly compression: string | null;
  readonly samples: number;
  readonly raw_data: MdsFile;
  readonly zip_data: MdsFile | null;
}

const file: z.ZodType<MdsFile> = z.object({
  basename: z.string().min(1),
  /** Offsets inside of a shard are 32-bit numbers. */
  bytes: z
    .int()
    .nonnegative()
    .max(2 ** 32),
  hashes: z.record(z.string(), z.string()).default({}),
});

const shard: z.ZodType<MdsShardInfo> = z
  .object({
    version: z.literal(2),
    format: z.literal("mds"),
    column_names: z.array(z.string()).min(1),
    column_encodings: z.array(z.string()),
    column_sizes: z.array(z.int().positive().nullable()),
    compression: z.string().nullable(),
    samples: z
      .int()
      .nonnegative()
      .max(2 ** 30),
    raw_data: file,
    zip_data: file.nullable(),
  })
  .refine(
    ({ column_names: names, column_encodings: encodings, column_sizes: sizes }) =>
      names.length === encodings.length && names.length === sizes.length && new Set(names).size === names.length,
    "every column has one name, one encoding and one size",
  )
  .refine(({ samples, raw_data: { bytes } }) => 4 * samples <= bytes, "it counts more samples than its bytes can hold");

const index: z.ZodType<{ shards: MdsShardInfo[] }> = z.object({ version: z.literal(2), shards: z.array(shard) });

/**
 * Reads an index.
 *
 * @param text - Content of `index.json`.
 * @param source - Where it is, for messages.
 * @throws DataError if it is no index of version 2, or its shards differ in their columns.
 */
export function parseMdsIndex(text: string, source: string): readonly MdsShardInfo[] {
  const bad = (received: string, rule: string, cause?: unknown): DataError =>
    new DataError(explain({ api: "mds", action: `read "${source}"`, received, rule }), { source, cause });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw bad(messageOf(cause), "an index is JSON", cause);
  }
  const parsed = index.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw bad(`${issue?.path.join(".")}: ${issue?.message}`, "it is no MDS index of version 2", parsed.error);
  }
  const { shards } = parsed.data;
  const columnsOf = (info: MdsShardInfo): string => JSON.stringify([info.column_names, info.column_encodings]);
  const different = shards.findIndex((info) => columnsOf(info) !== columnsOf(shards[0] as MdsShardInfo));
  if (different !== -1) throw bad(`shard ${different} has other columns than shard 0`, "all have the same");
  return shards;
}
