import { expect, test } from "vitest";
import { gptRecipe } from "../src/text/recipe.ts";
import { recipeOf, settingsOf, sizes } from "./sizes.ts";

test.each(Object.keys(sizes))("%s makes a recipe that a run takes, in both tokenizers", (size) => {
  for (const tokenizer of ["character", "bpe"] as const) {
    const recipe = recipeOf({ ...settingsOf(size), tokenizer });
    expect(gptRecipe({ ...(recipe as object), data: ["text"] })).toMatchObject(recipe);
  }
});

test("short runs are evaluated at every step, long ones often enough to watch", () => {
  const evaluateEvery = (steps: number) => recipeOf({ ...settingsOf("tiny"), steps }).evaluateEvery;
  expect([1, 20, 400, 1_000_000].map(evaluateEvery)).toEqual([1, 1, 20, 250]);
});
