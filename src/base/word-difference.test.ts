import { expect, test } from "vitest";
import { wordDifference } from "./word-difference.ts";

const marked = (first: string, second: string): string =>
  wordDifference(first, second)
    .map(({ word, of }) => ({ both: word, first: `-${word}`, second: `+${word}` })[of])
    .join(" ");

test.each([
  ["the cat sat", "the cat sat", "the cat sat"],
  ["the cat sat", "the dog sat", "the -cat +dog sat"],
  ["a b c", "b c d", "-a b c +d"],
  ["a", "b c", "-a +b +c"],
])("%j and %j", (first, second, wanted) => {
  expect(marked(first, second)).toBe(wanted);
});

test("each text comes back from its words", () => {
  const [first, second] = ["x y  z y", "y x y q z"];
  const words = wordDifference(first, second);
  const textOf = (other: string): string =>
    words
      .filter(({ of }) => of !== other)
      .map(({ word }) => word)
      .join(" ");
  expect([textOf("second"), textOf("first")]).toEqual([first, second]);
});
