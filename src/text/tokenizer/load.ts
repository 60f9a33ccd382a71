/** Reads a tokenizer from a `tokenizer.json`, and names one by its content. */

import { DataError, explain, messageOf } from "../../base/errors.ts";
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
 * Reads a tokenizer from a file, a folder that holds a `tokenizer.json`, or the parsed file itself.
 *
 * @param source - A path, or the parsed JSON.
 * @throws DataError if the file cannot be read, is not JSON, or holds a tokenizer that is not supported.
 *
 * @example From parsed JSON
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadTokenizer, trainCharacter } from "cameo/text";
 *
 * const trained = await trainCharacter(["hello"]);
 * const loaded = await loadTokenizer(JSON.parse(JSON.stringify(trained)));
 * assert.deepEqual(loaded.encode("hello"), trained.encode("hello"));
 * ```
 */
export async function loadTokenizer(source: string | object): Promise<Tokenizer> {
  if (typeof source !== "string") return tokenizerFromJson(source);
  const fail = (cause: unknown, rule: string): DataError => {
    const received = `"${source}": ${messageOf(cause)}`;
    return new DataError(explain({ api: "loadTokenizer", action: "read tokenizer", received, rule }), {
      cause,
      source,
    });
  };
  let text: string;
  try {
    const { readFile, stat } = await import("node:fs/promises");
    const isFolder = (await stat(source)).isDirectory();
    text = await readFile(isFolder ? `${source}/tokenizer.json` : source, "utf8");
  } catch (cause) {
    throw fail(cause, "must be a tokenizer.json or a folder that holds one");
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fail(cause, "must be JSON");
  }
  return tokenizerFromJson(json);
}

/**
 * A name for what a tokenizer does: the SHA-256 of its JSON, in hexadecimal. Tokens on disk carry it, so that they are
 * never read with another tokenizer.
 */
export async function hashTokenizer(tokenizer: Tokenizer): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(tokenizer.toJSON()));
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
