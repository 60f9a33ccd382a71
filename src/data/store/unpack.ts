/** Undoes `.gz` and `.zst` while bytes stream by, within limits. */

import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from "node:zlib";
import { messageOf } from "../../base/errors.ts";
import type { FaultCode } from "../fault.ts";
import { ZstdFrames } from "./_zstd-frames.ts";
import { ReadError } from "./read-error.ts";
import type { Store } from "./store.ts";

/** Limits of unpacking. */
export interface UnpackOptions {
  /** Most bytes that a file may unpack to. @defaultValue 2 ** 40 */
  readonly maxBytes?: number;
  /** Most bytes per stored byte, once 16 MiB are out; gzip cannot exceed 1,032. @defaultValue 1000 */
  readonly maxRatio?: number;
  /** Stops the reading with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a file is packed. */
export type Packing = "gz" | "zst" | "none";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes before a ratio says anything. */
const ratioFromBytes = 2 ** 24;

/** How bytes that begin so are packed. Names do not matter: servers unpack on the way, and people rename. */
export function packingOf(head: Uint8Array): Packing {
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return "gz";
  const isSkippable = ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  const isFrame = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
  return isSkippable || isFrame ? "zst" : "none";
}

/**
 * Streams an object, unpacked if its first bytes say that it is gzip or zstd.
 *
 * @param store - Where it is.
 * @param location - Which it is.
 * @param options - See {@link UnpackOptions}.
 * @returns Its bytes, with bounded memory.
 * @throws ReadError with the fault "truncated", "bomb", "checksum" or "decode".
 *
 * @example A `.gz` reads like what is in it
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { gzipSync } from "node:zlib";
 * import { fileStore, streamUnpacked } from "cameo/data/store";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "unpack-")), "a.txt.gz");
 * await writeFile(path, gzipSync("hello"));
 * const pieces = await Array.fromAsync(streamUnpacked(fileStore(), path));
 * assert.equal(Buffer.concat(pieces).toString(), "hello");
 * ```
 */
export async function* streamUnpacked(
  store: Store,
  location: string,
  options: UnpackOptions = {},
): AsyncGenerator<Bytes> {
  const range = options.signal === undefined ? {} : { signal: options.signal };
  yield* unpack(store.stream(location, range), location, options);
}

/** The same for bytes of any origin; `source` names them in faults. */
export async function* unpack(
  bytes: AsyncIterable<Bytes>,
  source: string,
  options: UnpackOptions = {},
): AsyncGenerator<Bytes> {
  const input = bytes[Symbol.asyncIterator]();
  try {
    // A sign takes four bytes; a piece can be shorter.
    let head: Bytes = new Uint8Array();
    let next = await input.next();
    while (!next.done) {
      head = head.length === 0 ? next.value : new Uint8Array(Buffer.concat([head, next.value]));
      if (head.length >= 4) break;
      next = await input.next();
    }
    const packing = packingOf(head);
    const whole = withHead(head, input);
    if (packing === "none") yield* whole;
    else yield* limited(packing, whole, source, options);
  } finally {
    await input.return?.();
  }
}

async function* withHead(head: Bytes, input: AsyncIterator<Bytes>): AsyncGenerator<Bytes> {
  if (head.length > 0) yield head;
  for (let next = await input.next(); !next.done; next = await input.next()) yield next.value;
}

async function* limited(
  packing: "gz" | "zst",
  input: AsyncIterable<Bytes>,
  source: string,
  { maxBytes = 2 ** 40, maxRatio = 1000 }: UnpackOptions,
): AsyncGenerator<Bytes> {
  let taken = 0;
  let given = 0;
  async function* counted(): AsyncGenerator<Bytes> {
    for await (const bytes of input) {
      taken += bytes.length;
      yield bytes;
    }
  }
  for await (const bytes of packing === "gz"
    ? inflated(createGunzip(), counted(), source)
    : frames(counted(), source)) {
    given += bytes.length;
    const isBomb = given > maxBytes || (given > ratioFromBytes && given > taken * maxRatio);
    if (isBomb)
      throw new ReadError(
        { code: "bomb", source, byte: taken, detail: `${taken} bytes unpack to ${given} and more` },
        `may unpack to ${given > maxBytes ? `${maxBytes} bytes` : `${maxRatio} times its size`}`,
        { hint: "raise the limits of unpacking if that is meant" },
      );
    yield bytes;
  }
}

/** Each frame of a `.zst`. */
async function* frames(input: AsyncIterable<Bytes>, source: string): AsyncGenerator<Bytes> {
  const scan = new ZstdFrames();
  const pieces = input[Symbol.asyncIterator]();
  let rest: Bytes = new Uint8Array();
  let isOver = false;
  async function* frame(): AsyncGenerator<Bytes> {
    for (;;) {
      if (rest.length === 0) {
        const next = await pieces.next();
        isOver = next.done === true;
        if (next.done) return; // in the middle of a frame too: what is there is unpacked first
        rest = next.value;
      }
      const found = scan.push(rest);
      if (found === undefined)
        throw new ReadError({ code: "syntax", source, detail: "what follows a frame is no frame" }, "must be zstd");
      const own = rest.subarray(0, found.taken);
      rest = rest.subarray(found.taken);
      yield own;
      if (found.isEnd) return;
    }
  }
  while (!isOver) {
    const bytes = frame();
    const first = await bytes.next();
    if (first.done) break;
    const isSkipped = ((first.value[0] ?? 0) & 0xf0) === 0x50; // a frame with data begins with 0x28
    const all = withHead(first.value, bytes);
    if (isSkipped) for await (const _ of all);
    else yield* inflated(createZstdDecompress(), all, source);
    if (!scan.isAtStart) throw truncated(source);
  }
}

/** What a decompressor makes of its input. */
async function* inflated(
  engine: Gunzip | ZstdDecompress,
  input: AsyncIterable<Bytes>,
  source: string,
): AsyncGenerator<Bytes> {
  const feed = (async () => {
    for await (const bytes of input) {
      if (engine.destroyed) return;
      if (!engine.write(bytes)) await drained(engine);
    }
    engine.end();
  })().catch((error: unknown) => {
    engine.destroy(error as Error);
  });
  try {
    for await (const bytes of engine) yield bytes as Bytes;
  } catch (error) {
    if (error instanceof ReadError || !isEngineError(error)) throw error;
    throw faultOfEngine(error, source);
  } finally {
    engine.destroy();
    await feed;
  }
}

/** Resolves when the engine takes more, or no more at all. */
function drained(engine: Gunzip | ZstdDecompress): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      engine.off("drain", done).off("close", done);
      resolve();
    };
    engine.once("drain", done).once("close", done);
  });
}

function isEngineError(error: unknown): error is NodeJS.ErrnoException {
  return /^(Z_|ZSTD_)/.test(String((error as NodeJS.ErrnoException).code));
}

function faultOfEngine(error: NodeJS.ErrnoException, source: string): ReadError {
  if (error.code === "Z_BUF_ERROR") return truncated(source, error);
  const code: FaultCode = /data check|checksum|length check/.test(error.message) ? "checksum" : "decode";
  return new ReadError({ code, source, detail: messageOf(error) }, "must unpack", { cause: error });
}

function truncated(source: string, cause?: unknown): ReadError {
  return new ReadError({ code: "truncated", source, detail: "the packed data ends too early" }, "must be complete", {
    cause,
  });
}
