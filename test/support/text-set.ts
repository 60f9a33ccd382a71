/** Makes a set of documents of any size, with duplicates planted, the same every time. */

import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RandomStream } from "../../src/base/random.ts";

/** What was made. */
export interface TextSet {
  readonly files: readonly string[];
  readonly rows: number;
  readonly sizeBytes: number;
  /** Rows that are an earlier row's text, to the byte. */
  readonly exactDuplicates: number;
  /** Rows that are an earlier row's text but for a few words. */
  readonly nearDuplicates: number;
}

/** Sentences that documents are made of; their order and the words between them tell documents apart. */
function sentences(): string[] {
  const stream = new RandomStream(11, "sentences");
  const letters = "etaoinshrdlucmfwypvbgk";
  const word = (at: number): string => {
    const length = 2 + stream.integer(at, 7);
    let text = "";
    for (let i = 0; i < length; i++) text += letters[Math.floor(letters.length * stream.uniform(at + 17 * i + 1) ** 2)];
    return text;
  };
  return Array.from({ length: 4096 }, (_, i) => {
    const words = Array.from({ length: 12 }, (_, k) => word(1000 * i + 40 * k));
    return `The ${words.join(" ")}.`;
  });
}

/**
 * Writes documents as JSONL: `id`, `text` of about 2 kB, `topic`, `score`. One row in 20 repeats an earlier one, one in 20 changes a
 * few words of an earlier one.
 *
 * @param folder - Made if absent.
 * @param sizeBytes - About how much.
 * @param fileBytes - About how much in one file.
 */
export async function makeTextSet(folder: string, sizeBytes: number, fileBytes: number = 2 ** 28): Promise<TextSet> {
  await mkdir(folder, { recursive: true });
  const pool = sentences();
  const recent: string[] = [];
  const files: string[] = [];
  const counts = { rows: 0, sizeBytes: 0, exactDuplicates: 0, nearDuplicates: 0 };
  let state = 1;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // a plain congruential generator: fast, and nothing depends on its quality
    return Math.floor((state / 2 ** 32) * bound);
  };
  const fresh = (id: number): string => {
    const parts = [`Document ${id}.`];
    for (let i = 0; i < 25; i++)
      parts.push(pool[below(pool.length)] as string, `Item${below(2 ** 30).toString(36)} follows.`);
    return parts.join(" ");
  };
  const next = (): string => {
    const id = counts.rows++;
    const kind = recent.length < 64 ? 19 : below(20);
    let text = kind <= 1 ? (recent[below(recent.length)] as string) : fresh(id);
    if (kind === 0) counts.exactDuplicates++;
    if (kind === 1) {
      counts.nearDuplicates++;
      text = `${text} Seen again as number ${id}.`;
    }
    if (kind > 1) recent[id % 4096 < recent.length ? id % 4096 : recent.length] = text;
    return `${JSON.stringify({ id, text, topic: `topic-${id % 17}`, score: below(1000) / 1000 })}\n`;
  };
  while (counts.sizeBytes < sizeBytes) {
    const path = join(folder, `part-${String(files.length).padStart(5, "0")}.jsonl`);
    const end = Math.min(sizeBytes, counts.sizeBytes + fileBytes);
    function* blocks(): Generator<Buffer> {
      while (counts.sizeBytes < end) {
        let block = "";
        while (block.length < 2 ** 20 && counts.sizeBytes + block.length < end) block += next();
        counts.sizeBytes += block.length;
        yield Buffer.from(block, "latin1");
      }
    }
    await pipeline(Readable.from(blocks()), createWriteStream(path));
    files.push(path);
  }
  return { files, ...counts };
}
