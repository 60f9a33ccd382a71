/**
 * Split patterns: the published ones, and the translation of a file's regular expression (Oniguruma's dialect, which
 * Hugging Face's libraries use) into JavaScript's.
 */

import { refuse } from "./_json.ts";

/**
 * GPT-2's split: contractions, then runs of letters, of digits and of other marks, each with one leading space.
 *
 * @source https://github.com/openai/gpt-2, src/encoder.py.
 */
export const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * The split of OpenAI's cl100k_base, also Llama 3's: at most three digits together, line breaks apart from words, one
 * mark of punctuation may open a word. Better than GPT-2's for code and for numbers.
 *
 * @source https://github.com/openai/tiktoken, tiktoken_ext/openai_public.py, in the form of Llama 3's tokenizer.json.
 */
export const cl100kPattern: string =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" +
  "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

const contractionsO200k = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
const upper = "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}";
const lower = "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}";

/**
 * Patterns known to look no further than past the whitespace that follows a match, which is what lets text be encoded
 * in pieces: GPT-2, cl100k and Llama 3, Qwen2 (single digits), o200k. See `_segmenter.ts`.
 */
export const streamablePatterns: ReadonlySet<string> = new Set([
  gpt2Pattern,
  "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  cl100kPattern,
  cl100kPattern.replace("\\p{N}{1,3}", "\\p{N}"),
  `[^\\r\\n\\p{L}\\p{N}]?[${upper}]*[${lower}]+${contractionsO200k}|[^\\r\\n\\p{L}\\p{N}]?[${upper}]+[${lower}]*` +
    `${contractionsO200k}|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
]);

/** What an escape of Oniguruma is in JavaScript; `\s` differs in U+0085 and U+FEFF. */
const escapes: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
};

/** Escapes that both dialects read alike. */
const shared = new Set([..."nrtfv0^$\\.*+?()[]{}|/"]);

/**
 * Translates a pattern, with `u` semantics.
 *
 * @throws DataError if the pattern uses something that has no faithful translation here.
 */
export function compilePattern(source: string): RegExp {
  const fail = (construct: string): Error =>
    refuse("pre_tokenizer", `pattern ${JSON.stringify(source)} has ${construct}`, "which this reader does not know");
  let out = "";
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const c = source[i] as string;
    if (c === "\\") {
      const escaped = source[++i];
      if (escaped === undefined) throw fail("a lone backslash");
      const braced = /^(?:[pP]\{[^}]+\}|x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})/.exec(source.slice(i))?.[0];
      if (braced !== undefined) {
        out += braced.startsWith("x{") ? `\\u${braced.slice(1)}` : `\\${braced}`;
        i += braced.length - 1;
      } else if (escapes[escaped] !== undefined) out += escapes[escaped];
      else if (shared.has(escaped) || (escaped === "-" && inClass)) out += `\\${escaped}`;
      else if (/[a-zA-Z0-9]/.test(escaped)) throw fail(`\\${escaped}`);
      else out += escaped;
    } else if (inClass) {
      if (c === "[" || source.startsWith("&&", i)) throw fail("a set inside a set");
      if (c === "]") inClass = false;
      out += c;
    } else if (c === "[") {
      inClass = true;
      out += c;
    } else if (c === "$") out += "(?=\\n|(?![\\s\\S]))";
    else if (c === "^") out += "(?<=\\n|(?<![\\s\\S]))";
    else if (c === ".") out += "[^\\n]";
    else out += c;
  }
  try {
    return new RegExp(out, "gu");
  } catch (cause) {
    throw refuse(
      "pre_tokenizer",
      `got pattern ${JSON.stringify(source)}`,
      `must be a regular expression: ${String(cause)}`,
    );
  }
}

/** A pattern that matches `text` itself. */
export function literalPattern(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gu");
}
