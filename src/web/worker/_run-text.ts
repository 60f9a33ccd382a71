/** The text of a run, as the folder of a run in Node keeps it: `tokenizer.json`, `tokens.bin` and `tokens.json`. */

import { DataError, explain } from "../../base/errors.ts";
import { parseTokenHeader, type TokenStoreHeader } from "../../data/token-header.ts";
import type { EncodedText } from "../../text/memory-text.ts";
import { hashTokenizer, tokenizerFromJson } from "../../text/tokenizer/from-json.ts";

/** Names and contents of the files. */
export type TextFiles = Readonly<Record<"tokenizer.json" | "tokens.bin" | "tokens.json", Uint8Array | string>>;

/** The files of a text. */
export async function textFiles({ tokenizer, tokens }: EncodedText): Promise<TextFiles> {
  const header: TokenStoreHeader = {
    format: "cameo-tokens",
    version: 1,
    dtype: tokens instanceof Uint16Array ? "uint16" : "uint32",
    tokens: tokens.length,
    vocabulary: tokenizer.size,
    tokenizer: await hashTokenizer(tokenizer),
    sources: [],
  };
  return {
    "tokenizer.json": `${JSON.stringify(tokenizer.toJSON())}\n`,
    "tokens.bin": new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength),
    "tokens.json": `${JSON.stringify(header, null, 2)}\n`,
  };
}

/**
 * The text of files.
 *
 * @param run - What users call the run.
 * @param read - Reads a file; null if there is none.
 * @throws DataError if they are missing, damaged or do not belong together.
 */
export async function readTextFiles(
  run: string,
  read: (name: keyof TextFiles) => Promise<Blob | null>,
): Promise<EncodedText> {
  const bad = (received: string, rule: string) =>
    new DataError(
      explain({ api: "train", action: `use the text of "${run}"`, received, rule, hint: "start a new run" }),
    );
  const [json, bin, head] = await Promise.all([read("tokenizer.json"), read("tokens.bin"), read("tokens.json")]);
  const header = parseTokenHeader((await head?.text()) ?? "");
  if (json === null || bin === null || header === null)
    throw bad("a file of it is missing or damaged", "the run must have tokenizer.json, tokens.bin and tokens.json");
  const tokenizer = tokenizerFromJson(JSON.parse(await json.text()));
  if ((await hashTokenizer(tokenizer)) !== header.tokenizer)
    throw bad("another tokenizer made the tokens", "tokenizer.json and the tokens belong together");
  const Tokens = header.dtype === "uint16" ? Uint16Array : Uint32Array;
  if (bin.size !== header.tokens * Tokens.BYTES_PER_ELEMENT)
    throw bad(`tokens.bin has ${bin.size} bytes`, `it must have ${header.tokens * Tokens.BYTES_PER_ELEMENT}`);
  const tokens = new Tokens(await bin.arrayBuffer());
  if (tokens.some((id) => id >= header.vocabulary))
    throw bad("a token is outside the vocabulary", `all must be below ${header.vocabulary}`);
  return { tokenizer, tokens };
}
