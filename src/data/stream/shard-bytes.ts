/** The bytes of a stored shard as they come by: counted, compared with their checksum, unpacked. */

import { createHash, getHashes } from "node:crypto";
import { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { isCameoError, messageOf } from "../../base/errors.ts";
import { FaultError } from "./fault-error.ts";

/** What is known of some bytes before they are read. */
export interface Expected {
  /** How many there are; if `isLimit`, at most. */
  readonly sizeBytes: number;
  readonly isLimit?: boolean;
  /** Hexadecimal digests by algorithm, as MDS names them. Those that Node does not compute (xxHash) say nothing. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** How a shard is packed, and what it unpacks to. */
export interface Packing extends Expected {
  readonly method: PackingMethod;
}

/** Compressions of whole shards. */
export type PackingMethod = "zstd" | "gz" | "br";

const unpackers = { zstd: createZstdDecompress, gz: createGunzip, br: createBrotliDecompress } as const;

/** Whether Cameo unpacks a compression. */
export function isPackingMethod(name: string): name is PackingMethod {
  return Object.hasOwn(unpackers, name);
}

/** Digests from the surest on; one is enough. */
const preferred = ["sha256", "sha512", "sha384", "sha3_256", "sha3_512", "blake2b", "sha224", "sha1", "md5"];
const nodeNames: Readonly<Record<string, string>> = {
  sha3_256: "sha3-256",
  sha3_512: "sha3-512",
  blake2b: "blake2b512",
};

/** The digest to verify, if Node computes one of them. */
function digestOf(hashes: Readonly<Record<string, string>>): { name: string; algorithm: string } | undefined {
  for (const name of preferred) {
    const algorithm = nodeNames[name] ?? name;
    if (Object.hasOwn(hashes, name) && getHashes().includes(algorithm)) return { name, algorithm };
  }
  return undefined;
}

/**
 * Passes bytes on and compares them with what is expected once they end.
 *
 * @throws FaultError if there are fewer (`truncated`), more (`checksum`; `bomb` as soon as they come, if unpacked) or others (`checksum`).
 */
export async function* verified(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  expected: Expected,
  excess: "checksum" | "bomb" = "checksum",
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const digest = digestOf(expected.hashes);
  const hash = digest === undefined ? undefined : createHash(digest.algorithm);
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > expected.sizeBytes)
      throw new FaultError(excess, `more than the ${expected.sizeBytes} bytes that are allowed`, expected.sizeBytes);
    hash?.update(chunk);
    yield chunk;
  }
  if (sizeBytes === 0 && expected.sizeBytes > 0) throw new FaultError("empty", "a shard of no bytes");
  if (expected.isLimit !== true && sizeBytes < expected.sizeBytes)
    throw new FaultError("truncated", `${sizeBytes} of ${expected.sizeBytes} bytes`, sizeBytes);
  if (digest !== undefined && hash?.digest("hex") !== expected.hashes[digest.name]?.toLowerCase())
    throw new FaultError("checksum", `the bytes do not have the ${digest.name} that the index tells`);
}

/** Whether {@link verified} would do more than count. */
export function hasDigest({ hashes }: Expected): boolean {
  return digestOf(hashes) !== undefined;
}

/**
 * The bytes of a shard, unpacked where it is packed, both forms verified.
 *
 * @param stored - Bytes as they are stored.
 * @param expected - What is known of those.
 * @param packing - How they are packed, if they are.
 */
export async function* shardBytes(
  stored: AsyncIterable<Uint8Array<ArrayBuffer>>,
  expected: Expected,
  packing: Packing | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const checked = verified(stored, expected);
  if (packing === undefined) return yield* checked;
  const source = Readable.from(checked, { objectMode: true });
  const unpacker = unpackers[packing.method]();
  // What goes wrong in the source comes out of the unpacker, so that the fault that is first is the one that is thrown.
  source.on("error", (error) => unpacker.destroy(error));
  try {
    yield* verified(source.pipe(unpacker), packing, "bomb");
  } catch (error) {
    if (error instanceof FaultError || isCameoError(error)) throw error;
    if (error instanceof Error && error.name === "AbortError") throw error;
    throw new FaultError("decode", `${packing.method} refused the bytes: ${messageOf(error)}`, undefined, {
      cause: error,
    });
  } finally {
    source.destroy();
    unpacker.destroy();
  }
}
