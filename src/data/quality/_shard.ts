/**
 * What was found out about a stretch of rows, in one file: verdicts, and keys by which rows of other stretches may be equal.
 *
 * ```text
 * u32 length of the head · head (JSON, padded with spaces to 8 bytes) · rows float64 · verdicts uint8, padded to 4
 * per key column: starts uint32[257] · keys uint32[count · words] · indices uint32[count]
 * ```
 *
 * Keys lie grouped by their first byte, so a pass over all shards can take a range of keys from each in one read: the distribution step
 * of an external sort, with files that are never rewritten.
 */

import { type FileHandle, open } from "node:fs/promises";
import { DataError, explain, messageOf } from "../../base/errors.ts";
import { writeAtomically } from "../../base/files.ts";
import type { Fault, FaultCode } from "../fault.ts";

/** One column of keys: `words` uint32 a key, the first the most significant. */
export interface KeyColumn {
  readonly name: string;
  readonly words: number;
  readonly keys: Uint32Array;
  /** Row of the shard that each key is of. */
  readonly indices: Uint32Array;
}

/** What the head of a shard says. */
export interface ShardFacts {
  /** First row of the source, and the one after the last. */
  readonly start: number;
  readonly end: number;
  /** Rows that were read: without those that the source set aside. */
  readonly numRows: number;
  /** Bytes of the content that was hashed. */
  readonly contentBytes: number;
  /** Faults that the source reported meanwhile: of rows, and of anything. */
  readonly rowFaults: Partial<Record<FaultCode, number>>;
  readonly faults: readonly Fault[];
}

interface Head extends ShardFacts {
  readonly columns: readonly { readonly name: string; readonly words: number; readonly count: number }[];
}

const groups = 256;

/** Writes a shard; it is there whole or not at all. */
export async function writeShard(
  path: string,
  facts: ShardFacts,
  rows: Float64Array,
  verdicts: Uint8Array,
  columns: readonly KeyColumn[],
): Promise<void> {
  const head: Head = {
    ...facts,
    columns: columns.map(({ name, words, indices }) => ({ name, words, count: indices.length })),
  };
  const json = Buffer.from(JSON.stringify(head));
  const padded = Buffer.alloc(Math.ceil((json.length + 4) / 8) * 8, " ");
  padded.writeUInt32LE(padded.length - 4, 0);
  json.copy(padded, 4);
  const flags = new Uint8Array(Math.ceil(verdicts.length / 4) * 4);
  flags.set(verdicts);
  await writeAtomically(path, Buffer.concat([padded, bytesOf(rows), flags, ...columns.flatMap(grouped)]));
}

function grouped({ words, keys, indices }: KeyColumn): Uint8Array[] {
  const starts = new Uint32Array(groups + 1);
  for (let i = 0; i < indices.length; i++) {
    const group = ((keys[i * words] as number) >>> 24) + 1;
    starts[group] = (starts[group] as number) + 1;
  }
  for (let i = 0; i < groups; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
  const next = starts.slice();
  const sorted = new Uint32Array(keys.length);
  const rows = new Uint32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const group = (keys[i * words] as number) >>> 24;
    const at = next[group] as number;
    next[group] = at + 1;
    for (let word = 0; word < words; word++) sorted[at * words + word] = keys[i * words + word] as number;
    rows[at] = indices[i] as number;
  }
  return [bytesOf(starts), bytesOf(sorted), bytesOf(rows)];
}

function bytesOf(array: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** A shard on disk. */
export class Shard {
  readonly path: string;
  readonly facts: ShardFacts;
  readonly #columns: Head["columns"];
  readonly #body: number;

  private constructor(path: string, head: Head, body: number) {
    this.path = path;
    this.facts = head;
    this.#columns = head.columns;
    this.#body = body;
  }

  /** Reads a shard's head. */
  static async open(path: string): Promise<Shard> {
    return withFile(path, async (file) => {
      const length = new Uint32Array((await readAt(file, 0, 4)).buffer)[0] as number;
      const head = JSON.parse(Buffer.from(await readAt(file, 4, length)).toString()) as Head;
      return new Shard(path, head, 4 + length);
    });
  }

  /** Row of the source of each row of the shard. */
  async rows(): Promise<Float64Array> {
    const bytes = await withFile(this.path, (file) => readAt(file, this.#body, 8 * this.facts.numRows));
    return new Float64Array(bytes.buffer);
  }

  /** Verdicts of the rows, before those that need other rows. */
  verdicts(): Promise<Uint8Array> {
    return withFile(this.path, (file) => readAt(file, this.#body + 8 * this.facts.numRows, this.facts.numRows));
  }

  /** Number of keys of a column; 0 if there is no such column. */
  count(name: string): number {
    return this.#columns.find((column) => column.name === name)?.count ?? 0;
  }

  /** Keys whose first byte is in [from, to), and the rows of the shard that they are of. */
  async keys(name: string, from: number, to: number): Promise<{ keys: Uint32Array; indices: Uint32Array }> {
    let at = this.#body + 8 * this.facts.numRows + Math.ceil(this.facts.numRows / 4) * 4;
    for (const { name: each, words, count } of this.#columns) {
      if (each === name)
        return withFile(this.path, async (file) => {
          const starts = new Uint32Array((await readAt(file, at, 4 * (groups + 1))).buffer);
          const [first, last] = [starts[from] as number, starts[to] as number];
          const keysAt = at + 4 * (groups + 1);
          const keys = await readAt(file, keysAt + 4 * words * first, 4 * words * (last - first));
          const indices = await readAt(file, keysAt + 4 * words * count + 4 * first, 4 * (last - first));
          return { keys: new Uint32Array(keys.buffer), indices: new Uint32Array(indices.buffer) };
        });
      at += 4 * (groups + 1) + 4 * (words + 1) * count;
    }
    return { keys: new Uint32Array(0), indices: new Uint32Array(0) };
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, "r");
  try {
    return await use(file);
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof SyntaxError)) throw cause;
    const received = messageOf(cause);
    const hint = "remove the folder, or begin anew without resume";
    throw new DataError(explain({ api: "checkData", action: `read "${path}"`, received, rule: "it was whole", hint }), {
      source: path,
      cause,
    });
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new RangeError(`it ends after ${at + done} bytes`);
    done += bytesRead;
  }
  return bytes;
}
