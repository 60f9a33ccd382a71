import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataError } from "../base/errors.ts";
import { type MemoryTextOptions, memoryTextDataset } from "./memory-text.ts";
import { textDataset } from "./text-dataset.ts";

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-memory-text-"));
});
afterAll(() => rm(root, { recursive: true }));

const options: MemoryTextOptions = {
  tokenizer: "character",
  vocabulary: 300,
  context: 16,
  validationFraction: 0.1,
  seed: 7,
};
/** Longer than one piece of a file, with characters of one to four bytes. */
const text = "Die Füße 走る 🦊 leap over the lazy dog; \r\n".repeat(3000);

async function onDisk(content: string | Uint8Array, own: Partial<MemoryTextOptions> = {}) {
  const path = join(root, `${count++}.txt`);
  await writeFile(path, content);
  return textDataset({ ...options, ...own, paths: [path], folder: join(root, String(count++)) });
}

describe("a text in memory", () => {
  test.each(["character", "bpe"] as const)(
    "has the %s tokens and batches of the same text on disk",
    async (tokenizer) => {
      using disk = await onDisk(`\ufeff${text}`, { tokenizer });
      for (const given of [text, new Blob([`\ufeff${text}`])]) {
        const memory = await memoryTextDataset(given, { ...options, tokenizer });
        expect(memory.fingerprint).toBe(disk.fingerprint);
        expect(memory.sizes).toEqual(disk.sizes);
        expect(memory.tokenizer.toJSON()).toEqual(disk.tokenizer.toJSON());
        for (const index of [0, 1, 500]) expect(await memory.batch(index, 3)).toEqual(await disk.batch(index, 3));
        for (const split of ["train", "validation"] as const)
          for (const index of [0, 2, 10 ** 6])
            expect(await memory.evaluation(split, index, 3)).toEqual(await disk.evaluation(split, index, 3));
      }
    },
  );

  test("is refused for the same reasons, in the same words", async () => {
    const bytes = (...values: number[]) => Uint8Array.from(values);
    for (const content of [
      bytes(),
      bytes(65, 0, 66),
      bytes(65, 0xff),
      bytes(0xff, 0xfe, 65, 0),
      bytes(65, 0xe2, 0x82),
    ]) {
      const told: string[] = [];
      const inMemory = await memoryTextDataset(new File([content], "notes.txt"), options).catch((error) => error);
      const disk = await onDisk(content).catch((error) => error);
      for (const error of [inMemory, disk]) {
        expect(error).toBeInstanceOf(DataError);
        told.push((error as Error).message.replace(/"[^"]*\.txt"/, '"notes.txt"'));
      }
      expect(told[0]).toBe(told[1]);
    }
    await expect(memoryTextDataset("", options)).rejects.toThrow(/^readText: cannot read "the text": it is empty/);
    const short = /^train: cannot cut a batch: the text has 3 training tokens, one sequence takes 17/;
    await expect(memoryTextDataset("abcd", options)).rejects.toThrow(short);
    await expect(onDisk("abcd")).rejects.toThrow(short);
  });

  test("can be given up", async () => {
    const given = memoryTextDataset(text, { ...options, signal: AbortSignal.abort(new Error("enough")) });
    await expect(given).rejects.toThrow("enough");
  });
});
