/** What a file of tokens says of itself: `tokens.json`. */

import type { TextFile } from "./files.ts";

/** The header of a token store. */
export interface TokenStoreHeader {
  format: "cameo-tokens";
  version: 1;
  dtype: "uint16" | "uint32";
  /** Number of tokens. */
  tokens: number;
  /** Every token is below this. */
  vocabulary: number;
  /** Which tokenizer made the tokens, as the writer named it. */
  tokenizer: string;
  /** The files that the tokens came from, as they were then. */
  sources: TextFile[];
}

/** Reads the text of a header; null if it is none. */
export function parseTokenHeader(text: string): TokenStoreHeader | null {
  let header: Partial<TokenStoreHeader> | null = null;
  try {
    header = JSON.parse(text) as Partial<TokenStoreHeader> | null;
  } catch {
    return null;
  }
  const isHeader =
    header?.format === "cameo-tokens" &&
    header.version === 1 &&
    (header.dtype === "uint16" || header.dtype === "uint32") &&
    Number.isSafeInteger(header.tokens) &&
    Number.isSafeInteger(header.vocabulary) &&
    Array.isArray(header.sources);
  return isHeader ? (header as TokenStoreHeader) : null;
}
