/** Makes a tokenizer of a parsed `tokenizer.json`, and names one by its content. */

import { sha256 } from "../../base/sha256.ts";
import { type ComponentJson, checkTokenizerJson, refuse, type TokenizerJson } from "./_json.ts";
import { BpeTokenizer } from "./bpe.ts";
import { CharacterTokenizer } from "./character.ts";
import type { Tokenizer } from "./tokenizer.ts";

function isByteLevel(component: ComponentJson | null): boolean {
  if (component === null) return false;
  if (component.type === "ByteLevel") return true;
  const parts = component["pretokenizers"] ?? component["decoders"];
  return Array.isArray(parts) && parts.some(isByteLevel);
}

/**
 * Makes a tokenizer of a parsed `tokenizer.json`: byte-level BPE (GPT-2, Llama 3, Qwen and their like), or one token a
 * character as `trainCharacter` writes it.
 *
 * Normalizers other than NFC, tokens that strip the space around them and post-processors (tokens that other libraries
 * add at the ends of a text) are not applied; the first two are errors, the last is kept in the file and left to the
 * caller.
 *
 * @param json - The parsed file.
 * @throws DataError naming the part that is wrong or not supported.
 */
export function tokenizerFromJson(json: unknown): Tokenizer {
  const checked = checkTokenizerJson(json);
  if (isByteLevel(checked.pre_tokenizer)) return new BpeTokenizer(json as TokenizerJson);
  if (checked.pre_tokenizer === null && checked.model.merges.length === 0)
    return new CharacterTokenizer(json as TokenizerJson);
  const received = `got a BPE model with pre_tokenizer ${checked.pre_tokenizer === null ? "null" : `"${checked.pre_tokenizer.type}"`}`;
  throw refuse("model", received, "supported are byte-level BPE (a ByteLevel pre_tokenizer) and one character a token");
}

/**
 * A name for what a tokenizer does: the SHA-256 of its JSON, in hexadecimal. Tokens on disk carry it, so that they are
 * never read with another tokenizer.
 */
export async function hashTokenizer(tokenizer: Tokenizer): Promise<string> {
  return await sha256(new TextEncoder().encode(JSON.stringify(tokenizer.toJSON())));
}
