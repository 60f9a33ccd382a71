/** One token a character: the tokenizer of small models on small texts. */

import { DataError, explain } from "../../base/errors.ts";
import { IdBuffer } from "./_ids.ts";
import {
  type AddedTokenJson,
  checkSpecialTokens,
  checkTokenizerJson,
  refuse,
  specialTokenJson,
  type TokenizerJson,
} from "./_json.ts";
import { type SectionSink, SectionStream, SpecialMatcher } from "./_sections.ts";
import type { Decoder, Encoder, TextStream, Tokenizer } from "./tokenizer.ts";

/** Options of {@link trainCharacter}. */
export interface TrainCharacterOptions {
  /** Tokens with a meaning of their own; their ids follow the characters'. @defaultValue none */
  specialTokens?: readonly string[];
  /** A token that stands for every character not in the training text. @defaultValue none: such a character is an error */
  unknown?: string;
  /** Stops the training; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

const REPLACEMENT = 0xfffd;

/** The code point at `at`; a lone surrogate, which no UTF-8 file can hold, reads as U+FFFD. */
function codePointAt(text: string, at: number): number {
  const point = text.codePointAt(at) as number;
  return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}

/**
 * A tokenizer with one token for each Unicode code point of its training text, in code point order, as nanoGPT's
 * `sorted(set(text))`. Train one with {@link trainCharacter}, read one with `loadTokenizer`.
 *
 * Its `tokenizer.json` is a BPE model without merges, which Hugging Face's libraries read; give them
 * `clean_up_tokenization_spaces: false`, or they drop spaces before punctuation when decoding.
 *
 * @source https://github.com/karpathy/nanoGPT, data/shakespeare_char/prepare.py.
 *
 * @example Sorted characters
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainCharacter } from "cameo/text";
 *
 * const tokenizer = await trainCharacter(["banana"]);
 * assert.deepEqual([...tokenizer.encode("nab")], [2, 0, 1]);
 * ```
 */
export class CharacterTokenizer implements Tokenizer {
  readonly kind = "character";
  readonly size: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly #json: TokenizerJson;
  readonly #matcher: SpecialMatcher;
  readonly #tokens: (string | undefined)[] = [];
  /** Ids by code point: an array for the basic plane, a map for the rest. */
  readonly #basic: Int32Array = new Int32Array(0x10000).fill(-1);
  readonly #astral = new Map<number, number>();
  readonly #characters: number;
  readonly #unknown: number;

  /**
   * @param json - A parsed `tokenizer.json` as `toJSON` gives it. It is kept, not copied.
   * @throws DataError if the file holds something else.
   */
  constructor(json: TokenizerJson) {
    const { model, added_tokens: added } = checkTokenizerJson(json);
    this.#json = json;
    const specials = new Map(added.map((token) => [token.content, token.id]));
    this.specialTokens = new Map(added.filter((token) => token.special).map((token) => [token.content, token.id]));
    this.#unknown = typeof model.unk_token === "string" ? (model.vocab[model.unk_token] ?? -1) : -1;
    // The unknown token is written, never read: its text inside a text is ordinary characters.
    this.#matcher = new SpecialMatcher(new Map([...specials].filter(([, id]) => id !== this.#unknown)));
    let characters = 0;
    for (const [token, id] of Object.entries(model.vocab)) {
      this.#tokens[id] = token;
      if (specials.get(token) === id) continue;
      const point = token.codePointAt(0);
      if (point === undefined || String.fromCodePoint(point) !== token)
        throw refuse(
          `model.vocab[${JSON.stringify(token)}]`,
          "it is not one character",
          "a BPE model without merges has one token a character",
        );
      characters++;
      if (point < 0x10000) this.#basic[point] = id;
      else this.#astral.set(point, id);
    }
    for (const [content, id] of specials) this.#tokens[id] = content;
    this.#characters = characters;
    this.size = this.#tokens.length;
  }

  /**
   * The ids of a whole text.
   *
   * @param text - Any text; special tokens in it become their ids.
   * @throws DataError naming a character that has no token, when there is no unknown token.
   */
  encode(text: string): Uint32Array {
    const stream = this.#stream();
    stream.sections.push(text);
    stream.sections.end();
    return stream.out.take();
  }

  /** An encoder for text in pieces; its ids together are those of {@link encode}. */
  encodeStream(): Encoder {
    const { sections, out } = this.#stream();
    return {
      push(chunk) {
        sections.push(chunk);
        return out.take();
      },
      end() {
        sections.end();
        return out.take();
      },
    };
  }

  /**
   * The text of ids, special tokens included.
   *
   * @param ids - Ids below `size`.
   * @throws RangeError if an id has no token.
   */
  decode(ids: Iterable<number>): string {
    let text = "";
    for (const id of ids) text += this.#token(id);
    return text;
  }

  /** A decoder for ids one at a time. */
  decodeStream(): Decoder {
    return { push: (id) => this.#token(id), end: () => "" };
  }

  /** The `tokenizer.json` that it was made of; not a copy. */
  toJSON(): TokenizerJson {
    return this.#json;
  }

  #token(id: number): string {
    const token = this.#tokens[id];
    if (token !== undefined) return token;
    const rule = `must be a token's id below ${this.size}`;
    throw new RangeError(
      explain({ api: "CharacterTokenizer.decode", action: "decode id", received: `got ${id}`, rule }),
    );
  }

  #stream(): { sections: SectionStream; out: IdBuffer } {
    const out = new IdBuffer();
    let offset = 0;
    const sink: SectionSink = {
      text: (part) => {
        for (let i = 0; i < part.length; i++) {
          const point = codePointAt(part, i);
          const id = point < 0x10000 ? (this.#basic[point] as number) : (this.#astral.get(point) ?? -1);
          if (id < 0 && this.#unknown < 0) throw this.#unknownCharacter(point, offset + i);
          out.push(id < 0 ? this.#unknown : id);
          if (point >= 0x10000) i++;
        }
        offset += part.length;
      },
      close: (special) => {
        if (special === undefined) {
          offset = 0;
          return;
        }
        out.push(special);
        offset += this.#token(special).length;
      },
    };
    return { sections: new SectionStream(this.#matcher, sink), out };
  }

  #unknownCharacter(point: number, offset: number): DataError {
    const code = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
    return new DataError(
      explain({
        api: "CharacterTokenizer.encode",
        action: `encode character ${JSON.stringify(String.fromCodePoint(point))} (${code}) at offset ${offset}`,
        received: `it is not among the ${this.#characters} characters of this tokenizer`,
        rule: "every character must occur in the training text",
        hint: "train the tokenizer on this text too, or train it with an unknown token",
      }),
    );
  }
}

/**
 * Collects the characters of a text into a tokenizer.
 *
 * @param text - The corpus in pieces; special tokens in it are left out of the characters.
 * @param options - See {@link TrainCharacterOptions}.
 * @throws DataError if the text is empty.
 */
export async function trainCharacter(
  text: TextStream,
  options: TrainCharacterOptions = {},
): Promise<CharacterTokenizer> {
  const { specialTokens = [], unknown, signal } = options;
  const tokens = unknown === undefined ? specialTokens : [...specialTokens, unknown];
  checkSpecialTokens("trainCharacter", tokens);
  const points = new Set<number>();
  const sink: SectionSink = {
    text(part) {
      for (let i = 0; i < part.length; i++) {
        const point = codePointAt(part, i);
        points.add(point);
        if (point >= 0x10000) i++;
      }
    },
    close() {},
  };
  const sections = new SectionStream(new SpecialMatcher(new Map(specialTokens.map((token, i) => [token, i]))), sink);
  for await (const chunk of text) {
    signal?.throwIfAborted();
    sections.push(chunk);
  }
  sections.end();
  if (points.size === 0) {
    const rule = "needs at least one character";
    throw new DataError(
      explain({ api: "trainCharacter", action: "collect characters", received: "the text is empty", rule }),
    );
  }
  const characters = [...points].sort((a, b) => a - b).map((point) => String.fromCodePoint(point));
  const single = tokens.find((token) => characters.includes(token));
  if (single !== undefined) {
    const received = `${JSON.stringify(single)} is also a character of the text`;
    throw new DataError(
      explain({
        api: "trainCharacter",
        action: "use special token",
        received,
        rule: "must differ from all characters",
      }),
    );
  }
  return new CharacterTokenizer(tokenizerJson(characters, tokens, unknown));
}

function tokenizerJson(
  characters: readonly string[],
  tokens: readonly string[],
  unknown: string | undefined,
): TokenizerJson {
  const added: AddedTokenJson[] = tokens.map((token, i) => specialTokenJson(token, characters.length + i));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Fuse" },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: unknown ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...characters, ...tokens].map((token, id) => [token, id])),
      merges: [],
    },
  };
}
