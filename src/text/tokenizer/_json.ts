/** The parts of Hugging Face's `tokenizer.json` that Cameo reads and writes. */

import { DataError, explain } from "../../base/errors.ts";

/** A token matched in the text before anything else happens to it. */
export interface AddedTokenJson {
  id: number;
  content: string;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
  special?: boolean;
}

/** A normalizer, pre-tokenizer, decoder or post-processor: a type and its own fields. */
export interface ComponentJson {
  type: string;
  [field: string]: unknown;
}

/** The `model` of a BPE file. */
export interface BpeModelJson {
  type?: string;
  vocab: Record<string, number>;
  merges: readonly (string | readonly [string, string])[];
  unk_token?: string | null;
  dropout?: number | null;
  continuing_subword_prefix?: string | null;
  end_of_word_suffix?: string | null;
  fuse_unk?: boolean;
  byte_fallback?: boolean;
  ignore_merges?: boolean;
}

/** A `tokenizer.json` file. */
export interface TokenizerJson {
  version?: string;
  truncation?: unknown;
  padding?: unknown;
  added_tokens: readonly AddedTokenJson[];
  normalizer: ComponentJson | null;
  pre_tokenizer: ComponentJson | null;
  post_processor: ComponentJson | null;
  decoder: ComponentJson | null;
  model: BpeModelJson;
}

/** A tokenizer file that Cameo refuses, with the place in the file. */
export function refuse(place: string, received: string, rule: string, hint?: string): DataError {
  const action = `use ${place} of tokenizer.json`;
  return new DataError(explain({ api: "loadTokenizer", action, received, rule, hint }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkComponent(json: Record<string, unknown>, key: string): void {
  const value = json[key];
  if (value === undefined || value === null) json[key] = null;
  else if (!isRecord(value) || typeof value["type"] !== "string")
    throw refuse(key, `got ${JSON.stringify(value).slice(0, 80)}`, "must be null or an object with a type");
}

/**
 * Checks the outer shape of a parsed file: what the constructors rely on without looking again.
 *
 * @throws DataError naming the part that is missing or of the wrong type.
 */
export function checkTokenizerJson(value: unknown): TokenizerJson {
  if (!isRecord(value)) throw refuse("the root", "got no object", "must be an object with a model");
  const json: Record<string, unknown> = { ...value };
  const model = json["model"];
  if (!isRecord(model)) throw refuse("model", "it is missing", "must be an object", "is this a tokenizer.json file?");
  const type = model["type"] ?? (Array.isArray(model["merges"]) ? "BPE" : "missing");
  if (type !== "BPE")
    throw refuse(
      "model.type",
      `got ${JSON.stringify(type)}`,
      'only "BPE" is supported, byte-level (as GPT-2) or one character a token',
    );
  if (!isRecord(model["vocab"])) throw refuse("model.vocab", "it is missing", "must map tokens to ids");
  const ids = new Set<unknown>();
  for (const [token, id] of Object.entries(model["vocab"])) {
    if (!Number.isInteger(id) || (id as number) < 0)
      throw refuse(`model.vocab[${JSON.stringify(token)}]`, `got ${String(id)}`, "ids are integers from 0");
    if (ids.has(id))
      throw refuse(`model.vocab[${JSON.stringify(token)}]`, `got ${id}, which another token has`, "ids differ");
    ids.add(id);
  }
  if (!Array.isArray(model["merges"])) throw refuse("model.merges", "it is missing", "must be a list");
  json["added_tokens"] ??= [];
  const added = json["added_tokens"];
  if (!Array.isArray(added)) throw refuse("added_tokens", "got no list", "must be a list");
  for (const token of added) {
    const known = isRecord(token) && typeof token["content"] === "string" && Number.isInteger(token["id"]);
    if (!known || token["content"] === "")
      throw refuse("added_tokens", `got ${JSON.stringify(token)}`, "each needs a content and an id");
    for (const flag of ["single_word", "lstrip", "rstrip"]) {
      if (token[flag] === true)
        throw refuse(
          `added token "${String(token["content"])}"`,
          `${flag} is true`,
          "only tokens matched exactly are supported",
        );
    }
  }
  for (const key of ["normalizer", "pre_tokenizer", "post_processor", "decoder"]) checkComponent(json, key);
  return json as unknown as TokenizerJson;
}

/** An added token as Cameo writes it: special, matched exactly. */
export function specialTokenJson(content: string, id: number): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** Checks names for special tokens given by a caller. @throws TypeError if one is empty or given twice. */
export function checkSpecialTokens(api: string, tokens: readonly string[]): void {
  for (const [i, token] of tokens.entries()) {
    if (token === "" || !token.isWellFormed() || tokens.indexOf(token) !== i) {
      const received = `got ${JSON.stringify(token)}`;
      throw new TypeError(
        explain({ api, action: "use special token", received, rule: "must be non-empty text, each once" }),
      );
    }
  }
}
