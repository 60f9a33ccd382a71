/** One shard, open for reading by range: in place, as a local copy, in memory, or over the network. */

import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { DataError } from "../../base/errors.ts";
import { faultOf } from "../store/read-error.ts";
import type { Store } from "../store/store.ts";
import { concatBytes } from "./concat-bytes.ts";
import { FaultError } from "./fault-error.ts";
import { type Expected, hasDigest, type Packing, shardBytes, verified } from "./shard-bytes.ts";
import type { ShardCache } from "./shard-cache.ts";

/** What is stored of a shard. */
export interface StoredShard extends Expected {
  readonly location: string;
  /** Changes with the content; part of the cache's key. */
  readonly version: string;
  readonly packing?: Packing;
}

/** How shards are brought near. */
export interface ShardAccess {
  readonly store: Store;
  /** Where copies of remote and packed shards are kept. Without one, packed shards are held in memory. */
  readonly cache?: ShardCache | undefined;
  /** Remote shards are copied whole, or read by range where only some of their rows are wanted. */
  readonly remote: "whole" | "range";
  /** Whether checksums are compared before a shard is used. */
  readonly verify: boolean;
}

/** Options of {@link ShardFile.read}. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly into?: Uint8Array<ArrayBuffer>;
}

/** A shard that can be read. */
export interface ShardFile extends AsyncDisposable {
  readonly sizeBytes: number;
  /** Memory that it holds while it is open [bytes]. */
  readonly heldBytes: number;
  /** Bytes that are worth reading at once. */
  readonly windowBytes: number;
  /**
   * Bytes [start, end), or fewer where the file ends before. The caller may keep them; with `into`, which must be large enough, they may lie
   * there, and memory that is used again is several times faster than fresh memory.
   */
  read(start: number, end: number, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * The same at once, into `into`, where the file is local. For many small reads, which take a twentieth of the time that way; whoever makes
   * them lets others have their turn now and then.
   */
  readNow?(start: number, end: number, into: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/**
 * Opens a shard.
 *
 * @throws FaultError if it is not what the index tells; what the store throws, if the bytes cannot be had.
 */
export async function openShardFile(shard: StoredShard, access: ShardAccess, signal?: AbortSignal): Promise<ShardFile> {
  const { store, cache, verify } = access;
  const { location, packing } = shard;
  const isLocal = store.kind === "file";
  const expected = { sizeBytes: shard.sizeBytes, hashes: verify ? shard.hashes : {} };
  const unpacked = packing === undefined ? undefined : { ...packing, hashes: verify ? packing.hashes : {} };
  if (isLocal && packing === undefined) {
    const file = localFile(await openLocal(location), shard.sizeBytes);
    await closing(file, checkLocal(file, expected, signal));
    return file;
  }
  const bytes = (): AsyncIterable<Uint8Array<ArrayBuffer>> =>
    shardBytes(store.stream(location, signal === undefined ? {} : { signal }), expected, unpacked);
  // Of a packed shard that no index tells of, the size is known afterwards; such text and raw data shrink to a quarter or less.
  const sizeBytes = packing?.isLimit === true ? shard.sizeBytes * 4 : (packing ?? shard).sizeBytes;
  if (cache !== undefined && (packing !== undefined || access.remote === "whole")) {
    const key = `${location} ${shard.version} ${packing?.method ?? "plain"}`;
    const copy = (): Promise<FileHandle> => cache.open(key, sizeBytes, bytes, signal);
    // A copy with other bytes than the index tells may have been damaged on its way: once more.
    const handle = await copy().catch((error: unknown) => {
      if (!isLocal && error instanceof FaultError && error.faultCode === "checksum") return copy();
      throw error;
    });
    const { size } = await handle.stat();
    const file = localFile(handle, size);
    if (packing?.isLimit !== true) await closing(file, checkSize(file, sizeBytes));
    return file;
  }
  if (packing !== undefined) return memoryFile(await collect(bytes()));
  return {
    sizeBytes,
    heldBytes: 0,
    windowBytes: 2 ** 22,
    read: (start, end, { signal } = {}) => {
      const range = { start, end: Math.min(end, sizeBytes), ...(signal === undefined ? {} : { signal }) };
      return store.read(location, range).catch((error: unknown) => {
        const { code, detail, byte } = faultOf(error, location, "remote");
        // An object that is shorter than the index tells stays so; everything else may pass.
        throw code === "truncated" ? new FaultError(code, detail, byte, { cause: error }) : error;
      });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A shard that is not there belongs to no index that is right: that is for the user to mend, and not set aside. */
async function openLocal(location: string): Promise<FileHandle> {
  const path = /^file:/i.test(location) ? fileURLToPath(location) : location;
  return open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    const received = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new DataError(`data: cannot read "${location}": ${received}, the index names it`, {
      source: location,
      cause,
    });
  });
}

async function closing(file: ShardFile, checking: Promise<void>): Promise<void> {
  await checking.catch(async (error: unknown) => {
    await file[Symbol.asyncDispose]();
    throw error;
  });
}

/** Local files whose checksum was compared, by path, size and time: once is enough for a process. */
const compared = new Set<string>();

interface LocalFile extends ShardFile {
  readonly handle: FileHandle;
}

async function checkLocal(file: LocalFile, expected: Expected, signal?: AbortSignal): Promise<void> {
  await checkSize(file, expected.sizeBytes);
  if (!hasDigest(expected)) return;
  const { dev, ino, mtimeMs, size } = await file.handle.stat();
  const key = [dev, ino, mtimeMs, size].join(" ");
  if (compared.has(key)) return;
  for await (const _ of verified(pieces(file, signal), expected));
  compared.add(key);
}

async function checkSize({ handle }: LocalFile, expected: number): Promise<void> {
  const { size } = await handle.stat();
  if (size === 0 && expected > 0) throw new FaultError("empty", "a shard of no bytes");
  if (size < expected) throw new FaultError("truncated", `${size} of ${expected} bytes`, size);
  if (size > expected) throw new FaultError("checksum", `${size} bytes and not the ${expected} that the index tells`);
}

async function* pieces(file: ShardFile, signal?: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const step = 2 ** 20;
  const into = new Uint8Array(step);
  for (let at = 0; ; at += step) {
    signal?.throwIfAborted();
    const bytes = await file.read(at, at + step, { into });
    if (bytes.length > 0) yield bytes;
    if (bytes.length < step) return;
  }
}

function localFile(handle: FileHandle, sizeBytes: number): LocalFile {
  return {
    handle,
    sizeBytes,
    heldBytes: 0,
    windowBytes: 2 ** 19,
    read: async (start, end, { into } = {}) => {
      // Not zeroed first: all of it is filled or cut off.
      const bytes = into?.subarray(0, end - start) ?? (Buffer.allocUnsafeSlow(end - start) as Uint8Array<ArrayBuffer>);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return new Uint8Array(bytes.buffer, bytes.byteOffset, filled);
    },
    readNow: (start, end, into) => {
      let filled = 0;
      while (filled < end - start) {
        const count = readSync(handle.fd, into, filled, end - start - filled, start + filled);
        if (count === 0) break;
        filled += count;
      }
      return into.subarray(0, filled);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function memoryFile(bytes: Uint8Array<ArrayBuffer>): ShardFile {
  return {
    sizeBytes: bytes.length,
    heldBytes: bytes.length,
    windowBytes: 2 ** 30,
    read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
    readNow: (start, end) => bytes.subarray(start, end),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(parts);
}
