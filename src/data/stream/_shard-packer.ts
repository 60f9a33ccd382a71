/** Compression of whole shards. */

import { promisify } from "node:util";
import { constants, gzip, zstdCompress } from "node:zlib";
import { explain } from "../../base/errors.ts";

/** Packs shards. */
export interface Packer {
  readonly extension: string;
  pack(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * The packer of a compression.
 *
 * @throws RangeError if there is none, or the format is not packed.
 */
export function packer(compression: string | undefined, format: "mds" | "webdataset"): Packer | undefined {
  if (compression === undefined) return undefined;
  const [, method, digits] = /^(zstd|gz)(?::(\d+))?$/.exec(compression) ?? [];
  const level = digits === undefined ? undefined : Number(digits);
  const [least, most] = method === "zstd" ? [1, 22] : [0, 9];
  if (method === undefined || (level !== undefined && (level < least || level > most)))
    throw new RangeError(
      explain({
        api: "writeShards",
        action: "use compression",
        received: `got "${compression}"`,
        rule: "must be zstd, zstd:1 to zstd:22, gz, or gz:0 to gz:9",
      }),
    );
  if (format === "webdataset")
    throw new RangeError(
      explain({
        api: "writeShards",
        action: "use compression",
        received: `got "${compression}" with format "webdataset"`,
        rule: "its archives are read by range, so they are not packed",
        hint: `use the format "mds"`,
      }),
    );
  if (method === "gz")
    return { extension: "gz", pack: (bytes) => promisify(gzip)(bytes, level === undefined ? {} : { level }) };
  const params = { [constants.ZSTD_c_compressionLevel]: level ?? 3, [constants.ZSTD_c_contentSizeFlag]: 1 };
  return {
    extension: "zstd",
    pack: (bytes) => promisify(zstdCompress)(bytes, { params, pledgedSrcSize: bytes.length } as never),
  };
}
