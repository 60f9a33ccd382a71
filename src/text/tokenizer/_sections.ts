/** Finds special tokens in text that arrives in pieces. */

/** What a text is made of: sections of ordinary text with special tokens between them. */
export interface SectionSink {
  /** More of the section that is open; never cut inside a surrogate pair. */
  text(part: string): void;
  /** The section ends here, because of a special token (its id) or of the end of the text (undefined). */
  close(special: number | undefined): void;
}

/** The special tokens of a tokenizer, compiled once. Where two begin at one place, the longer is meant. */
export class SpecialMatcher {
  readonly ids: ReadonlyMap<string, number>;
  readonly #contents: readonly string[];
  readonly #pattern: RegExp | undefined;
  readonly #longest: number;

  constructor(ids: ReadonlyMap<string, number>) {
    this.ids = ids;
    this.#contents = [...ids.keys()].sort((a, b) => b.length - a.length);
    this.#longest = this.#contents[0]?.length ?? 0;
    const escaped = this.#contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.#pattern = escaped.length === 0 ? undefined : new RegExp(escaped.join("|"), "g");
  }

  /**
   * Sends `text` to the sink.
   *
   * @param last - Whether the text ends here.
   * @returns The tail that was not sent: the beginning of what could be a special token, or half a surrogate pair.
   */
  scan(text: string, last: boolean, sink: SectionSink): string {
    const hold = last ? text.length : this.#held(text);
    let from = 0;
    for (const match of this.#pattern === undefined ? [] : text.matchAll(this.#pattern)) {
      if (match.index >= hold) break;
      if (match.index > from) sink.text(text.slice(from, match.index));
      sink.close(this.ids.get(match[0]) as number);
      from = match.index + match[0].length;
    }
    if (hold > from) sink.text(text.slice(from, hold));
    return text.slice(Math.max(from, hold));
  }

  /** Where the earliest tail begins that more text could make a special token, a longer one, or a surrogate pair. */
  #held(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest + 1); at < text.length; at++) {
      const tail = text.length - at;
      if (this.#contents.some((content) => content.length > tail && text.endsWith(content.slice(0, tail)))) return at;
    }
    const end = text.charCodeAt(text.length - 1);
    return end >= 0xd800 && end <= 0xdbff ? text.length - 1 : text.length;
  }
}

/** One text in pieces, cut into sections. */
export class SectionStream {
  readonly #matcher: SpecialMatcher;
  readonly #sink: SectionSink;
  #held = "";

  constructor(matcher: SpecialMatcher, sink: SectionSink) {
    this.#matcher = matcher;
    this.#sink = sink;
  }

  push(chunk: string): void {
    this.#held = this.#matcher.scan(this.#held + chunk, false, this.#sink);
  }

  end(): void {
    this.#matcher.scan(this.#held, true, this.#sink);
    this.#held = "";
    this.#sink.close(undefined);
  }
}
