import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataError } from "../base/errors.ts";
import type { Batch } from "../train/model.ts";
import { createRunFolder } from "../train/run-folder.ts";
import { type TextDataset, type TextDatasetOptions, textDataset } from "./text-dataset.ts";
import { documentSeparator } from "./token-dataset.ts";

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-text-"));
});
afterAll(() => rm(root, { recursive: true }));
const fresh = (): string => join(root, String(count++));

async function textFile(text: string | Uint8Array): Promise<string> {
  const path = `${fresh()}.txt`;
  await writeFile(path, text);
  return path;
}

async function datasetOf(text: string, options: Partial<TextDatasetOptions> = {}): Promise<TextDataset> {
  return textDataset({
    paths: [await textFile(text)],
    folder: fresh(),
    tokenizer: "character",
    vocabulary: 300,
    context: 8,
    validationFraction: 0.1,
    seed: 1,
    ...options,
  });
}

/** A batch as rows again: [T·B] position by position → B rows of T. */
function rowsOf(values: Batch[string] | undefined, batchSize: number): number[][] {
  const flat = Array.from(values as Int32Array);
  return Array.from({ length: batchSize }, (_, row) => flat.filter((_, i) => i % batchSize === row));
}

const alphabet = "abcdefghijklmnopqrstuvwxyz";
const letters = alphabet.repeat(10);

describe("batches", () => {
  test("are windows of the text with the following tokens as labels, position by position", async () => {
    using data = await datasetOf(letters);
    const { tokens, labels } = (await data.batch(3, 4)) as { tokens: Int32Array; labels: Int32Array };
    expect([tokens.length, labels.length]).toEqual([32, 32]);
    const following = rowsOf(labels, 4);
    for (const [row, ids] of rowsOf(tokens, 4).entries()) {
      expect(letters).toContain(data.tokenizer.decode(ids));
      expect(following[row]).toEqual([...ids.slice(1), following[row]?.at(-1)]);
      expect(letters).toContain(data.tokenizer.decode([ids[0] as number, ...(following[row] as number[])]));
    }
  });

  test("are functions of index and seed", async () => {
    const text = await textFile(letters);
    using one = await datasetOf("", { paths: [text] });
    using two = await datasetOf("", { paths: [text] });
    using other = await datasetOf("", { paths: [text], seed: 2 });
    expect(await two.batch(5, 3)).toEqual(await one.batch(5, 3));
    expect(await one.batch(6, 3)).not.toEqual(await one.batch(5, 3));
    expect(await other.batch(5, 3)).not.toEqual(await one.batch(5, 3));
    expect(two.fingerprint).toBe(one.fingerprint);
  });
});

describe("evaluation", () => {
  const all = async (data: TextDataset, split: "train" | "validation", batchSize: number): Promise<Batch[]> => {
    const batches: Batch[] = [];
    for (let i = 0; ; i++) {
      const batch = await data.evaluation(split, i, batchSize);
      if (batch === null) return batches;
      batches.push(batch);
    }
  };

  test("walks a split window by window, without overlap, in whole batches", async () => {
    using data = await datasetOf(letters);
    expect(data.sizes).toEqual({ train: 234, validation: 26 });
    const batches = await all(data, "validation", 2);
    expect(batches).toHaveLength(1); // three windows of 8 fit into 26 tokens: one whole batch of two
    expect(rowsOf(batches[0]?.tokens, 2).map((ids) => data.tokenizer.decode(ids))).toEqual([
      alphabet.slice(0, 8),
      alphabet.slice(8, 16),
    ]);
    expect(rowsOf(batches[0]?.labels, 2).map((ids) => data.tokenizer.decode(ids))).toEqual([
      alphabet.slice(1, 9),
      alphabet.slice(9, 17),
    ]);
    const train = await all(data, "train", 3);
    expect(train).toHaveLength(9); // 29 windows
    const seen = train.flatMap(({ tokens }) => rowsOf(tokens, 3).flat());
    expect(data.tokenizer.decode(seen)).toBe(letters.slice(0, 27 * 8));
  });

  test("a split shorter than a batch repeats its windows, one without a window has no batch", async () => {
    using data = await datasetOf(letters);
    const batches = await all(data, "validation", 7);
    expect(batches).toHaveLength(1);
    const rows = rowsOf(batches[0]?.tokens, 7);
    expect(rows.slice(3, 6)).toEqual(rows.slice(0, 3));
    using none = await datasetOf(letters, { validationFraction: 0 });
    expect(none.sizes.validation).toBe(0);
    expect(await all(none, "validation", 2)).toEqual([]);
    using short = await datasetOf(letters, { validationFraction: 0.03 });
    expect([short.sizes.validation, await all(short, "validation", 2)]).toEqual([8, []]);
  });
});

describe("any text", () => {
  const mixed = "春眠不覺曉,處處聞啼鳥。\r\n夜來風雨聲\n花落知多少\r👩‍👩‍👧‍👦 😀🏳️‍🌈 naïve Ünïcödé\t\u{10FFFF}\n".repeat(
    30,
  );

  test.each(["character", "bpe"] as const)(
    "Chinese, emoji and mixed line ends survive %s tokens",
    async (tokenizer) => {
      using data = await datasetOf(mixed, { tokenizer, validationFraction: 0 });
      const windows: number[] = [];
      for (let i = 0; ; i++) {
        const batch = await data.evaluation("train", i, 1);
        if (batch === null) break;
        windows.push(...rowsOf(batch.tokens, 1).flat());
      }
      const decoded = data.tokenizer.decode(windows);
      // Byte-level tokens may be cut inside a character at the very end.
      expect(mixed.startsWith(decoded.replace(/\uFFFD+$/, ""))).toBe(true);
      expect(decoded.length).toBeGreaterThan(mixed.length * 0.9);
      expect(data.tokenizer.decode(data.tokenizer.encode(mixed))).toBe(mixed);
    },
  );

  test("files are joined by a separator, and unusable ones are left out and named", async () => {
    const folder = fresh();
    await mkdir(folder);
    await writeFile(join(folder, "a.txt"), letters);
    await writeFile(join(folder, "b.txt"), letters.toUpperCase());
    await writeFile(join(folder, "c.bin"), Uint8Array.of(0, 1, 2, 255, 254, 0, 0));
    for (const [tokenizer, separator] of [
      ["bpe", documentSeparator],
      ["character", "\n\n"],
    ] as const) {
      using data = await datasetOf("", { paths: [folder], tokenizer, validationFraction: 0, context: 4 });
      expect(data.skipped.map(({ path }) => path.endsWith("c.bin"))).toEqual([true]);
      const ids: number[] = [];
      for (let i = 0; ; i++) {
        const batch = await data.evaluation("train", i, 1);
        if (batch === null) break;
        ids.push(...rowsOf(batch.tokens, 1).flat());
      }
      expect(`${letters}${separator}${letters.toUpperCase()}`.startsWith(data.tokenizer.decode(ids))).toBe(true);
      if (tokenizer === "bpe")
        expect(ids.filter((id) => id === data.tokenizer.specialTokens.get(documentSeparator))).toHaveLength(1);
    }
  });
});

describe("the folder", () => {
  test("does not learn from runs that lie in it", async () => {
    const home = fresh();
    await createRunFolder(join(home, "runs", "gpt-1"), { words: "not these" });
    await writeFile(join(home, "a.txt"), letters);
    using data = await datasetOf("", { paths: [home], folder: join(home, "runs", "gpt-1", "data") });
    expect(data.tokenizer.size).toBe(26);
    expect(data.skipped).toEqual([{ path: join(home, "runs", "gpt-1"), reason: "it is the folder of a run" }]);
  });

  test("is used again as it is, even when the text has changed or gone", async () => {
    const [path, folder] = [await textFile(letters), fresh()];
    using first = await datasetOf("", { paths: [path], folder });
    const batch = await first.batch(0, 4);
    const files = (await readdir(folder)).sort();
    expect(files).toEqual(["tokenizer.json", "tokens.bin", "tokens.json"]);
    const times = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).mtimeMs));
    await rm(path);
    const messages: string[] = [];
    using again = await datasetOf("", { paths: [path], folder, onProgress: (message) => messages.push(message) });
    expect(await again.batch(0, 4)).toEqual(batch);
    expect(again.fingerprint).toBe(first.fingerprint);
    expect(messages).toEqual([]);
    expect(await Promise.all(files.map(async (file) => (await stat(join(folder, file))).mtimeMs))).toEqual(times);
  });

  test("that a kill left half filled is filled anew", async () => {
    const folder = fresh();
    const path = await textFile(letters);
    using first = await datasetOf("", { paths: [path], folder });
    const batch = await first.batch(0, 4);
    await rm(join(folder, "tokens.json")); // the header is what makes tokens whole
    using again = await datasetOf("", { paths: [path], folder });
    expect(await again.batch(0, 4)).toEqual(batch);
    await rm(join(folder, "tokenizer.json"));
    using once = await datasetOf("", { paths: [path], folder });
    expect(await once.batch(0, 4)).toEqual(batch);
  });

  test("with damaged files is refused", async () => {
    for (const file of ["tokenizer.json", "tokens.json", "tokens.bin"]) {
      const folder = fresh();
      const path = await textFile(letters);
      (await datasetOf("", { paths: [path], folder }))[Symbol.dispose]();
      const bytes = await readFile(join(folder, file));
      await writeFile(join(folder, file), bytes.subarray(0, bytes.length >> 1));
      await expect(datasetOf("", { paths: [path], folder }), file).rejects.toThrow(DataError);
    }
  });

  test("with another tokenizer than its tokens were made with is refused", async () => {
    const [folder, other] = [fresh(), fresh()];
    (await datasetOf(letters, { folder }))[Symbol.dispose]();
    (await datasetOf(letters.replaceAll("q", "Q"), { folder: other }))[Symbol.dispose]();
    await writeFile(join(folder, "tokenizer.json"), await readFile(join(other, "tokenizer.json")));
    await expect(datasetOf(letters, { folder })).rejects.toThrow(/another tokenizer made them/);
  });

  test("tells what it is doing", async () => {
    const messages: string[] = [];
    (await datasetOf(letters, { onProgress: (message) => messages.push(message) }))[Symbol.dispose]();
    expect(messages[0]).toBe("learning a character tokenizer from 1 file");
    expect(messages.at(-1)).toBe("encoding: 260 tokens");
  });
});

describe("text that cannot be used", () => {
  test.each<[string, string, Partial<TextDatasetOptions>, RegExp]>([
    ["empty", "", {}, /empty|no text/i],
    [
      "shorter than one window",
      "abc",
      {},
      /the text has 2 training tokens, one sequence takes 9\nhint: give more text with --data, or a shorter --context/,
    ],
    [
      "one token short of a window",
      letters.slice(0, 8),
      { validationFraction: 0 },
      /the text has 8 training tokens, one sequence takes 9/,
    ],
  ])("%s", async (_, text, options, message) => {
    await expect(datasetOf(text, options)).rejects.toThrow(DataError);
    await expect(datasetOf(text, options)).rejects.toThrow(message);
  });

  test("of exactly one window is enough", async () => {
    using data = await datasetOf(letters.slice(0, 9), { validationFraction: 0 });
    expect(rowsOf((await data.batch(0, 1)).tokens, 1)[0]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("binary or absent files", async () => {
    const binary = await textFile(Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 256));
    await expect(datasetOf("", { paths: [binary] })).rejects.toThrow(DataError);
    await expect(datasetOf("", { paths: [join(root, "absent.txt")] })).rejects.toThrow(/absent\.txt/);
  });

  test("a signal ends the preparation", async () => {
    await expect(datasetOf(letters, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
