/** What every tokenizer can do, and the two streaming halves of it. */

import type { TokenizerJson } from "./_json.ts";

/**
 * Encodes text that arrives in pieces. The ids of all calls together equal `encode` of the whole text: the tail that a
 * later piece could still change is held back.
 */
export interface Encoder {
  /** Takes the next piece, cut anywhere (even inside a surrogate pair), and returns the ids that are now settled. */
  push(chunk: string): Uint32Array;
  /** Returns the ids of what was held back. The encoder is then at the start of a new text. */
  end(): Uint32Array;
}

/** Decodes ids one at a time, for printing while a model writes: it never gives out half a character. */
export interface Decoder {
  /** The text that is complete once `id` is known; often empty inside an emoji or a Chinese character. */
  push(id: number): string;
  /** What is left; bytes that never became a character read as U+FFFD. The decoder is then at the start of a new text. */
  end(): string;
}

/**
 * Turns text into ids and back. Tokenizers are immutable; `encode` adds no token of its own (no beginning-of-text), and
 * a special token's text inside the input becomes that token, as in Hugging Face's libraries.
 */
export interface Tokenizer {
  /** `"character"` or `"bpe"`. */
  readonly kind: string;
  /** One more than the largest id: rows of the model's embedding. */
  readonly size: number;
  /** Ids of the special tokens by their text. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** The ids of a whole text. */
  encode(text: string): Uint32Array;
  /** The text of ids. @throws RangeError if an id has no token. */
  decode(ids: Iterable<number>): string;
  /** A fresh {@link Encoder}; any number can be in use at once. */
  encodeStream(): Encoder;
  /** A fresh {@link Decoder}. */
  decodeStream(): Decoder;
  /** The tokenizer as a Hugging Face `tokenizer.json` object. Treat it as read-only. */
  toJSON(): TokenizerJson;
}

/** Text in pieces, as files and sockets give it. */
export type TextStream = Iterable<string> | AsyncIterable<string>;
