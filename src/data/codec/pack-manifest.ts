/** `manifest.json` of a pack: what is in it, how it was compressed, what was lost, and the hash of every chunk. */

import { z } from "zod";
import { faultCodes } from "../fault.ts";
import type { Schema } from "../table.ts";
import type { AchievedError } from "./achieved-error.ts";
import type { ColumnEncoding } from "./column-codec.ts";

/** Name of the manifest in its folder; written last, so that a pack without one is not whole. */
export const manifestName = "manifest.json";
/** Longest manifest that is read [bytes]. */
export const longestManifest: number = 1 << 28;

const dtypes = z.string().max(20);

const field = z.object({
  name: z.string(),
  type: dtypes,
  nullable: z.boolean(),
  element: dtypes.optional(),
  shape: z.array(z.int()).optional(),
});

const lossy = z.union([
  z.object({ method: z.enum(["absolute", "range", "relative"]), bound: z.number() }),
  z.object({ method: z.literal("bits"), keepBits: z.union([z.int(), z.literal("auto")]) }),
  z.object({ method: z.enum(["float16", "bfloat16", "int8"]), bound: z.number().optional() }),
]);

const encoding = z.object({
  transform: z.enum(["none", "delta", "xor", "dictionary"]),
  shuffle: z.enum(["none", "byte", "bit"]),
  codec: z.enum(["lz4", "zstd", "zlib"]),
  level: z.int().min(0).max(9),
  lossy: lossy.optional(),
});

const achieved = z.object({ maxAbsolute: z.number(), maxRelative: z.number(), psnr: z.number().nullable() });

const chunk = z.object({
  /** First byte in the part's file. */
  start: z.int().min(0),
  sizeBytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const part = z.object({
  /** File of the folder: never a path. */
  file: z.string().regex(/^[\w-]+\.bin$/),
  numRows: z.int().min(1),
  sizeBytes: z.int().min(0),
  /** One for each column of the schema. */
  chunks: z.array(chunk),
});

const column = z.object({
  encoding,
  /** Bytes before and after. */
  plainBytes: z.int().min(0),
  codedBytes: z.int().min(0),
  /** What was lost, of all chunks; absent where nothing was asked to be. */
  error: achieved.optional(),
});

const manifest = z.object({
  format: z.literal("cameo-pack"),
  version: z.literal(1),
  schema: z.array(field),
  numRows: z.int().min(0),
  columns: z.record(z.string(), column),
  parts: z.array(part),
  /** What it was made of. */
  source: z.object({
    format: z.string(),
    fingerprint: z.string(),
    faults: z.partialRecord(z.enum(faultCodes), z.int()),
  }),
});

/** One column of a {@link PackManifest}. */
export interface PackColumn {
  readonly encoding: ColumnEncoding;
  readonly plainBytes: number;
  readonly codedBytes: number;
  readonly error?: AchievedError;
}

/** Rows of a pack that are in one file. */
export interface PackPart {
  readonly file: string;
  readonly numRows: number;
  readonly sizeBytes: number;
  /** One for each column of the schema: where it is in the file. */
  readonly chunks: readonly { readonly start: number; readonly sizeBytes: number; readonly sha256: string }[];
}

/** What `manifest.json` holds. */
export interface PackManifest {
  readonly format: "cameo-pack";
  readonly version: 1;
  readonly schema: Schema;
  readonly numRows: number;
  readonly columns: Readonly<Record<string, PackColumn>>;
  readonly parts: readonly PackPart[];
  readonly source: {
    readonly format: string;
    readonly fingerprint: string;
    readonly faults: Readonly<Record<string, number>>;
  };
}

/**
 * Checks what was read as a manifest.
 *
 * @param json - Anything.
 * @returns The manifest, whose counts agree.
 * @throws ZodError or Error if it is none.
 */
export function parseManifest(json: unknown): PackManifest {
  const parsed = manifest.parse(json);
  const names = new Set(parsed.schema.map(({ name }) => name));
  if (names.size !== parsed.schema.length || parsed.schema.some(({ name }) => !Object.hasOwn(parsed.columns, name)))
    throw new Error("its columns are not those of its schema");
  if (parsed.parts.some(({ chunks }) => chunks.length !== parsed.schema.length))
    throw new Error("a part has not one chunk for each column");
  if (parsed.parts.reduce((sum, { numRows }) => sum + numRows, 0) !== parsed.numRows)
    throw new Error("its parts have not as many rows as it says");
  return parsed as PackManifest;
}
