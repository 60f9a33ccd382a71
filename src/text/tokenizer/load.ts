/** Reads a tokenizer from a `tokenizer.json`. */

import { readFile, stat } from "node:fs/promises";
import { DataError, explain, messageOf } from "../../base/errors.ts";
import { tokenizerFromJson } from "./from-json.ts";
import type { Tokenizer } from "./tokenizer.ts";

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
