import { describe, expect, test } from "vitest";
import { textPipeline, textTransforms } from "./text-pipeline.ts";

const text = "  The quick brown fox\tjumps over the lazy dog, 12 times.\n\nThen it sleeps; 我能吞下玻璃 and 🐈‍⬛ too. ";
const words = (value: string): string[] => value.match(/\S+/gu) ?? [];
const names = Object.keys(textTransforms);

describe.each(names)("%s", (op) => {
  const augment = textPipeline({ version: 1, seed: 4, steps: [{ op, fraction: 0.4 }] });

  test("gives a sample the same each time, and repeats it from its record", () => {
    for (const sample of [0, 1, "name"]) {
      const once = augment.run(text, { sample });
      expect(augment.run(text, { sample })).toEqual(once);
      expect(augment.replay(text, JSON.parse(JSON.stringify(once.record)))).toBe(once.value);
    }
    expect(new Set([0, 1, 2, 3, 4].map((sample) => augment.run(text, { sample }).value)).size).toBeGreaterThan(1);
  });

  test("leaves a text alone with fraction 0, and takes empty and blank ones", () => {
    const still = textPipeline({ version: 1, steps: [{ op, fraction: 0 }] });
    expect(still.run(text, { sample: 0 }).value).toBe(text);
    for (const short of ["", " \n ", "a", "🐈‍⬛"])
      for (const fraction of [0.5, 1])
        expect(() => textPipeline({ version: 1, steps: [{ op, fraction }] }).run(short, { sample: 0 })).not.toThrow();
  });
});

const apply = (op: string, options: object, sample = 0): string =>
  textPipeline({ version: 1, steps: [{ op, ...options }] }).run(text, { sample }).value;

test("RandomDeletion deletes the fraction and keeps the order; one word is left at least", () => {
  const counts = Array.from(
    { length: 200 },
    (_, sample) => words(apply("RandomDeletion", { fraction: 0.3 }, sample)).length,
  );
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  expect(Math.abs(mean / words(text).length - 0.7)).toBeLessThan(0.04);
  const left = words(apply("RandomDeletion", { fraction: 0.5 }));
  let from = 0;
  for (const word of left) {
    from = words(text).indexOf(word, from) + 1;
    expect(from).toBeGreaterThan(0);
  }
  expect(words(apply("RandomDeletion", { fraction: 1 })).length).toBe(1);
});

test("RandomSwap keeps all words and the white space", () => {
  const swapped = apply("RandomSwap", { fraction: 0.5 });
  expect(words(swapped).sort()).toEqual(words(text).sort());
  expect(swapped.split(/\S+/u)).toEqual(text.split(/\S+/u));
  expect(swapped).not.toBe(text);
});

test("KeyboardTypos changes letters A to Z alone, by keys that touch", () => {
  const all = apply("KeyboardTypos", { fraction: 1 });
  expect(all.replace(/[a-z]/gi, "")).toBe(text.replace(/[a-z]/gi, ""));
  const typos = Array.from(
    { length: 300 },
    (_, sample) =>
      textPipeline({ version: 1, steps: [{ op: "KeyboardTypos", fraction: 1 }] }).run("G", { sample }).value,
  );
  expect(new Set(typos)).toEqual(new Set(["", ..."FHTYVB", ...Array.from("FHTYVB", (key) => `G${key}`)]));
});

test("OcrErrors replaces characters by their look-alikes", () => {
  const read = textPipeline({ version: 1, steps: [{ op: "OcrErrors", fraction: 1 }] }).run("xm0D", { sample: 1 }).value;
  expect(read).toMatch(/^x(rn|nn)[Oo]O$/);
});

test("RandomCase writes words in capitals, small letters or titles", () => {
  expect(apply("RandomCase", { fraction: 1, to: "upper" })).toBe(text.toUpperCase());
  expect(apply("RandomCase", { fraction: 1, to: "lower" })).toBe(text.toLowerCase());
  expect(words(apply("RandomCase", { fraction: 1, to: "title" }))[1]).toBe("Quick");
});

test("SpanMask masks about the fraction in spans of the mean length, numbered from 0", () => {
  const long = Array.from({ length: 1000 }, (_, i) => `w${i}`).join(" ");
  const masked = textPipeline({
    version: 1,
    steps: [{ op: "SpanMask", fraction: 0.15, meanLength: 3, mask: "<{n}>" }],
  }).run(long, { sample: 0 }).value;
  const marks = words(masked).filter((word) => word.startsWith("<"));
  expect(marks).toEqual(marks.map((_, n) => `<${n}>`));
  expect(words(masked).length - marks.length).toBe(850);
  expect(150 / marks.length).toBeGreaterThan(2.2);
  expect(150 / marks.length).toBeLessThan(3.8);
  expect(masked).not.toMatch(/> </);
});

test("a pipeline refuses unknown transforms and options, and says which it meant", () => {
  expect(() => textPipeline({ version: 1, steps: [{ op: "RandomSwop" }] })).toThrow('did you mean "RandomSwap"?');
  expect(() => textPipeline({ version: 1, steps: [{ op: "RandomSwap", fraction: 2 }] })).toThrow("steps[0]");
  expect(() => textPipeline({ version: 1, steps: [{ op: "toString" }] })).toThrow(TypeError);
  const record = { version: 1 as const, applied: [{ op: "RandomSwap@9", params: {} }] };
  expect(() => textPipeline({ version: 1, steps: [] }).replay(text, record)).toThrow("this is version 1");
});

test("a probability decides whether a step happens", () => {
  const augment = textPipeline({ version: 1, steps: [{ op: "RandomCase", fraction: 1, probability: 0.3 }] });
  const happened = Array.from({ length: 500 }, (_, sample) => augment.run("abc", { sample }).record.applied.length);
  expect(happened.reduce((sum, one) => sum + one, 0) / 500).toBeCloseTo(0.3, 1);
});
