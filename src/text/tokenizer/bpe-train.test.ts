import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { learnMerges } from "./_learn-merges.ts";
import { WordCounts } from "./_word-counts.ts";
import { trainBpe } from "./bpe-train.ts";

const fixture = JSON.parse(readFileSync(new URL("../../../fixtures/tokenizer/bpe.json", import.meta.url), "utf8")) as {
  text: string;
  gpt2: { merges: string[] };
  cl100k: { merges: string[] };
};

/** Algorithm 1 of Sennrich et al. as printed: count all pairs, merge the best, begin again. */
function recount(
  words: { symbols: number[]; count: number }[],
  alphabet: string[],
  tokens: number,
  minFrequency: number,
): string[] {
  const names = [...alphabet];
  const split = words.map(({ symbols, count }) => ({ symbols: [...symbols], count }));
  const merges: string[] = [];
  const done = new Set<string>();
  while (names.length < alphabet.length + tokens) {
    const counts = new Map<string, number>();
    for (const { symbols, count } of split)
      for (let i = 0; i + 1 < symbols.length; i++) {
        const pair = `${symbols[i]},${symbols[i + 1]}`;
        if (!done.has(pair)) counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    const ranked = [...counts]
      .filter(([, count]) => count >= minFrequency)
      .map(([pair, count]) => ({ pair: pair.split(",").map(Number), count }));
    ranked.sort(
      (a, b) =>
        b.count - a.count ||
        (a.pair[0] as number) - (b.pair[0] as number) ||
        (a.pair[1] as number) - (b.pair[1] as number),
    );
    const best = ranked[0]?.pair as [number, number] | undefined;
    if (best === undefined) break;
    const name = `${names[best[0]]}${names[best[1]]}`;
    const id = names.includes(name) ? names.indexOf(name) : names.push(name) - 1;
    merges.push(`${names[best[0]]} ${names[best[1]]}`);
    done.add(best.join(","));
    for (const word of split) {
      const out: number[] = [];
      for (let i = 0; i < word.symbols.length; i++) {
        if (word.symbols[i] === best[0] && word.symbols[i + 1] === best[1]) {
          out.push(id);
          i++;
        } else out.push(word.symbols[i] as number);
      }
      word.symbols = out;
    }
  }
  return merges;
}

describe("learnMerges", () => {
  test("equals recounting everything after every merge", async () => {
    const alphabet = ["a", "b", "c"];
    const word = fc.record({
      symbols: fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }),
      count: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        async (words, minFrequency) => {
          const merges = await learnMerges(words, { alphabet, tokens: 12, minFrequency });
          const names = [...alphabet];
          for (const { left, right, id } of merges) names[id] = `${names[left]}${names[right]}`;
          expect(merges.map(({ left, right }) => `${names[left]} ${names[right]}`)).toEqual(
            recount(words, alphabet, 12, minFrequency),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("trainBpe", () => {
  test.each(["gpt2", "cl100k"] as const)("%s: merges equal those of Hugging Face's Rust trainer", async (pattern) => {
    const tokenizer = await trainBpe([fixture.text], { vocabularySize: 656, pattern });
    expect(tokenizer.toJSON().model.merges).toEqual(fixture[pattern].merges);
  });

  test("the pieces of the text do not matter, nor does a second run", async () => {
    const options = { vocabularySize: 400, specialTokens: ["<s>"] };
    const whole = JSON.stringify(await trainBpe([fixture.text], options));
    expect(JSON.stringify(await trainBpe([fixture.text], options))).toBe(whole);
    const pieces = fixture.text.match(/[\s\S]{1,7}/g) as string[];
    expect(JSON.stringify(await trainBpe(pieces, options))).toBe(whole);
  });

  test("special tokens come last, count towards the size and are not learned from", async () => {
    const text = `${"<s>".repeat(50)}ab ab ab <s>ab`;
    const tokenizer = await trainBpe([text], { vocabularySize: 260, specialTokens: ["<s>"] });
    expect(tokenizer.toJSON().model.merges).toEqual(["a b", "Ġ ab"]);
    expect(tokenizer.specialTokens).toEqual(new Map([["<s>", 258]]));
    expect(tokenizer.size).toBe(259);
  });

  test("names of object members are tokens like any other", async () => {
    const text = "the constructor toString ".repeat(40);
    const tokenizer = await trainBpe([text], { vocabularySize: 320, specialTokens: ["__proto__"] });
    expect(tokenizer.encode(" constructor").length).toBe(1);
    expect(tokenizer.encode("__proto__").length).toBe(1);
    expect(tokenizer.decode(tokenizer.encode("__proto__ constructor valueOf"))).toBe("__proto__ constructor valueOf");
    const again = JSON.parse(JSON.stringify(tokenizer)) as { model: { vocab: object } };
    expect(Object.hasOwn(again.model.vocab, "__proto__")).toBe(true);
  });

  test("impossible sizes, empty text and bad special tokens are refused", async () => {
    await expect(trainBpe(["a"], { vocabularySize: 256, specialTokens: ["<s>"] })).rejects.toThrow(
      "trainBpe: cannot use vocabularySize: got 256, must be an integer from 257 (bytes and special tokens) to 2097152",
    );
    await expect(trainBpe(["", ""], { vocabularySize: 300 })).rejects.toMatchObject({ code: "data" });
    await expect(trainBpe(["a"], { vocabularySize: 300, specialTokens: ["x", "x"] })).rejects.toThrow(TypeError);
  });

  test("progress is told and a signal stops it", async () => {
    const seen: number[] = [];
    await trainBpe([fixture.text], { vocabularySize: 256 + 130, onProgress: (learned) => seen.push(learned) });
    expect(seen).toEqual([64, 128]);
    const controller = new AbortController();
    const stopped = trainBpe([fixture.text], {
      vocabularySize: 600,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(stopped).rejects.toThrow("aborted");
  });
});

describe("WordCounts", () => {
  test("beyond its capacity the rarest words go first and frequent ones keep their counts", () => {
    const counts = new WordCounts(100);
    for (let i = 0; i < 5000; i++) counts.add(["the", " of", `rare${i}`], 3);
    const entries = new Map(counts.entries());
    expect(entries.size).toBeLessThanOrEqual(100);
    expect(entries.get("the")).toBe(5000);
    expect(entries.get(" of")).toBe(5000);
    expect(counts.dropped).toBeGreaterThan(4800);
  });

  test("long words count against the capacity, and very long ones are left out", () => {
    const counts = new WordCounts(100);
    for (let i = 0; i < 50; i++) counts.add([`${i}`.padEnd(1000, "x")], 1);
    expect([...counts.entries()].length).toBeLessThanOrEqual(4);
    counts.add(["y".repeat(1025)], 1);
    expect(new Map(counts.entries()).has("y".repeat(1025))).toBe(false);
  });
});
