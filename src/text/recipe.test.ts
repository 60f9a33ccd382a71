import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { gptOptimizer, gptSchedule } from "./gpt-training.ts";
import { type GptRecipeInput, gptPreset, gptPresets, gptRecipe, gptRecipeKeys } from "./recipe.ts";

const data = ["notes/"];

describe("gptRecipe", () => {
  test("fills in every key, and what it gives goes through unchanged", () => {
    const recipe = gptRecipe({ data });
    expect(Object.keys(recipe).sort()).toEqual(["kind", ...gptRecipeKeys().map(({ name }) => name)].sort());
    for (const value of Object.values(recipe)) expect(value).toBeDefined();
    expect(gptRecipe(recipe)).toEqual(recipe);
    expect(gptRecipe(JSON.parse(JSON.stringify(recipe)) as GptRecipeInput)).toEqual(recipe);
    expect(gptRecipe({ data, steps: undefined }).steps).toBe(recipe.steps);
  });

  const wrong: [Record<string, unknown>, string][] = [
    [{ data, step: 10 }, 'recipe: cannot read the recipe: unknown key "step", keys are kind, data, tokenizer'],
    [{}, 'recipe: cannot use "data": got nothing'],
    [{ data: [] }, 'recipe: cannot use "data": got []'],
    [{ data: [""] }, 'recipe: cannot use "data.0": got ""'],
    [{ data: "notes/" }, 'recipe: cannot use "data": got "notes/"'],
    [{ data, steps: -5 }, 'recipe: cannot use "steps": got -5'],
    [{ data, steps: 1.5 }, 'recipe: cannot use "steps": got 1.5'],
    [{ data, steps: "100" }, 'recipe: cannot use "steps": got "100"'],
    [{ data, steps: null }, 'recipe: cannot use "steps": got null'],
    [{ data, learningRate: 0 }, 'recipe: cannot use "learningRate": got 0'],
    [{ data, dropout: 1 }, 'recipe: cannot use "dropout": got 1'],
    [{ data, tokenizer: "words" }, 'recipe: cannot use "tokenizer": got "words"'],
    [{ data, bias: 1 }, 'recipe: cannot use "bias": got 1'],
    [{ data, vocabulary: 100 }, 'recipe: cannot use "vocabulary": got 100'],
    [{ data, validationFraction: 1 }, 'recipe: cannot use "validationFraction": got 1'],
    [{ data, seed: -1 }, 'recipe: cannot use "seed": got -1'],
    [{ data, kind: "resnet" }, 'recipe: cannot use "kind": got "resnet"'],
    [{ data, heads: 3, width: 128 }, 'recipe: cannot use "heads": got 3 heads and width 128, heads must divide width'],
  ];
  test.each(wrong)("refuses %j in one line", (input, message) => {
    const attempt = () => gptRecipe(input as unknown as GptRecipeInput);
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(message);
    try {
      attempt();
    } catch (error) {
      expect((error as Error).message).toMatch(/^recipe: cannot [^\n]+: [^\n]+, [a-z"][^\n]+$/);
    }
  });

  test.each([null, 5, "text", [data], undefined])("refuses %j, which is no object", (input) => {
    expect(() => gptRecipe(input as unknown as GptRecipeInput)).toThrow(
      /^recipe: cannot read the recipe: got .+, must be an object$/,
    );
  });

  test("shows any value that a module's recipe may hold", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    for (const [value, shown] of [
      [1n, "1"],
      [Number.NaN, "NaN"],
      [loop, "[object Array]"],
      ["x".repeat(300), `"${"x".repeat(199)}…`],
    ] as const)
      expect(() => gptRecipe({ data, layers: value as never })).toThrow(`cannot use "layers": got ${shown}, `);
  });

  test("names where the recipe came from", () => {
    expect(() => gptRecipe({ data, steps: 0 }, "runs/a/recipe.json")).toThrow(
      /^runs\/a\/recipe\.json: cannot use "steps"/,
    );
  });
});

describe("gptRecipeKeys", () => {
  test("lists every key once, with a help text, and defaults that pass", () => {
    const keys = gptRecipeKeys();
    expect(new Set(keys.map(({ name }) => name)).size).toBe(keys.length);
    for (const { name, type, description, choices, default: value } of keys) {
      expect(description.length, name).toBeGreaterThan(5);
      if (name === "data") continue;
      expect(typeof value, name).toBe(type);
      if (choices !== null) expect(choices, name).toContain(value);
    }
    const byName = Object.fromEntries(keys.map((key) => [key.name, key]));
    expect(byName.data).toMatchObject({ type: "strings", choices: null });
    expect(byName.tokenizer?.choices).toEqual(["bpe", "character"]);
    expect([byName.steps?.type, byName.dropout?.type, byName.bias?.type]).toEqual(["number", "number", "boolean"]);
  });
});

describe("presets", () => {
  test.each(Object.keys(gptPresets))("%s is a whole recipe whose schedule and optimizer can be made", (name) => {
    const recipe = gptPreset(name, { data });
    const schedule = gptSchedule(recipe);
    for (const step of [0, 1, recipe.warmupSteps, recipe.steps - 1]) {
      expect(schedule(step)).toBeGreaterThan(0);
      expect(schedule(step)).toBeLessThanOrEqual(recipe.learningRate * (1 + 1e-9));
    }
    expect(gptOptimizer(recipe).needsGlobalNorm).toBe(true);
  });

  test("a user's own keys win", () => {
    expect(gptPreset("tiny", { data, steps: 3, width: 64 })).toMatchObject({ steps: 3, width: 64, layers: 2, data });
  });

  test("nanogpt-cpu is nanoGPT's CPU recipe", () => {
    expect(gptPreset("nanogpt-cpu", { data })).toMatchObject({
      layers: 4,
      heads: 4,
      width: 128,
      context: 64,
      batchSize: 12,
      steps: 2000,
      dropout: 0,
      bias: false,
      learningRate: 1e-3,
      minLearningRate: 1e-4,
      warmupSteps: 100,
      beta1: 0.9,
      beta2: 0.99,
      weightDecay: 0.1,
      clipNorm: 1,
    });
  });

  test.each(["large", "toString", "__proto__", ""])("%j is none, and the message lists them", (name) => {
    expect(() => gptPreset(name, { data })).toThrow(UsageError);
    expect(() => gptPreset(name, { data })).toThrow(
      `preset: cannot use preset "${name}": there is none, presets are tiny, small,`,
    );
  });
});

describe("schedules and optimizers of recipes", () => {
  test.each(["cosine", "linear", "constant"] as const)(
    "%s works for any number of steps, warm-up longer than the run included",
    (schedule) => {
      for (const steps of [1, 2, 5, 100])
        for (const warmupSteps of [0, 1, 100]) {
          const rate = gptSchedule(gptRecipe({ data, schedule, steps, warmupSteps }));
          for (let step = 0; step < steps; step++) {
            expect(rate(step), `${steps} steps, ${warmupSteps} of warm-up, step ${step}`).toBeGreaterThanOrEqual(0);
            expect(rate(step)).toBeLessThanOrEqual(1e-3 * (1 + 1e-9));
          }
        }
    },
  );

  test("clipNorm 0 clips nothing; matrices decay and vectors do not", () => {
    for (const optimizer of ["adamw", "adam", "sgd"] as const)
      expect(gptOptimizer(gptRecipe({ data, optimizer, clipNorm: 0 })).needsGlobalNorm ?? false).toBe(false);
    const transform = gptOptimizer(gptRecipe({ data }));
    const of = (...shape: number[]) => transform.forParameter?.({ path: "p", shape, dtype: "float32" });
    expect(of(2, 2)).toBe(of(3, 4));
    expect(of(2)).toBe(of(5));
    expect(of(2)).not.toBe(of(2, 2));
  });
});
