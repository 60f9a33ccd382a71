/**
 * The tokens of a corpus, written once and read by position: a flat little-endian file `<path>.bin` (uint16 when the
 * vocabulary allows it, else uint32) beside a small header `<path>.json`.
 */

import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { endianness } from "node:os";
import { dirname } from "node:path";
import { DataError, explain, messageOf } from "../base/errors.ts";
import { AtomicFile } from "./atomic-file.ts";
import type { TextFile } from "./files.ts";
import { parseTokenHeader, type TokenStoreHeader } from "./token-header.ts";

/** What the store needs of a tokenizer's streaming encoder; `cameo/text`'s `Encoder` is one. */
export interface TokenEncoder {
  push(chunk: string): ArrayLike<number>;
  end(): ArrayLike<number>;
}

/** Options of {@link writeTokenStore}. */
export interface WriteTokenStoreOptions {
  /** The corpus in pieces, as `readText` gives it. */
  text: Iterable<string> | AsyncIterable<string>;
  /** A fresh streaming encoder; it is used up. */
  encoder: TokenEncoder;
  /** Every token must be below this; decides between uint16 (up to 65,536) and uint32. */
  vocabulary: number;
  /** A name for the tokenizer that changes when its tokens would, such as `hashTokenizer` gives. */
  tokenizer: string;
  /** The files behind the text, so that a later run can tell whether they changed. @defaultValue none */
  sources?: readonly TextFile[];
  /** Called after each piece of text with the tokens written so far. */
  onProgress?: (tokens: number) => void;
  /** Stops the writing; nothing is left behind, and the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

const WRITE_BYTES = 2 ** 20;
const isBigEndian = endianness() === "BE";

function storeError(action: string, path: string, received: string, rule: string, cause?: unknown): DataError {
  const hint = action === "write" ? undefined : "write the token store again";
  return new DataError(explain({ api: "tokenStore", action: `${action} "${path}"`, received, rule, hint }), {
    source: path,
    cause,
  });
}

/** Swaps bytes in place where the machine's order is not the file's. */
function toFileOrder(bytes: Uint8Array, width: number): void {
  if (!isBigEndian) return;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 2) buffer.swap16();
  else buffer.swap32();
}

/**
 * Encodes a stream of text into a token store, with bounded memory. The store appears whole or not at all; an older one
 * under the same path is replaced.
 *
 * @param path - Where to write, without `.bin` and `.json`; folders on the way are made.
 * @param options - See {@link WriteTokenStoreOptions}.
 * @returns The header.
 * @throws DataError if the text has no tokens, or a token is not below the vocabulary.
 */
export async function writeTokenStore(path: string, options: WriteTokenStoreOptions): Promise<TokenStoreHeader> {
  const { encoder, vocabulary, tokenizer, sources = [], signal } = options;
  const dtype = vocabulary <= 65536 ? "uint16" : "uint32";
  const width = dtype === "uint16" ? 2 : 4;
  const pending = width === 2 ? new Uint16Array(WRITE_BYTES / 2) : new Uint32Array(WRITE_BYTES / 4);
  const pendingBytes = new Uint8Array(pending.buffer);
  let filled = 0;
  let tokens = 0;
  await mkdir(dirname(path), { recursive: true });
  await using file = await AtomicFile.create(`${path}.bin`);
  const flush = async (): Promise<void> => {
    const bytes = pendingBytes.subarray(0, filled * width);
    toFileOrder(bytes, width);
    await file.write(bytes);
    filled = 0;
  };
  const put = async (ids: ArrayLike<number>): Promise<void> => {
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      if (!(id >= 0 && id < vocabulary))
        throw storeError("write", path, `token ${tokens + i} is ${id}`, `must be from 0 to ${vocabulary - 1}`);
      pending[filled++] = id;
      if (filled === pending.length) await flush();
    }
    tokens += ids.length;
  };
  for await (const chunk of options.text) {
    signal?.throwIfAborted();
    await put(encoder.push(chunk));
    options.onProgress?.(tokens);
  }
  await put(encoder.end());
  if (tokens === 0) throw storeError("write", path, "the text has no tokens", "needs at least one");
  await flush();

  const header: TokenStoreHeader = {
    format: "cameo-tokens",
    version: 1,
    dtype,
    tokens,
    vocabulary,
    tokenizer,
    sources: [...sources],
  };
  // Without its header a store does not exist: none is there between the two renames.
  await rm(`${path}.json`, { force: true });
  await file.commit();
  await using headerFile = await AtomicFile.create(`${path}.json`);
  await headerFile.write(new TextEncoder().encode(`${JSON.stringify(header, null, 2)}\n`));
  await headerFile.commit();
  return header;
}

/**
 * Whether a store can be used instead of encoding again: same tokenizer, same files with the same sizes and times.
 *
 * @param header - The store's header, or undefined when there is no store.
 * @param tokenizer - Name of the tokenizer that is to be used now.
 * @param sources - The files as they are now, in reading order.
 */
export function isTokenStoreCurrent(
  header: TokenStoreHeader | undefined,
  tokenizer: string,
  sources: readonly TextFile[],
): boolean {
  if (header?.tokenizer !== tokenizer || header.sources.length !== sources.length) return false;
  return sources.every((source, i) => {
    const known = header.sources[i] as TextFile;
    return known.path === source.path && known.sizeBytes === source.sizeBytes && known.mtimeMs === source.mtimeMs;
  });
}

/** Reads the header of a store. Returns undefined if there is no store under this path. @throws DataError if it is not one. */
export function readTokenStoreHeader(path: string): TokenStoreHeader | undefined {
  let text: string;
  try {
    text = readFileSync(`${path}.json`, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw storeError("open", path, messageOf(cause), "its header must be readable", cause);
  }
  const header = parseTokenHeader(text);
  if (header === null) throw storeError("open", path, `"${path}.json" is not a header`, "must be one of version 1");
  return header;
}

/** A run of tokens that can be read by position. */
export interface TokenSource {
  /** Number of tokens. */
  readonly length: number;
  /** Copies `count` tokens from `position` on into `into`, starting at `at`. */
  read(position: number, count: number, into: Int32Array, at: number): void;
}

/** Options of {@link openTokenStore}. */
export interface OpenTokenStoreOptions {
  /** Stores up to this size are kept in memory; larger ones are read from disk, slice by slice. @defaultValue 256 MiB */
  memoryLimitBytes?: number;
}

/** An open token store; close it with `using` or `close()`. */
export interface TokenStore extends TokenSource, Disposable {
  readonly header: TokenStoreHeader;
  close(): void;
}

/**
 * Opens a token store for reading.
 *
 * @param path - As given to {@link writeTokenStore}.
 * @param options - See {@link OpenTokenStoreOptions}.
 * @throws DataError if there is none, or its files do not belong together.
 */
export function openTokenStore(path: string, options: OpenTokenStoreOptions = {}): TokenStore {
  const { memoryLimitBytes = 256 * 2 ** 20 } = options;
  const header = readTokenStoreHeader(path);
  if (header === undefined)
    throw storeError("open", path, `there is no "${path}.json"`, "must be a path given to writeTokenStore");
  const width = header.dtype === "uint16" ? 2 : 4;
  const expected = header.tokens * width;
  const size = statSync(`${path}.bin`, { throwIfNoEntry: false })?.size;
  if (size !== expected)
    throw storeError(
      "open",
      path,
      `"${path}.bin" ${size === undefined ? "is missing" : `has ${size} bytes`}`,
      `must have ${expected} bytes`,
    );

  const file = openSync(`${path}.bin`, "r");
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  const viewOf = (bytes: ArrayBuffer): Uint16Array | Uint32Array =>
    width === 2 ? new Uint16Array(bytes) : new Uint32Array(bytes);
  const fill = (bytes: Uint8Array, position: number): void => {
    for (let done = 0; done < bytes.length; ) {
      const got = readSync(file, bytes, done, bytes.length - done, position * width + done);
      if (got === 0) throw storeError("read", path, `"${path}.bin" ends early`, "must not change while it is open");
      done += got;
    }
    toFileOrder(bytes, width);
  };

  let memory: Uint16Array | Uint32Array | undefined;
  if (expected <= memoryLimitBytes) {
    const bytes = new ArrayBuffer(expected);
    try {
      fill(new Uint8Array(bytes), 0);
    } finally {
      close();
    }
    memory = viewOf(bytes);
  }
  let slice = new ArrayBuffer(0);
  return {
    header,
    length: header.tokens,
    close,
    [Symbol.dispose]: close,
    read(position, count, into, at) {
      if (position < 0 || position + count > header.tokens) {
        const received = `got ${position} to ${position + count}`;
        throw new RangeError(
          explain({
            api: "tokenStore",
            action: "read tokens",
            received,
            rule: `must lie within 0 to ${header.tokens}`,
          }),
        );
      }
      if (memory !== undefined) {
        into.set(memory.subarray(position, position + count), at);
      } else {
        if (slice.byteLength < count * width) slice = new ArrayBuffer(count * width);
        fill(new Uint8Array(slice, 0, count * width), position);
        into.set(viewOf(slice).subarray(0, count), at);
      }
      for (let i = at; i < at + count; i++)
        if ((into[i] as number) >>> 0 >= header.vocabulary) {
          const received = `token ${position + i - at} of "${path}.bin" is ${(into[i] as number) >>> 0}`;
          throw storeError("read", path, received, `must be below ${header.vocabulary}: the file is damaged`);
        }
    },
  };
}
