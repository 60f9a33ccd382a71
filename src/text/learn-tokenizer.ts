/** The tokenizer of a text, as every run learns it. */

import { documentSeparator } from "./token-dataset.ts";
import { trainBpe } from "./tokenizer/bpe-train.ts";
import { trainCharacter } from "./tokenizer/character.ts";
import type { TextStream, Tokenizer } from "./tokenizer/tokenizer.ts";

/** What a token is. */
export interface TokenizerChoice {
  /** Learnt byte pairs, or one character. */
  readonly tokenizer: "bpe" | "character";
  /** Tokens that a bpe tokenizer learns. */
  readonly vocabulary: number;
  /** Ends the learning. */
  readonly signal?: AbortSignal;
}

/**
 * Learns a tokenizer.
 *
 * @param text - The text in pieces.
 * @param choice - See {@link TokenizerChoice}.
 */
export function learnTokenizer(text: TextStream, choice: TokenizerChoice): Promise<Tokenizer> {
  const signal = choice.signal === undefined ? {} : { signal: choice.signal };
  return choice.tokenizer === "character"
    ? trainCharacter(text, signal)
    : trainBpe(text, { vocabularySize: choice.vocabulary, specialTokens: [documentSeparator], ...signal });
}
