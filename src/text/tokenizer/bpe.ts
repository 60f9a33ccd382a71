/** Byte-level byte-pair encoding: the tokenizer of GPT-2, Llama 3, Qwen and most language models since. */

import { DataError, explain } from "../../base/errors.ts";
import { byteCharacters, bytesOfToken, tokenOfBytes } from "./_byte-level.ts";
import { detach } from "./_detach.ts";
import { IdBuffer } from "./_ids.ts";
import { type BpeModelJson, type ComponentJson, checkTokenizerJson, refuse, type TokenizerJson } from "./_json.ts";
import { MergeTable } from "./_merge.ts";
import { readPreTokenizer } from "./_pre-tokenizer.ts";
import { SpecialMatcher } from "./_sections.ts";
import { Segmenter, type SegmenterRules, type WordSink } from "./_segmenter.ts";
import type { Decoder, Encoder, Tokenizer } from "./tokenizer.ts";

/** Words up to this many UTF-16 units are remembered once encoded. */
const CACHED_UNITS = 64;
/** Words and ids remembered before starting over. */
const CACHED_WORDS = 2 ** 17;
const CACHED_IDS = 2 ** 20;
/** Long texts are encoded in pieces of this many UTF-16 units, to bound the list of words. */
const PIECE_UNITS = 2 ** 18;

const utf8 = new TextEncoder();

function readMerge(merge: unknown, rank: number, vocab: ReadonlyMap<string, number>): [number, number, number] {
  const parts = typeof merge === "string" ? merge.split(" ") : merge;
  const [left, right] = Array.isArray(parts) && parts.length === 2 ? (parts as [string, string]) : [];
  if (typeof left !== "string" || typeof right !== "string")
    throw refuse(`model.merges[${rank}]`, `got ${JSON.stringify(merge)}`, 'must be "left right" or a pair');
  const ids = [left, right, left + right].map((token) => {
    const id = vocab.get(token);
    if (id === undefined)
      throw refuse(`model.merges[${rank}]`, `"${token}" has no id`, "all its tokens must be in model.vocab");
    return id;
  });
  return ids as [number, number, number];
}

function checkModel(model: BpeModelJson): void {
  const rules: [keyof BpeModelJson, boolean, string][] = [
    ["byte_fallback", model.byte_fallback === true, "SentencePiece-style models are not supported; byte-level BPE is"],
    [
      "continuing_subword_prefix",
      (model.continuing_subword_prefix ?? "") !== "",
      "must be empty in a byte-level model",
    ],
    ["end_of_word_suffix", (model.end_of_word_suffix ?? "") !== "", "must be empty in a byte-level model"],
    ["dropout", (model.dropout ?? 0) !== 0, "must be null: encoding is deterministic"],
  ];
  for (const [field, broken, rule] of rules)
    if (broken) throw refuse(`model.${field}`, `got ${JSON.stringify(model[field])}`, rule);
}

function readNormalizer(json: ComponentJson | null): boolean {
  if (json === null) return false;
  if (json.type === "NFC") return true;
  if (json.type === "Sequence" && Array.isArray(json["normalizers"]))
    return json["normalizers"].map(readNormalizer).includes(true);
  throw refuse("normalizer.type", `got "${json.type}"`, 'must be null or "NFC"');
}

/**
 * A byte-level BPE tokenizer. Any text has ids and comes back unchanged, whatever its language (unless its file asks for
 * normalisation or a prefix space). Train one with `trainBpe`, read one with `loadTokenizer`.
 *
 * Lone surrogates, which no UTF-8 file can hold, encode as U+FFFD.
 *
 * @source Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016,
 * https://arxiv.org/abs/1508.07909, Algorithm 1; on bytes as in Radford et al., 2019, section 2.2.
 *
 * @example Any text comes back
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainBpe } from "cameo/text";
 *
 * const tokenizer = await trainBpe(["the cat sat on the mat, the rat too"], { vocabularySize: 260 });
 * const ids = tokenizer.encode("the 猫 🐈");
 * assert.equal(tokenizer.decode(ids), "the 猫 🐈");
 * ```
 */
export class BpeTokenizer implements Tokenizer {
  readonly kind = "bpe";
  readonly size: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly #json: TokenizerJson;
  readonly #rules: SegmenterRules;
  readonly #merges: MergeTable;
  readonly #byteIds: Int32Array;
  /** Whole words that are tokens, by their byte characters; only for files that ask to look there first. */
  readonly #wholeWords: ReadonlyMap<string, number> | undefined;
  readonly #bytes: (Uint8Array | undefined)[] = [];
  #symbols = new Int32Array(1024);
  /** Word → place of its ids in the pool × 256 + their number. */
  readonly #cache = new Map<string, number>();
  readonly #pool = new Uint32Array(CACHED_IDS);
  #pooled = 0;

  /**
   * @param json - A parsed `tokenizer.json` with a byte-level BPE model. It is kept, not copied.
   * @throws DataError naming the part of the file that is wrong or not supported.
   */
  constructor(json: TokenizerJson) {
    const checked = checkTokenizerJson(json);
    const { model } = checked;
    checkModel(model);
    this.#json = json;
    const vocab = new Map(Object.entries(model.vocab));
    const added = new Map(checked.added_tokens.map((token) => [token.content, token.id]));
    this.#rules = {
      specials: new SpecialMatcher(added),
      preTokenizer: readPreTokenizer(checked.pre_tokenizer),
      nfc: readNormalizer(checked.normalizer),
    };
    this.specialTokens = new Map(
      checked.added_tokens.filter((token) => token.special).map((token) => [token.content, token.id]),
    );
    this.#merges = new MergeTable(model.merges.map((merge, rank) => readMerge(merge, rank, vocab)));
    this.#wholeWords = model.ignore_merges === true ? vocab : undefined;

    for (const [token, id] of vocab) {
      if (added.get(token) === id) continue;
      const bytes = bytesOfToken(token);
      if (bytes === undefined)
        throw refuse(
          `model.vocab[${JSON.stringify(token)}]`,
          "it is not a byte-level token",
          "its characters must stand for bytes",
        );
      this.#bytes[id] = bytes;
    }
    for (const [content, id] of added) this.#bytes[id] = utf8.encode(content);
    this.size = this.#bytes.length;

    const unknown = typeof model.unk_token === "string" ? (vocab.get(model.unk_token) ?? -1) : -1;
    this.#byteIds = Int32Array.from(byteCharacters, (character) => vocab.get(character) ?? unknown);
  }

  /**
   * The ids of a whole text.
   *
   * @param text - Any text; special tokens in it become their ids.
   * @throws DataError if the vocabulary lacks a byte of the text and has no unknown token.
   */
  encode(text: string): Uint32Array {
    const stream = this.#stream();
    for (let at = 0; at < text.length; at += PIECE_UNITS) {
      stream.segmenter.push(text.length <= PIECE_UNITS ? text : text.slice(at, at + PIECE_UNITS));
    }
    stream.segmenter.end();
    return stream.out.take();
  }

  /** An encoder for text in pieces; its ids together are those of {@link encode}. */
  encodeStream(): Encoder {
    const { segmenter, out } = this.#stream();
    return {
      push(chunk) {
        segmenter.push(chunk);
        return out.take();
      },
      end() {
        segmenter.end();
        return out.take();
      },
    };
  }

  /**
   * The text of ids, special tokens included; bytes that are no UTF-8 read as U+FFFD.
   *
   * @param ids - Ids below `size`.
   * @throws RangeError if an id has no token.
   */
  decode(ids: Iterable<number>): string {
    let bytes = new Uint8Array(1024);
    let length = 0;
    for (const id of ids) {
      const token = this.#bytesOf(id);
      if (length + token.length > bytes.length) {
        const larger = new Uint8Array((length + token.length) * 2);
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(token, length);
      length += token.length;
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, length));
  }

  /** A decoder for ids one at a time. */
  decodeStream(): Decoder {
    let utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
    return {
      push: (id) => utf8.decode(this.#bytesOf(id), { stream: true }),
      end() {
        const rest = utf8.decode();
        utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
        return rest;
      },
    };
  }

  /** The `tokenizer.json` that it was made of; not a copy. */
  toJSON(): TokenizerJson {
    return this.#json;
  }

  #bytesOf(id: number): Uint8Array {
    const bytes = this.#bytes[id];
    if (bytes === undefined) {
      const rule = `must be a token's id below ${this.size}`;
      throw new RangeError(explain({ api: "BpeTokenizer.decode", action: "decode id", received: `got ${id}`, rule }));
    }
    return bytes;
  }

  #stream(): { segmenter: Segmenter; out: IdBuffer } {
    const out = new IdBuffer();
    const sink: WordSink = {
      words: (words, count) => {
        for (let i = 0; i < count; i++) {
          const word = words[i] as string;
          const place = this.#cache.get(word);
          if (place === undefined) this.#encodeWord(word, out);
          else out.append(this.#pool, place >>> 8, place & 255);
        }
      },
      special: (id) => out.push(id),
    };
    return { segmenter: new Segmenter(this.#rules, sink), out };
  }

  #encodeWord(word: string, out: IdBuffer): void {
    const bytes = utf8.encode(word);
    const whole = this.#wholeWords?.get(tokenOfBytes(bytes));
    let count = 1;
    if (whole !== undefined) this.#symbols[0] = whole;
    else {
      if (bytes.length > this.#symbols.length) this.#symbols = new Int32Array(bytes.length);
      for (let i = 0; i < bytes.length; i++) this.#symbols[i] = this.#byteId(bytes[i] as number);
      count = this.#merges.apply(this.#symbols, bytes.length);
    }
    out.append(this.#symbols, 0, count);
    if (word.length > CACHED_UNITS) return;
    if (this.#cache.size >= CACHED_WORDS || this.#pooled + count > CACHED_IDS) {
      this.#cache.clear();
      this.#pooled = 0;
    }
    for (let i = 0; i < count; i++) this.#pool[this.#pooled + i] = this.#symbols[i] as number;
    this.#cache.set(detach(word), this.#pooled * 256 + count);
    this.#pooled += count;
  }

  #byteId(byte: number): number {
    const id = this.#byteIds[byte] as number;
    if (id >= 0) return id;
    const received = `byte 0x${byte.toString(16).padStart(2, "0")} has no token`;
    const rule = "the vocabulary must hold every byte of the text, or an unknown token";
    throw new DataError(explain({ api: "BpeTokenizer.encode", action: "encode text", received, rule }));
  }
}
