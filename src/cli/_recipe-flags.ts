/** The keys of a GPT recipe as flags, and flags as a recipe. */

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "../base/errors.ts";
import { type GptRecipe, type GptRecipeInput, gptPresets, gptRecipe, gptRecipeKeys } from "../text/recipe.ts";
import { kebab } from "./_failure.ts";
import { type Arguments, type Flag, usageError } from "./command.ts";

/** Preset of `cameo train gpt` when none is named. */
export const defaultPreset = "small";

const placeholders: Readonly<Record<string, string>> = { data: "PATH" };

/** One flag a key; the defaults that help shows are those of {@link defaultPreset}. */
export function recipeFlags(): Flag[] {
  const shown = gptRecipe({ ...gptPresets[defaultPreset], data: ["-"] }) as unknown as Readonly<
    Record<string, unknown>
  >;
  return gptRecipeKeys().map(({ name, type, description, choices }) => ({
    name: kebab(name),
    type,
    description: description.replace("minLearningRate", "--min-learning-rate"),
    ...(placeholders[name] === undefined ? {} : { placeholder: placeholders[name] }),
    ...(choices === null ? {} : { choices }),
    ...(name === "data" ? {} : { default: shown[name] as string | number | boolean }),
  }));
}

/** The keys that were given as flags. */
export function keysOf(args: Arguments): Partial<GptRecipe> {
  const entries = gptRecipeKeys().flatMap(({ name }) => {
    const value = args.given.get(kebab(name));
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries) as Partial<GptRecipe>;
}

/** Reads a recipe from a `.json` file, or from the default export of a `.ts`, `.mts`, `.js` or `.mjs` module. */
export async function readRecipe(path: string): Promise<Record<string, unknown>> {
  const fail = (received: string, rule: string, cause?: unknown): Error =>
    usageError("train", `read the recipe "${path}"`, received, rule, undefined, cause);
  let recipe: unknown;
  if (/\.[mc]?[jt]s$/.test(path)) {
    try {
      recipe = ((await import(pathToFileURL(resolve(path)).href)) as { default?: unknown }).default;
    } catch (cause) {
      throw fail(messageOf(cause), "must be a module that can be loaded", cause);
    }
    if (recipe === undefined) throw fail("it has no default export", "the default export is the recipe");
  } else {
    let text: string;
    try {
      text = (await readFile(path, "utf8")).replace(/^\ufeff/, ""); // some editors begin a file with this mark
    } catch (cause) {
      throw fail(messageOf(cause), "must be a file that can be read", cause);
    }
    try {
      recipe = JSON.parse(text);
    } catch (cause) {
      throw fail(messageOf(cause), "must be JSON, or a .ts or .js module", cause);
    }
  }
  if (typeof recipe !== "object" || recipe === null || Array.isArray(recipe))
    throw fail(
      `got ${Array.isArray(recipe) ? "a list" : recipe === null ? "null" : typeof recipe}`,
      "must be an object",
    );
  const { kind = "gpt" } = recipe as { kind?: unknown };
  if (kind !== "gpt") throw fail(`it is of kind ${JSON.stringify(kind)}`, 'kinds are "gpt"');
  return recipe as Record<string, unknown>;
}

/**
 * The recipe that a command line means: preset, then file, then flags.
 *
 * @param args - Of `train`.
 * @param file - A recipe that was read, or null for the built-in one.
 * @param source - What messages call it.
 * @throws UsageError if a key is wrong or there is no data.
 */
export function recipeOf(args: Arguments, file: Record<string, unknown> | null, source: string): GptRecipe {
  const preset = args.text("preset") ?? (file === null ? defaultPreset : undefined);
  const input = { ...(preset === undefined ? {} : gptPresets[preset]), ...file, ...keysOf(args) } as GptRecipeInput;
  if (input.data === undefined)
    throw usageError(
      "train",
      `train ${source}`,
      "got no --data",
      "needs text to learn from",
      "cameo train gpt --data my-texts/",
    );
  return gptRecipe(input, source);
}
