/** Reads the `pre_tokenizer` of a file into a function that splits text into words. */

import { type ComponentJson, refuse } from "./_json.ts";
import { compilePattern, gpt2Pattern, literalPattern, streamablePatterns } from "./_pattern.ts";

/** How text becomes words, before bytes are merged within each. */
export interface PreTokenizer {
  /** The words of a text, in order; together they are the text, unless the file's own pattern drops something. */
  split(text: string): string[];
  /** Whether a space goes before a section of text that does not begin with one. */
  readonly addPrefixSpace: boolean;
  /** Whether no word depends on text past the whitespace after it, so that text can be split in pieces. */
  readonly streamable: boolean;
}

interface Step {
  split(text: string): string[];
  readonly streamable: boolean;
}

/** The matches of a pattern. The pattern must match every character, or what it leaves out is dropped. */
function matches(pattern: RegExp, streamable: boolean): Step {
  return { split: (text) => text.match(pattern) ?? [], streamable };
}

/** The matches of a pattern and what lies between them. */
function isolated(pattern: RegExp, streamable: boolean): Step {
  return {
    streamable,
    split(text) {
      const pieces: string[] = [];
      let end = 0;
      for (const match of text.matchAll(pattern)) {
        if (match.index > end) pieces.push(text.slice(end, match.index));
        end = match.index + match[0].length;
        if (match[0] !== "") pieces.push(match[0]);
      }
      if (end < text.length) pieces.push(text.slice(end));
      return pieces;
    },
  };
}

function readSplit(json: ComponentJson): Step {
  const given = json["pattern"] as { Regex?: unknown; String?: unknown } | undefined;
  const behavior = String(json["behavior"] ?? "Isolated");
  const known = typeof given?.Regex === "string" && streamablePatterns.has(given.Regex);
  let pattern: RegExp;
  if (typeof given?.Regex === "string") pattern = compilePattern(given.Regex);
  else if (typeof given?.String === "string" && given.String !== "") pattern = literalPattern(given.String);
  else throw refuse("pre_tokenizer", "a Split has no pattern", "it needs a Regex or a String");
  // A known pattern leaves nothing between its matches, so the quicker form gives the same words.
  if (behavior === "Isolated") return known ? matches(pattern, true) : isolated(pattern, false);
  if (behavior === "Removed" && json["invert"] === true) return matches(pattern, known);
  throw refuse(
    "pre_tokenizer",
    `got a Split with behavior "${behavior}"`,
    'must be "Isolated", or "Removed" and inverted',
  );
}

function readSteps(json: ComponentJson): { steps: Step[]; byteLevel: boolean; addPrefixSpace: boolean } {
  switch (json.type) {
    case "ByteLevel": {
      const steps = json["use_regex"] === false ? [] : [matches(compilePattern(gpt2Pattern), true)];
      return { steps, byteLevel: true, addPrefixSpace: json["add_prefix_space"] === true };
    }
    case "Split":
      return { steps: [readSplit(json)], byteLevel: false, addPrefixSpace: false };
    case "Digits": {
      const pattern = json["individual_digits"] === true ? /\p{N}/gu : /\p{N}+/gu;
      return { steps: [isolated(pattern, true)], byteLevel: false, addPrefixSpace: false };
    }
    case "Sequence": {
      const parts = ((json["pretokenizers"] ?? []) as ComponentJson[]).map(readSteps);
      if (parts.some((part, i) => part.byteLevel && i < parts.length - 1))
        throw refuse("pre_tokenizer", "ByteLevel is followed by another", "it must be the last of a Sequence");
      const addPrefixSpace = parts.some((part) => part.addPrefixSpace);
      if (addPrefixSpace && parts.length > 1)
        throw refuse(
          "pre_tokenizer",
          "add_prefix_space is true inside a Sequence",
          "supported only where ByteLevel stands alone",
        );
      return {
        steps: parts.flatMap((part) => part.steps),
        byteLevel: parts.at(-1)?.byteLevel ?? false,
        addPrefixSpace,
      };
    }
    default:
      throw refuse(
        "pre_tokenizer.type",
        `got "${json.type}"`,
        "must be ByteLevel, Split, Digits or a Sequence of them",
      );
  }
}

/** Reads a byte-level pre-tokenizer. @throws DataError if it does something that is not supported. */
export function readPreTokenizer(json: ComponentJson | null): PreTokenizer {
  const { steps, byteLevel, addPrefixSpace } =
    json === null ? { steps: [], byteLevel: false, addPrefixSpace: false } : readSteps(json);
  if (!byteLevel)
    throw refuse(
      "pre_tokenizer",
      `got ${json === null ? "null" : `"${json.type}"`}`,
      "a BPE model is supported only with ByteLevel",
    );
  const [first, ...rest] = steps;
  return {
    addPrefixSpace,
    streamable: first !== undefined && steps.every((step) => step.streamable),
    split(text) {
      let words = first === undefined ? [text] : first.split(text);
      for (const step of rest) words = words.flatMap((word) => step.split(word));
      return words;
    },
  };
}
