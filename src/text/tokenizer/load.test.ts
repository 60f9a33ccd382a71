import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TokenizerJson } from "./_json.ts";
import { trainBpe } from "./bpe-train.ts";
import { trainCharacter } from "./character.ts";
import { hashTokenizer } from "./from-json.ts";
import { loadTokenizer } from "./load.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cameo-load-"));
});
afterAll(() => rm(folder, { recursive: true }));

const text = "It was the best of times, it was the worst of times. 最好的时代，最坏的时代。";

describe("loadTokenizer", () => {
  test("reads what the trainers wrote, from a file, its folder, or JSON, and writes it back unchanged", async () => {
    for (const trained of [
      await trainCharacter([text]),
      await trainBpe([text], { vocabularySize: 270, specialTokens: ["<s>"] }),
    ]) {
      const json = JSON.stringify(trained);
      await writeFile(join(folder, "tokenizer.json"), json);
      for (const source of [folder, join(folder, "tokenizer.json"), JSON.parse(json) as object]) {
        const loaded = await loadTokenizer(source);
        expect(loaded.kind).toBe(trained.kind);
        expect(loaded.size).toBe(trained.size);
        expect(loaded.encode(text)).toEqual(trained.encode(text));
        expect(JSON.stringify(loaded)).toBe(json);
        expect(await hashTokenizer(loaded)).toBe(await hashTokenizer(trained));
      }
    }
  });

  test("different tokenizers have different names", async () => {
    const names = [
      await hashTokenizer(await trainCharacter([text])),
      await hashTokenizer(await trainCharacter([`${text}!`])),
    ];
    expect(names[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(names[0]).not.toBe(names[1]);
  });

  const gpt2 = (changes: Partial<TokenizerJson>, model: object = {}): object => ({
    added_tokens: [],
    pre_tokenizer: { type: "ByteLevel" },
    ...changes,
    model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"], ...model },
  });

  test("an older file without a type and without null parts is read", async () => {
    const tokenizer = await loadTokenizer(gpt2({}, { type: undefined }));
    expect([...tokenizer.encode("abb")]).toEqual([2, 1]);
  });

  test.each<[string, object, string]>([
    [
      "an unknown model",
      gpt2({}, { type: "Unigram" }),
      'use model.type of tokenizer.json: got "Unigram", only "BPE" is supported',
    ],
    ["a WordPiece model", gpt2({}, { type: "WordPiece" }), 'got "WordPiece"'],
    ["no model", {}, "use model of tokenizer.json: it is missing"],
    [
      "SentencePiece-style BPE",
      gpt2({ pre_tokenizer: null }),
      "got a BPE model with pre_tokenizer null, supported are byte-level BPE",
    ],
    ["byte fallback", gpt2({}, { byte_fallback: true }), "use model.byte_fallback of tokenizer.json: got true"],
    [
      "a word suffix",
      gpt2({}, { end_of_word_suffix: "</w>" }),
      'use model.end_of_word_suffix of tokenizer.json: got "</w>"',
    ],
    ["dropout", gpt2({}, { dropout: 0.1 }), "use model.dropout"],
    [
      "an unknown normalizer",
      gpt2({ normalizer: { type: "Lowercase" } }),
      'use normalizer.type of tokenizer.json: got "Lowercase"',
    ],
    [
      "an unknown pre-tokenizer",
      gpt2({ pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Metaspace" }, { type: "ByteLevel" }] } }),
      'got "Metaspace"',
    ],
    [
      "a pattern that does not translate",
      gpt2({
        pre_tokenizer: {
          type: "Sequence",
          pretokenizers: [{ type: "Split", pattern: { Regex: "\\w+" }, behavior: "Isolated" }, { type: "ByteLevel" }],
        },
      }),
      "has \\w, which this reader does not know",
    ],
    [
      "a split that drops text",
      gpt2({
        pre_tokenizer: {
          type: "Sequence",
          pretokenizers: [{ type: "Split", pattern: { String: " " }, behavior: "Removed" }, { type: "ByteLevel" }],
        },
      }),
      'got a Split with behavior "Removed"',
    ],
    [
      "a merge of unknown tokens",
      gpt2({}, { merges: ["a c"] }),
      'use model.merges[0] of tokenizer.json: "c" has no id',
    ],
    ["a merge that is none", gpt2({}, { merges: ["ab"] }), 'got "ab", must be "left right" or a pair'],
    ["a token of other bytes", gpt2({}, { vocab: { a: 0, "▁b": 1 }, merges: [] }), "it is not a byte-level token"],
    ["an id that two tokens have", gpt2({}, { vocab: { a: 0, b: 0 } }), "got 0, which another token has, ids differ"],
    ["an id that is none", gpt2({}, { vocab: { a: -1 } }), "got -1, ids are integers from 0"],
    [
      "a token that strips spaces",
      gpt2({ added_tokens: [{ id: 3, content: "<m>", lstrip: true }] }),
      'added token "<m>" of tokenizer.json: lstrip is true',
    ],
  ])("%s is a DataError that says so", async (_, json, message) => {
    await expect(loadTokenizer(json)).rejects.toThrow(`loadTokenizer: cannot `);
    await expect(loadTokenizer(json)).rejects.toThrow(message);
    await expect(loadTokenizer(json)).rejects.toMatchObject({ code: "data" });
  });

  test("a file that is missing or is not JSON is a DataError with its path", async () => {
    await expect(loadTokenizer(join(folder, "none.json"))).rejects.toThrow(
      /cannot read tokenizer: ".*none.json": ENOENT/,
    );
    await writeFile(join(folder, "broken.json"), "{");
    await expect(loadTokenizer(join(folder, "broken.json"))).rejects.toMatchObject({
      code: "data",
      source: join(folder, "broken.json"),
    });
  });
});
