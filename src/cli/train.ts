/** `cameo train`: from a recipe and text to a run's folder and an exported model. */

import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { DoneEvent } from "../base/events.ts";
import { startGptRun } from "../text/gpt-run.ts";
import { type GptRecipe, type GptRecipeInput, gptPresets, gptRecipe } from "../text/recipe.ts";
import { openRunFolder } from "../train/run-folder.ts";
import { Interrupted, kebab } from "./_failure.ts";
import { count, shellWord, shortPath } from "./_format.ts";
import { nearest } from "./_nearest.ts";
import { defaultPreset, keysOf, readRecipe, recipeFlags, recipeOf } from "./_recipe-flags.ts";
import { claimFolder, isRun, newestRun } from "./_run-folders.ts";
import { follow, jsonView, peopleView, type RunView } from "./_run-view.ts";
import { type Arguments, type Command, exitCodes, type Io, jsonFlag, usageError } from "./command.ts";

const builtIns = ["gpt"];

const presetLines = Object.entries(gptPresets).map(([name, preset]) => {
  const { layers, heads, width, context, batchSize, accumulate = 1, steps, tokenizer } = preset;
  const batch = accumulate === 1 ? String(batchSize) : `${batchSize}x${accumulate}`;
  return `  ${name.padEnd(12)} ${layers} layers, ${heads} heads, width ${width}, context ${context}, batch ${batch}, ${steps} steps, ${tokenizer} tokens`;
});

/** The command. */
export const train: Command = {
  name: "train",
  summary: "train a model from a recipe, or continue a run",
  usage: "<gpt|recipe.json|recipe.ts|run> [--data PATH] [flags]",
  positionals: [0, 1],
  flags: [
    {
      name: "preset",
      type: "string",
      placeholder: "NAME",
      choices: Object.keys(gptPresets),
      description: `sizes to begin with; of a built-in recipe ${defaultPreset} when absent`,
    },
    { name: "out", type: "string", placeholder: "DIR", description: "folder of the run; runs/gpt-N when absent" },
    { name: "resume", type: "boolean", description: "continue the run in --out, or the newest one" },
    jsonFlag,
    ...recipeFlags(),
  ],
  examples: [
    "cameo train gpt --data my-texts/",
    "cameo train gpt --preset nanogpt-cpu --data input.txt",
    "cameo train gpt --data 'src/**/*.ts' --tokenizer character --steps 3000 --out runs/code",
    "cameo train my-recipe.json --learning-rate 5e-4",
    "cameo train --resume runs/code",
    "cameo train --resume runs/code --steps 6000",
  ],
  details: [
    ["Presets", ...presetLines].join("\n"),
    `Defaults above are those of --preset ${defaultPreset}. Flags go before the recipe's keys, and those before the preset's. A recipe
file is an object with these keys in camelCase, as recipe.json in any run's folder; paths in it start where you are.`,
    `Ctrl-C finishes the step, writes a checkpoint and exits with 130; a second Ctrl-C stops at once. A resumed run keeps its recipe;
only --steps may be raised.`,
  ],
  stops: "gracefully",
  run: async (args, io) => {
    const plan = await planOf(args);
    if (plan.note !== undefined) io.stderr.write(`${plan.note}\n`);
    const view = args.isOn("json") ? jsonView(io) : peopleView(io);
    const { done, wasComplete } = await runPlan("train", plan, view, io);
    view.event(done);
    if (done.status === "stopped") return sayHowToResume(done, io);
    if (wasComplete) io.stderr.write(`The run was complete before: step ${count(done.step)} of ${count(done.step)}.\n`);
    view.note(...nextSteps(done, view));
    return exitCodes.done;
  },
};

/** What is to be trained, and where. */
export interface TrainPlan {
  /** Null to continue the run in `out` as it was. */
  readonly recipe: GptRecipeInput | null;
  readonly resume: boolean;
  /** Folder; undefined for a new one with the name `name`. */
  readonly out: string | undefined;
  readonly name: string;
  /** What was decided for the user. */
  readonly note?: string;
}

async function planOf(args: Arguments): Promise<TrainPlan> {
  const [what] = args.positionals;
  const out = args.text("out");
  if (!args.isOn("resume")) {
    const [file, source] = await sourceOf(what);
    return { recipe: recipeOf(args, file, source), resume: false, out, name: "gpt" };
  }
  const named = what !== undefined && !builtIns.includes(what) && isFolder(what) ? what : undefined;
  if (named !== undefined && out !== undefined && resolve(named) !== resolve(out))
    throw usageError("train", "resume", `got the runs "${named}" and --out "${out}"`, "one at a time");
  const path = named ?? out ?? (await newestRun());
  const opened = await openRunFolder(path);
  const recipe = gptRecipe(opened.recipe as GptRecipeInput, opened.folder.recipe);
  const [file] = named === undefined && what !== undefined ? await sourceOf(what) : [null];
  const preset = args.text("preset");
  checkSame({ ...(preset === undefined ? {} : gptPresets[preset]), ...file, ...keysOf(args) }, recipe, path);
  const steps = args.given.has("steps") ? (args.number("steps") as number) : recipe.steps;
  return {
    recipe: steps === recipe.steps ? null : { ...recipe, steps },
    resume: true,
    out: path,
    name: "gpt",
    ...(named === undefined && out === undefined ? { note: `continuing ${shortPath(path)}, the newest run` } : {}),
  };
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
  if (isRun(what))
    throw usageError(
      "train",
      `train "${what}"`,
      "it is a run",
      "a run is continued with --resume",
      `cameo train --resume ${shellWord(what)}`,
    );
  if (existsSync(what) && !isFolder(what)) return [await readRecipe(what), `"${what}"`];
  const close = nearest(what, builtIns);
  const way = close === undefined ? `built-in recipes are ${builtIns.join(", ")}` : `the nearest is "${close}"`;
  throw usageError("train", `train "${what}"`, "there is no such recipe or file", way);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Refuses keys that would change a run under way; `steps` may grow. */
function checkSame(wanted: Partial<GptRecipeInput>, recipe: GptRecipe, path: string): void {
  for (const [key, value] of Object.entries(wanted)) {
    const own = recipe[key as keyof GptRecipe];
    const isSame = key === "data" ? isDeepStrictEqual(absolute(value), absolute(own)) : isDeepStrictEqual(value, own);
    if (isSame || (key === "steps" && typeof value === "number" && value > (own as number))) continue;
    const rule = key === "steps" ? "it may only be raised" : "a resumed run keeps its recipe";
    throw usageError(
      "train",
      `resume "${path}" with --${kebab(key)} ${String(value)}`,
      `the run has ${String(own)}`,
      rule,
      "leave the flag out, or start a new run",
    );
  }
}

function absolute(paths: unknown): unknown {
  return Array.isArray(paths) ? paths.map((path) => resolve(String(path))) : paths;
}

/**
 * Runs a plan to its end and shows it, all but the last event.
 *
 * @returns The last event, and whether nothing was left to train.
 */
export async function runPlan(
  command: string,
  plan: TrainPlan,
  view: RunView,
  io: Io,
): Promise<{ done: DoneEvent; wasComplete: boolean }> {
  const folder = plan.resume
    ? { path: plan.out as string, release: async () => {} }
    : await claimFolder(command, plan.out, plan.name);
  let hasBegun = false;
  let wasComplete = false;
  try {
    const run = await startGptRun(plan.recipe, {
      out: folder.path,
      resume: plan.resume,
      signal: io.signal,
      onProgress: (message) => view.progress(message),
    });
    const done = await follow(run, view, (event) => {
      if (event.type !== "start") return;
      hasBegun = true;
      wasComplete = event.step >= event.steps;
    });
    return { done, wasComplete };
  } catch (error) {
    if (!hasBegun) await folder.release();
    throw error instanceof Error && io.signal.aborted && !hasBegun ? new Interrupted() : error;
  } finally {
    view.close();
  }
}

/** Says how to go on after an interruption. */
export function sayHowToResume(done: DoneEvent, io: Io): number {
  io.stderr.write(`continue with: npx cameo train --resume ${shellWord(shortPath(done.path ?? ""))}\n`);
  return exitCodes.interrupted;
}

/** What to try after a run. */
export function nextSteps(done: DoneEvent, { style }: RunView): string[] {
  const run = shellWord(shortPath(done.path ?? ""));
  const rows: [string, string][] = [
    [`npx cameo generate ${run} --prompt "..."`, "let it write"],
    [`npx cameo inspect ${run}`, "see what is in the run"],
    [`npx cameo train --resume ${run} --steps ${done.step * 2}`, "train it further"],
  ];
  return ["", style.bold("What to try next"), ...tabular(rows, style)];
}

/** Rows of a command line and what it is for. */
export function tabular(rows: readonly (readonly [string, string])[], style: RunView["style"]): string[] {
  const width = Math.max(...rows.map(([command]) => command.length));
  return rows.map(([command, purpose]) => `  ${command.padEnd(width)}  ${style.dim(purpose)}`);
}
