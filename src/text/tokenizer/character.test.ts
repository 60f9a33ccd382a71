import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tokenizer as Reference } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findTextFiles, readText } from "../../data/files.ts";
import { tokenBatches } from "../../data/token-batches.ts";
import { openTokenStore, writeTokenStore } from "../../data/token-store.ts";
import { CharacterTokenizer, trainCharacter } from "./character.ts";
import { hashTokenizer } from "./from-json.ts";

const unit = fc.constantFrom(
  "a",
  "b",
  " ",
  "\n",
  "\r\n",
  ".",
  "9",
  "é",
  "语",
  "🙂",
  "\u0301",
  "<s>",
  "<",
  "\ud83d",
  "\ude42",
);
const text = fc.string({ unit, minLength: 1, maxLength: 40 });
const options = { specialTokens: ["<s>"], unknown: "<unk>" };

function cut(whole: string, cuts: number[]): string[] {
  const places = [0, ...cuts.map((c) => c % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return places.slice(1).map((end, i) => whole.slice(places[i], end));
}

describe("CharacterTokenizer", () => {
  test("characters are in code point order, special tokens after them", async () => {
    const tokenizer = await trainCharacter(["🙂b\uff5ea", "\nab"], options);
    expect(tokenizer.size).toBe(7);
    expect(tokenizer.decode([0, 1, 2, 3, 4])).toBe("\nab\uff5e🙂");
    expect(tokenizer.specialTokens).toEqual(
      new Map([
        ["<s>", 5],
        ["<unk>", 6],
      ]),
    );
    expect([...tokenizer.encode("a<s>z<unk>")]).toEqual([1, 5, 6, 6, 6, 6, 6, 6]);
  });

  test("training and encoding in pieces equal the whole, and text comes back", async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(99), { maxLength: 6 }), async (whole, cuts) => {
        const pieces = cut(`x${whole}`, cuts);
        const tokenizer = await trainCharacter(pieces, options);
        expect(JSON.stringify(tokenizer)).toBe(JSON.stringify(await trainCharacter([`x${whole}`], options)));
        const ids = [...tokenizer.encode(whole)];
        const encoder = tokenizer.encodeStream();
        const streamed = cut(whole, cuts).flatMap((piece) => [...encoder.push(piece)]);
        expect([...streamed, ...encoder.end()]).toEqual(ids);
        expect(tokenizer.decode(ids)).toBe(whole.toWellFormed());
        const decoder = tokenizer.decodeStream();
        expect(ids.map((id) => decoder.push(id)).join("") + decoder.end()).toBe(whole.toWellFormed());
      }),
      { numRuns: 200 },
    );
  });

  test("@huggingface/tokenizers reads its file and gives the same ids and text", async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (corpus, sample) => {
        const tokenizer = await trainCharacter([`${corpus.toWellFormed()}z`], options);
        const reference = new Reference(JSON.parse(JSON.stringify(tokenizer)), { clean_up_tokenization_spaces: false });
        const ids = [...tokenizer.encode(sample.toWellFormed())];
        expect(ids).toEqual(reference.encode(sample.toWellFormed()).ids);
        expect(reference.decode(ids)).toBe(tokenizer.decode(ids));
      }),
      { numRuns: 100 },
    );
  });

  test("an unknown character is a DataError with its offset, counted from the start of the text", async () => {
    const tokenizer = await trainCharacter(["ab🙂"], { specialTokens: ["<s>"] });
    expect(() => tokenizer.encode("ab<s>é")).toThrow(
      'CharacterTokenizer.encode: cannot encode character "é" (U+00E9) at offset 5: ' +
        "it is not among the 3 characters of this tokenizer, every character must occur in the training text",
    );
    const encoder = tokenizer.encodeStream();
    encoder.push("a🙂");
    encoder.push("b");
    expect(() => encoder.push("c")).toThrow('"c" (U+0063) at offset 4');
    expect(() => tokenizer.decode([99])).toThrow(RangeError);
  });

  test("empty text and special tokens that are characters are refused", async () => {
    await expect(trainCharacter([])).rejects.toMatchObject({ code: "data" });
    await expect(trainCharacter(["a|b"], { specialTokens: ["<s>"], unknown: "|" })).rejects.toThrow(
      'cannot use special token: "|" is also a character of the text, must differ from all characters',
    );
    await expect(trainCharacter(["a"], { specialTokens: [""] })).rejects.toThrow(TypeError);
    const json = (await trainCharacter(["a"])).toJSON();
    expect(() => new CharacterTokenizer({ ...json, model: { ...json.model, vocab: { ab: 0 } } })).toThrow(
      /it is not one character/,
    );
  });
});

const shakespeare = join(process.env["CAMEO_DATA"] ?? "../shared/data", "tinyshakespeare", "input.txt");
const reason = existsSync(shakespeare) ? "" : ` (skipped: there is no ${shakespeare}; set CAMEO_DATA)`;

test.skipIf(reason !== "")(`tinyshakespeare has nanoGPT's 65 characters and split${reason}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "cameo-shakespeare-"));
  try {
    const { files } = await findTextFiles(shakespeare);
    const tokenizer = await trainCharacter(readText(files));
    expect(tokenizer.size).toBe(65);
    expect(tokenizer.decode(Array.from({ length: 65 }, (_, i) => i))).toBe(
      "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    );
    const path = join(folder, "tokens");
    const header = await writeTokenStore(path, {
      text: readText(files),
      encoder: tokenizer.encodeStream(),
      vocabulary: tokenizer.size,
      tokenizer: await hashTokenizer(tokenizer),
      sources: files,
    });
    expect(header.tokens).toBe(1_115_394);
    using store = openTokenStore(path);
    const batches = tokenBatches(store, { seed: 1337 });
    expect(batches.sizes).toEqual({ train: 1_003_854, validation: 111_540 });
    const { inputs } = batches.batch(0, { batchSize: 12, context: 64, split: "validation" });
    expect(tokenizer.decode(inputs)).toMatch(/^[\n !$&',.3:;?A-Za-z-]{768}$/);
    const first = new Int32Array(14);
    store.read(0, 14, first, 0);
    expect(tokenizer.decode(first)).toBe("First Citizen:");
  } finally {
    await rm(folder, { recursive: true });
  }
});
