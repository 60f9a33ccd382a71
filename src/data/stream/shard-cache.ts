/** Copies of remote or packed shards on the local disk: whole or not there, within a quota, shared by all processes of a machine. */

import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DataError, explain } from "../../base/errors.ts";
import { temporaryName, writeAtomically } from "../../base/files.ts";

/** Options of {@link ShardCache}. */
export interface ShardCacheOptions {
  /** Where the copies are; made if missing. It must hold nothing else. */
  readonly folder: string;
  /**
   * Most bytes of all copies. The copy that was used longest ago goes first.
   * @defaultValue 10 · 2 ** 30
   */
  readonly quotaBytes?: number;
}

/** A lock whose holder has not shown life for so long is void [ms]; holders do so every quarter of it. */
const staleMs = 20_000;
/** Time between looks at a copy that another process is making [ms]. */
const pollMs = 50;

/**
 * A folder of shards, kept by the name of what they are copies of.
 *
 * Several processes and threads can share it: one makes a copy, the others wait for it. A copy takes its place under a final name when all
 * of it is on disk, so one that is there can be used; a process that is killed leaves a temporary file behind that the next one removes.
 * The quota may be passed by the copies that are under way at the same time.
 *
 * @example A copy is made once
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { ShardCache } from "cameo/data/stream";
 *
 * const cache = new ShardCache({ folder: await mkdtemp(join(tmpdir(), "shards-")), quotaBytes: 1e6 });
 * let made = 0;
 * async function* bytes() {
 *   made++;
 *   yield new TextEncoder().encode("content");
 * }
 * for (let i = 0; i < 2; i++) {
 *   await using file = await cache.open("s3://bucket/shard-0 version 1", 7, bytes);
 *   assert.equal((await file.readFile()).toString(), "content");
 * }
 * assert.equal(made, 1);
 * ```
 */
export class ShardCache {
  readonly folder: string;
  readonly quotaBytes: number;

  /**
   * @param options - See {@link ShardCacheOptions}.
   * @throws RangeError if the quota is not positive.
   */
  constructor(options: ShardCacheOptions) {
    this.folder = options.folder;
    this.quotaBytes = options.quotaBytes ?? 10 * 2 ** 30;
    if (!(this.quotaBytes > 0))
      throw new RangeError(
        explain({
          api: "ShardCache",
          action: "use quotaBytes",
          received: `got ${options.quotaBytes}`,
          rule: "must be positive",
        }),
      );
  }

  /**
   * Opens a copy, which is made first if there is none. The caller closes it; it stays readable if it is evicted meanwhile.
   *
   * @param key - Identifies the content: location and version.
   * @param sizeBytes - Size of the copy [bytes].
   * @param make - Its bytes. What it throws is thrown here, and nothing is kept.
   * @param signal - Stops the waiting and the making with the signal's reason.
   * @returns The file, open for reading.
   * @throws DataError if the copy is larger than the quota, or the disk is full.
   */
  async open(
    key: string,
    sizeBytes: number,
    make: () => AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<FileHandle> {
    if (sizeBytes > this.quotaBytes)
      throw new DataError(
        explain({
          api: "ShardCache",
          action: `keep "${key}"`,
          received: `it has ${sizeBytes} bytes`,
          rule: `the quota is ${this.quotaBytes}`,
          hint: "raise quotaBytes, or write smaller shards",
        }),
      );
    const path = this.#pathOf(key, "shard");
    for (;;) {
      signal?.throwIfAborted();
      const file = await openExisting(path);
      if (file !== undefined) return file;
      await mkdir(this.folder, { recursive: true });
      const lock = await takeLock(`${path}.lock`).catch((error: unknown) => {
        throw isOutOfSpace(error) ? this.#full(key, error) : error;
      });
      if (lock === undefined) await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
      else
        try {
          // Someone may have finished between the look and the lock.
          const other = await openExisting(path);
          if (other !== undefined) return other;
          await this.#makeRoom(sizeBytes);
          await writeCopy(path, make(), signal);
        } catch (error) {
          throw isOutOfSpace(error) ? this.#full(key, error) : error;
        } finally {
          await lock();
        }
    }
  }

  /**
   * What was noted about a shard: the result of work that reads all of it.
   *
   * @param key - Identifies the content, as for {@link open}.
   * @returns The bytes, or undefined if there is no note.
   */
  async readNote(key: string): Promise<Uint8Array | undefined> {
    return readFile(this.#pathOf(key, "note")).catch(() => undefined);
  }

  /**
   * Notes something about a shard, for all who share the folder. Notes are small: the quota does not count them.
   *
   * @param key - Identifies the content, as for {@link open}.
   * @param content - What to note.
   */
  async writeNote(key: string, content: Uint8Array): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeAtomically(this.#pathOf(key, "note"), content);
  }

  #full(key: string, cause: NodeJS.ErrnoException): DataError {
    return new DataError(
      explain({
        api: "ShardCache",
        action: `keep "${key}" in "${this.folder}"`,
        received: cause.message,
        rule: `the disk must have room for ${this.quotaBytes} bytes`,
        hint: "lower quotaBytes, or use a folder on another disk",
      }),
      { cause },
    );
  }

  #pathOf(key: string, extension: string): string {
    return join(this.folder, `${createHash("sha256").update(key).digest("hex")}.${extension}`);
  }

  /** Removes the copies that were used longest ago, and what killed processes left. */
  async #makeRoom(sizeBytes: number): Promise<void> {
    // Locks, and notes about shards, take no room to speak of.
    const names = (await readdir(this.folder)).filter((name) => /\.(shard|shard\.tmp-.*)$/.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const info = await stat(join(this.folder, name)).catch(() => undefined);
        return { name, sizeBytes: info?.size ?? 0, usedMs: info?.mtimeMs ?? 0 };
      }),
    );
    let total = sizeBytes + files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const now = Date.now();
    const abandoned = files.filter(({ name, usedMs }) => name.includes(".tmp-") && now - usedMs > staleMs);
    const copies = files.filter(({ name }) => name.endsWith(".shard")).sort((a, b) => a.usedMs - b.usedMs);
    for (const { name, sizeBytes } of abandoned) {
      await rm(join(this.folder, name), { force: true });
      total -= sizeBytes;
    }
    for (const copy of copies) {
      if (total <= this.quotaBytes) break;
      // Windows keeps a file that someone has open; then the quota is passed until they close it.
      await rm(join(this.folder, copy.name), { force: true }).then(
        () => {
          total -= copy.sizeBytes;
        },
        () => {},
      );
    }
  }
}

function isOutOfSpace(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && ["ENOSPC", "EDQUOT", "EFBIG"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Opens a copy if it is there, and notes that it was used. */
async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, "r");
    const now = new Date();
    await utimes(path, now, now).catch(() => {}); // evicted just now: the open file is enough
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function writeCopy(path: string, bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await using file = await open(temporary, "wx");
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      await file.writeFile(chunk);
    }
    await file.datasync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Takes a lock: returns what releases it, or undefined while another process holds it. */
async function takeLock(path: string): Promise<(() => Promise<void>) | undefined> {
  const owner = `${process.pid} ${Math.random()}`;
  try {
    const file = await open(path, "wx");
    try {
      await file.writeFile(owner);
    } catch (error) {
      await rm(path, { force: true }); // a full disk: nobody holds it
      throw error;
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && Date.now() - info.mtimeMs > staleMs) await rm(path, { force: true });
    return undefined;
  }
  const alive = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, staleMs / 4);
  alive.unref();
  return async () => {
    clearInterval(alive);
    // Not one that another process took over while this one was suspended.
    if ((await readFile(path, "utf8").catch(() => "")) === owner) await rm(path, { force: true });
  };
}
