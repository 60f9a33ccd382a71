import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  isTokenStoreCurrent,
  openTokenStore,
  readTokenStoreHeader,
  type TokenEncoder,
  writeTokenStore,
} from "./token-store.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cameo-tokens-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Gives code points, holding one back to prove that `end` is asked. */
function codePoints(): TokenEncoder {
  let held: number[] = [];
  return {
    push(chunk) {
      const ids = [...held, ...Array.from(chunk, (c) => c.codePointAt(0) as number)];
      held = ids.splice(-1);
      return ids;
    },
    end: () => held,
  };
}

const write = (name: string, text: string[], vocabulary: number): ReturnType<typeof writeTokenStore> =>
  writeTokenStore(join(folder, name), { text, encoder: codePoints(), vocabulary, tokenizer: "points" });

test.each([
  { vocabulary: 65536, dtype: "uint16", bytes: 2 },
  { vocabulary: 65537, dtype: "uint32", bytes: 4 },
])("a vocabulary of $vocabulary is stored as $dtype, little-endian", async ({ vocabulary, dtype, bytes }) => {
  const header = await write("small", ["a", "bc语"], vocabulary);
  expect(header).toMatchObject({ dtype, tokens: 4, vocabulary });
  const file = await readFile(join(folder, "small.bin"));
  expect(file.length).toBe(4 * bytes);
  expect(file.readUIntLE(3 * bytes, bytes)).toBe(0x8bed);
  expect((await readdir(folder)).filter((name) => name.includes(".tmp"))).toEqual([]);
});

test("slices are the same from memory and from disk", async () => {
  const text = Array.from({ length: 5000 }, (_, i) => String.fromCharCode(97 + ((i * i) % 26)));
  await write("slices", [...text, "🙂"], 0x110000);
  using memory = openTokenStore(join(folder, "slices"));
  using disk = openTokenStore(join(folder, "slices"), { memoryLimitBytes: 0 });
  const all = new Int32Array(5001);
  memory.read(0, 5001, all, 0);
  expect(all.at(-1)).toBe(0x1f642);
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(300), fc.nat(5), (position, wanted, shift) => {
      const count = Math.min(wanted, 5001 - position);
      const expected = new Int32Array(count + shift);
      expected.set(all.subarray(position, position + count), shift);
      for (const store of [memory, disk]) {
        const into = new Int32Array(count + shift);
        store.read(position, count, into, shift);
        expect(into).toEqual(expected);
      }
    }),
  );
  expect(() => disk.read(5000, 2, new Int32Array(2), 0)).toThrow(RangeError);
});

test("more than one write buffer of tokens arrives whole", async () => {
  const chunk = "abcdefgh".repeat(10_000);
  await write("large", Array<string>(20).fill(chunk), 256);
  using store = openTokenStore(join(folder, "large"), { memoryLimitBytes: 0 });
  expect(store.length).toBe(1_600_000);
  const into = new Int32Array(8);
  for (const position of [0, 524_288 - 8, 1_599_992]) {
    store.read(position, 8, into, 0);
    expect(String.fromCharCode(...into)).toBe("abcdefgh");
  }
});

test("a failed or stopped write leaves the older store as it was, and no temporary file", async () => {
  await write("kept", ["first"], 256);
  await expect(write("kept", ["sec", "语"], 256)).rejects.toThrow(
    /tokenStore: cannot write ".*kept": token 3 is 35821, must be from 0 to 255/,
  );
  await expect(write("kept", [""], 256)).rejects.toThrow(/the text has no tokens, needs at least one/);
  const controller = new AbortController();
  const stopping = writeTokenStore(join(folder, "kept"), {
    text: ["a", "b"],
    encoder: codePoints(),
    vocabulary: 256,
    tokenizer: "points",
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(stopping).rejects.toThrow("aborted");
  using store = openTokenStore(join(folder, "kept"));
  expect(store.length).toBe(5);
  expect((await readdir(folder)).filter((name) => name.includes(".tmp"))).toEqual([]);
});

test("a missing, damaged or cut store is a DataError", async () => {
  expect(readTokenStoreHeader(join(folder, "none"))).toBeUndefined();
  expect(() => openTokenStore(join(folder, "none"))).toThrow(/cannot open ".*none": there is no ".*none.json"/);
  await write("cut", ["hello"], 256);
  await truncate(join(folder, "cut.bin"), 7);
  expect(() => openTokenStore(join(folder, "cut"))).toThrow(
    /"?.*cut.bin" has 7 bytes, must have 10 bytes\nhint: write the token store again/,
  );
  await writeFile(join(folder, "cut.json"), "{");
  expect(() => openTokenStore(join(folder, "cut"))).toThrow(/is not a header/);
});

test("a token beyond the vocabulary is told before anything computes with it", async () => {
  await write("bytes", ["hello"], 256);
  const bytes = await readFile(join(folder, "bytes.bin"));
  bytes.writeUInt16LE(65535, 6);
  await writeFile(join(folder, "bytes.bin"), bytes);
  for (const memoryLimitBytes of [undefined, 0]) {
    using store = openTokenStore(join(folder, "bytes"), memoryLimitBytes === undefined ? {} : { memoryLimitBytes });
    store.read(0, 3, new Int32Array(3), 0);
    expect(() => store.read(1, 4, new Int32Array(6), 2)).toThrow(
      /tokenStore: cannot read ".*bytes": token 3 of ".*bytes.bin" is 65535, must be below 256: the file is damaged\nhint: /,
    );
  }
});

test("a store is current only for the same tokenizer and unchanged files", async () => {
  const sources = [{ path: "a.txt", sizeBytes: 5, mtimeMs: 1.5 }];
  const options = { text: ["hello"], encoder: codePoints(), vocabulary: 256, tokenizer: "points", sources };
  await writeTokenStore(join(folder, "current"), options);
  const header = readTokenStoreHeader(join(folder, "current"));
  expect(isTokenStoreCurrent(header, "points", sources)).toBe(true);
  expect(isTokenStoreCurrent(header, "other", sources)).toBe(false);
  expect(isTokenStoreCurrent(header, "points", [{ path: "a.txt", sizeBytes: 5, mtimeMs: 2 }])).toBe(false);
  expect(isTokenStoreCurrent(header, "points", [])).toBe(false);
  expect(isTokenStoreCurrent(undefined, "points", sources)).toBe(false);
});
