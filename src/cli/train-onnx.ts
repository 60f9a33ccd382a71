/** `cameo train model.onnx`: fine-tunes a file on samples. */

import { resolve } from "node:path";
import type { Device } from "../runtime/runtime.ts";
import { openRunFolder } from "../train/run-folder.ts";
import { type OnnxRecipe, type OnnxRecipeInput, onnxRecipe, onnxRecipeKeys } from "../tune/recipe.ts";
import { startOnnxRun } from "../tune/run.ts";
import { flagsOfKeys, keysOf, readRecipe } from "./_recipe-flags.ts";
import { isRun, newestRun } from "./_run-folders.ts";
import { checkSame, isFile, refuseRun, runFlags, runToResume, type TrainPlan, trainPlan } from "./_train-run.ts";
import { type Arguments, type Command, usageError, type Variant } from "./command.ts";

/** Name of runs without `--out`. */
const runName = "tuned";

/** Keys that are flags: the file is an argument, and its checksum is the run's to write. */
const keys = onnxRecipeKeys().filter(({ name }) => name !== "model" && name !== "sha256");

const defaults: Readonly<Record<string, unknown>> = Object.fromEntries(
  keys.map(({ name, default: value }) => [name, value]),
);

const command: Command = {
  name: "train",
  summary: "fine-tune an .onnx file on samples",
  usage: "<model.onnx|recipe.json|recipe.ts|run> --data FILE --loss NAME [flags]",
  positionals: [0, 1],
  flags: [
    ...runFlags(runName),
    ...flagsOfKeys(keys, defaults, { data: "FILE", trainable: "NAME*", loraTargets: "NAME*" }),
  ],
  examples: [
    "cameo train resnet.onnx --data flowers.safetensors --loss cross-entropy",
    `cameo train bert.onnx --data reviews.safetensors --loss cross-entropy --output logits --trainable "classifier.*"`,
    "cameo train llama.onnx --data text.safetensors --loss cross-entropy --output logits --lora-rank 8 --lora-alpha 16",
    "cameo train --resume runs/tuned-1",
    "cameo train --resume runs/tuned-1 --steps 300",
  ],
  details: [
    `The file may come from any exporter. cameo inspect model.onnx says what it takes and gives, which weights can train, and what stands
in the way. The samples are a .safetensors file: one tensor for each input of the model and one for the target, by name, whose first axis
counts samples. Their shapes bind the model's symbolic dimensions.`,
    `When the run is complete, export/model.onnx in its folder is the file with trained weights: inputs, outputs, dynamic dimensions,
metadata and all other weights are as they were, and adapters are merged. cameo export does it at any time.`,
    `Ctrl-C finishes the step, writes a checkpoint and exits with 130; a second Ctrl-C stops at once. A resumed run keeps its recipe;
only --steps may be raised.`,
  ],
  stops: "gracefully",
  run: async (args, io) =>
    trainPlan(await planOf(args), args, io, "samples", (run, done) => [
      [`npx cameo inspect ${run}/export/model.onnx`, "see what was written"],
      [`npx cameo export ${run} --out tuned.onnx`, "write the file elsewhere"],
      [`npx cameo train --resume ${run} --steps ${done.step * 2}`, "train it further"],
    ]),
};

/** The form that `cameo train` takes for `.onnx` files, for their recipes and their runs. */
export const trainOnnx: Variant = { title: "model.onnx", command, fits };

async function fits(words: readonly string[]): Promise<boolean> {
  const plain = words.filter((word) => !word.startsWith("-"));
  if (plain.some((word) => /\.onnx$/i.test(word))) return true;
  for (const word of [...plain, ...words.flatMap((word) => /^--out=(.*)$/.exec(word)?.[1] ?? [])])
    if (isRun(word)) return (await kindOfRun(word)) === "onnx";
  const recipe = plain.find((word) => /\.(json|[mc]?[jt]s)$/.test(word) && isFile(word));
  if (recipe !== undefined) return (await readRecipe(recipe).catch(() => undefined))?.["kind"] === "onnx";
  // Without any of these, --resume means the newest run.
  if (!words.includes("--resume") || plain.includes("gpt") || words.some((word) => word.startsWith("--out")))
    return false;
  const newest = await newestRun().catch(() => undefined);
  return newest !== undefined && (await kindOfRun(newest)) === "onnx";
}

/** The kind that a run's recipe names; undefined for one that cannot be read, of which the command says more. */
async function kindOfRun(path: string): Promise<unknown> {
  const { recipe } = await openRunFolder(path).catch(() => ({ recipe: undefined }));
  return (recipe as { kind?: unknown } | null | undefined)?.kind;
}

async function planOf(args: Arguments): Promise<TrainPlan> {
  if (!args.isOn("resume")) {
    const [file, source] = await sourceOf(args.positionals[0]);
    const recipe = recipeOf({ ...file, ...keysOf(args, keys) }, source, args.positionals[0] as string);
    return { ...planWith(recipe), resume: false, out: args.text("out") };
  }
  const { path, what, note } = await runToResume(args);
  const opened = await openRunFolder(path);
  const recipe = onnxRecipe(opened.recipe as OnnxRecipeInput, opened.folder.recipe);
  const [file] = what === undefined ? [{}] : await sourceOf(what);
  checkSame({ ...file, ...keysOf(args, keys) }, { ...recipe }, path, isSame);
  const steps = args.given.has("steps") ? (args.number("steps") as number) : recipe.steps;
  const device = (args.text("device") ?? recipe.device) as Device;
  const changed = steps === recipe.steps && device === recipe.device ? null : { ...recipe, steps, device };
  return { ...planWith(changed), resume: true, out: path, ...(note === undefined ? {} : { note }) };
}

/** @param recipe - Null to continue a run as it was. */
function planWith(recipe: OnnxRecipeInput | null): Pick<TrainPlan, "start" | "name"> {
  return { start: (options) => startOnnxRun(recipe, options), name: runName };
}

/** The keys that the first argument means: those of a recipe, or the file itself. */
async function sourceOf(what: string | undefined): Promise<[Record<string, unknown>, string]> {
  if (what === undefined)
    throw usageError("train", "begin", "got no file", "the form is: cameo train model.onnx --data samples.safetensors");
  refuseRun(what);
  return /\.onnx$/i.test(what) ? [{ model: what }, "recipe"] : [await readRecipe(what), `"${what}"`];
}

function recipeOf(input: Record<string, unknown>, source: string, what: string): OnnxRecipe {
  const needed = {
    data: ["samples to learn from", "--data samples.safetensors"],
    loss: [`a loss: ${keys.find(({ name }) => name === "loss")?.choices?.join(", ")}`, "--loss cross-entropy"],
  } as const;
  for (const [key, [need, way]] of Object.entries(needed))
    if (input[key] === undefined) throw usageError("train", `train "${what}"`, `got no --${key}`, `needs ${need}`, way);
  return onnxRecipe(input as unknown as OnnxRecipeInput, source);
}

/** Paths may be written in several ways, and a run has bound more dimensions than it was given. */
function isSame(key: string, value: unknown, own: unknown): boolean {
  if (key === "data" || key === "model") return resolve(String(value)) === resolve(String(own));
  if (key !== "dimensions" || typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(([name, length]) => (own as Record<string, unknown>)[name] === length);
}
