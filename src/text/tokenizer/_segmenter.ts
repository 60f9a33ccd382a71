/** Cuts a text that arrives in pieces into words and special tokens, exactly as if it had arrived whole. */

import { DataError, explain } from "../../base/errors.ts";
import type { PreTokenizer } from "./_pre-tokenizer.ts";
import { type SectionSink, SectionStream, type SpecialMatcher } from "./_sections.ts";

/** Text held back at most, in UTF-16 units, when the pattern cannot be followed in pieces. */
const MAX_HELD = 2 ** 27;

/** What a segmenter needs to know of its tokenizer. */
export interface SegmenterRules {
  readonly specials: SpecialMatcher;
  readonly preTokenizer: PreTokenizer;
  /** Whether each section is brought to Unicode normal form C first. */
  readonly nfc: boolean;
}

/** Where the parts of a text go, in order. */
export interface WordSink {
  /** The first `count` of `words` are settled. */
  words(words: readonly string[], count: number): void;
  special(id: number): void;
}

/** Whether the UTF-16 unit is Unicode White_Space (none lies outside the basic plane). */
function isSpace(unit: number): boolean {
  if (unit <= 0x20) return unit === 0x20 || (unit >= 9 && unit <= 13);
  if (unit < 0x85) return false;
  return (
    unit === 0x85 ||
    unit === 0xa0 ||
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  );
}

/**
 * Splits a section in pieces. A word of a streamable pattern never depends on text beyond the whitespace run that
 * follows it and the first unit after that. So with `w` the last whitespace that is followed by something else, every
 * word that ends at or before `w` is settled, and the rest is held back. Memory is bounded by the longest stretch
 * without whitespace.
 */
class WordStream {
  readonly #pre: PreTokenizer;
  readonly #sink: WordSink;
  #held = "";
  #begun = false;

  constructor(pre: PreTokenizer, sink: WordSink) {
    this.#pre = pre;
    this.#sink = sink;
  }

  push(part: string): void {
    if (part === "") return;
    if (!this.#begun && this.#pre.addPrefixSpace && !part.startsWith(" ")) this.#held = " ";
    this.#begun = true;
    const before = this.#held.length;
    const last = before === 0 ? -1 : this.#held.charCodeAt(before - 1);
    this.#held += part;
    if (!this.#pre.streamable) {
      if (this.#held.length > MAX_HELD) throw tooLong();
      return;
    }
    // Looking only at the new part keeps a long stretch without whitespace linear.
    let w = part.length - 2;
    while (w >= 0 && !(isSpace(part.charCodeAt(w)) && !isSpace(part.charCodeAt(w + 1)))) w--;
    if (w < 0 && !(last >= 0 && isSpace(last) && !isSpace(part.charCodeAt(0)))) return;
    const settled = before + w; // w = -1: the last unit held before
    const words = this.#pre.split(this.#held.slice(0, settled + 2));
    let end = 0;
    let count = 0;
    while (count < words.length && end + (words[count] as string).length <= settled)
      end += (words[count++] as string).length;
    if (count > 0) this.#sink.words(words, count);
    this.#held = this.#held.slice(end);
  }

  close(): void {
    if (this.#held !== "") {
      const words = this.#pre.split(this.#held);
      this.#sink.words(words, words.length);
    }
    this.#held = "";
    this.#begun = false;
  }
}

function tooLong(): DataError {
  return new DataError(
    explain({
      api: "Encoder.push",
      action: "hold back more text",
      received: "this tokenizer's split pattern is not one that Cameo can follow in pieces",
      rule: `a document must be shorter than ${MAX_HELD} UTF-16 units`,
      hint: "put a special token between documents, or use a tokenizer with GPT-2's or cl100k's pattern",
    }),
  );
}

/** See the head of the file. Feed it with `push`, finish with `end`; it is then ready for another text. */
export class Segmenter {
  readonly #sections: SectionStream;
  readonly #words: WordStream;
  #denormal = "";

  constructor(rules: SegmenterRules, sink: WordSink) {
    this.#words = new WordStream(rules.preTokenizer, sink);
    const sections: SectionSink = {
      text: rules.nfc ? (part) => this.#normalize(part) : (part) => this.#words.push(part),
      close: (special) => {
        if (this.#denormal !== "") this.#words.push(this.#denormal.normalize("NFC"));
        this.#denormal = "";
        this.#words.close();
        if (special !== undefined) sink.special(special);
      },
    };
    this.#sections = new SectionStream(rules.specials, sections);
  }

  push(chunk: string): void {
    this.#sections.push(chunk);
  }

  end(): void {
    this.#sections.end();
  }

  /** Whitespace composes with nothing before it, so normalising up to a whitespace is final. */
  #normalize(part: string): void {
    let w = part.length - 1;
    while (w >= 0 && !isSpace(part.charCodeAt(w))) w--;
    if (w < 0) {
      this.#denormal += part;
      return;
    }
    this.#words.push((this.#denormal + part.slice(0, w)).normalize("NFC"));
    this.#denormal = part.slice(w);
  }
}
