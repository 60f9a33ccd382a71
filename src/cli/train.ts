/** `cameo train`: from a recipe and text to a run's folder and an exported model. */

import { existsSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { nearest } from "../base/nearest.ts";
import type { Device } from "../runtime/runtime.ts";
import { startGptRun } from "../text/gpt-run.ts";
import { type GptRecipe, type GptRecipeInput, gptPresets, gptRecipe, gptRecipeKeys } from "../text/recipe.ts";
import { openRunFolder } from "../train/run-folder.ts";
import { shortPath } from "./_format.ts";
import { flagsOfKeys, keysOf, readRecipe } from "./_recipe-flags.ts";
import { checkSame, isFile, refuseRun, runFlags, runToResume, type TrainPlan, trainPlan } from "./_train-run.ts";
import { type Arguments, type Command, usageError } from "./command.ts";
import { trainOnnx } from "./train-onnx.ts";

const builtIns = ["gpt"];
/** Preset of `cameo train gpt` when none is named. */
const defaultPreset = "small";
/** Preset for trying things out: it needs no text of the user's. */
const trialPreset = "tiny";

const presetLines = Object.entries(gptPresets).map(([name, preset]) => {
  const { layers, heads, width, context, batchSize, accumulate = 1, steps, tokenizer } = preset;
  const batch = accumulate === 1 ? String(batchSize) : `${batchSize}x${accumulate}`;
  return `  ${name.padEnd(12)} ${layers} layers, ${heads} heads, width ${width}, context ${context}, batch ${batch}, ${steps} steps, ${tokenizer} tokens`;
});

/** Text that every installation has. */
function trialText(): string[] {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const files = ["README.md", "CHANGELOG.md", "docs"]
    .map((name) => join(root, name))
    .filter((path) => existsSync(path));
  return files.map((path) => shortPath(path).split(sep).join("/"));
}

/** Values of the default preset; the data are the user's. */
function shownDefaults(): Record<string, unknown> {
  return { ...gptRecipe({ ...gptPresets[defaultPreset], data: ["-"] }), data: undefined };
}

/** The command. */
export const train: Command = {
  name: "train",
  summary: "train a model from a recipe, fine-tune an .onnx file, or continue a run",
  usage: "<gpt|model.onnx|recipe.json|recipe.ts|run> [--data PATH] [flags]",
  positionals: [0, 1],
  variants: [trainOnnx],
  flags: [
    {
      name: "preset",
      type: "string",
      placeholder: "NAME",
      choices: Object.keys(gptPresets),
      description: `sizes to begin with; of a built-in recipe ${defaultPreset} when absent`,
    },
    ...runFlags("gpt"),
    ...flagsOfKeys(gptRecipeKeys(), shownDefaults(), { data: "PATH" }),
  ],
  examples: [
    "cameo train gpt --data my-texts/",
    "cameo train gpt --preset tiny --device webgpu --steps 50",
    "cameo train gpt --preset nanogpt-cpu --data input.txt",
    "cameo train gpt --data 'src/**/*.ts' --tokenizer character --steps 3000 --out runs/code",
    "cameo train my-recipe.json --learning-rate 5e-4",
    "cameo train --resume runs/code",
    "cameo train --resume runs/code --steps 6000",
  ],
  details: [
    ["Presets", ...presetLines].join("\n"),
    `Defaults above are those of --preset ${defaultPreset}. --preset ${trialPreset} without --data learns from Cameo's own documentation. Flags go before the recipe's keys, and those before the preset's. A recipe
file is an object with these keys in camelCase, as recipe.json in any run's folder; paths in it start where you are.`,
    `Ctrl-C finishes the step, writes a checkpoint and exits with 130; a second Ctrl-C stops at once. A resumed run keeps its recipe;
only --steps may be raised, and it may go on on another --device.`,
  ],
  stops: "gracefully",
  run: async (args, io) =>
    trainPlan(await planOf(args), args, io, "tokens", (run, done) => [
      [`npx cameo generate ${run} --prompt "..."`, "let it write"],
      [`npx cameo inspect ${run}`, "see what is in the run"],
      [`npx cameo train --resume ${run} --steps ${done.step * 2}`, "train it further"],
    ]),
};

async function planOf(args: Arguments): Promise<TrainPlan> {
  if (!args.isOn("resume")) {
    const [file, source] = await sourceOf(args.positionals[0]);
    const isTrial = file === null && args.text("preset") === trialPreset && !args.given.has("data");
    const recipe = recipeOf(args, isTrial ? { data: trialText() } : file, source);
    const note = isTrial ? { note: "no --data: it learns from Cameo's own documentation" } : {};
    return { ...planWith(recipe), resume: false, out: args.text("out"), ...note };
  }
  const { path, what, note } = await runToResume(args);
  const opened = await openRunFolder(path);
  const recipe = gptRecipe(opened.recipe as GptRecipeInput, opened.folder.recipe);
  const [file] = what === undefined ? [null] : await sourceOf(what);
  const preset = args.text("preset");
  const wanted = { ...(preset === undefined ? {} : gptPresets[preset]), ...file, ...keysOf(args, gptRecipeKeys()) };
  checkSame(wanted, { ...recipe }, path, isSameData);
  const steps = args.given.has("steps") ? (args.number("steps") as number) : recipe.steps;
  const device = (args.text("device") ?? recipe.device) as Device;
  const changed = steps === recipe.steps && device === recipe.device ? null : { ...recipe, steps, device };
  return { ...planWith(changed), resume: true, out: path, ...(note === undefined ? {} : { note }) };
}

/** @param recipe - Null to continue a run as it was. */
function planWith(recipe: GptRecipe | null): Pick<TrainPlan, "start" | "name"> {
  return { start: (options) => startGptRun(recipe, options), name: "gpt" };
}

/** The recipe file that the first argument means, or null for a built-in recipe. */
async function sourceOf(what: string | undefined): Promise<[Record<string, unknown> | null, string]> {
  if (what === undefined)
    throw usageError(
      "train",
      "begin",
      "got no recipe",
      `built-in recipes are ${builtIns.join(", ")}`,
      "cameo train gpt --data my-texts/",
    );
  if (builtIns.includes(what)) return [null, what];
  refuseRun(what);
  if (isFile(what)) return [await readRecipe(what), `"${what}"`];
  const close = nearest(what, builtIns);
  const way = close === undefined ? `built-in recipes are ${builtIns.join(", ")}` : `the nearest is "${close}"`;
  throw usageError("train", `train "${what}"`, "there is no such recipe or file", way);
}

/** The recipe that a command line means: preset, then file, then flags. */
function recipeOf(args: Arguments, file: Record<string, unknown> | null, source: string): GptRecipe {
  const preset = args.text("preset") ?? (file === null ? defaultPreset : undefined);
  const input = {
    ...(preset === undefined ? {} : gptPresets[preset]),
    ...file,
    ...keysOf(args, gptRecipeKeys()),
  } as GptRecipeInput;
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

function isSameData(key: string, value: unknown, own: unknown): boolean {
  return key === "data" && isDeepStrictEqual(absolute(value), absolute(own));
}

function absolute(paths: unknown): unknown {
  return Array.isArray(paths) ? paths.map((path) => resolve(String(path))) : paths;
}
