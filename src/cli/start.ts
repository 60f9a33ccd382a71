/** `cameo start`, which is `npm start`: the whole life of a small model, on text that every clone has. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { createCpuRuntime } from "../runtime/cpu.ts";
import { openGenerator } from "../text/gpt-export.ts";
import { startGptRun } from "../text/gpt-run.ts";
import { continueText } from "../text/live-generator.ts";
import { gptPreset } from "../text/recipe.ts";
import { shellWord, shortPath } from "./_format.ts";
import { jsonView, peopleView, type RunView } from "./_run-view.ts";
import { runPlan, sayHowToResume, type TrainPlan, tabular } from "./_train-run.ts";
import { type Command, exitCodes, jsonFlag, usageError } from "./command.ts";

/** What samples continue: declarations of types are most of the text. */
const prompt = "interface ";
const preset = "small";

/** The command. */
export const start: Command = {
  name: "start",
  summary: "see it all in two minutes: train, sample and export a small language model",
  usage: "[flags]",
  positionals: [0, 0],
  flags: [
    {
      name: "steps",
      type: "number",
      description: "optimizer steps",
      default: gptPreset(preset, { data: ["-"] }).steps,
    },
    { name: "out", type: "string", placeholder: "DIR", description: "folder of the run; runs/start-N when absent" },
    jsonFlag,
  ],
  examples: ["cameo start", "cameo start --steps 200"],
  details: [
    `It learns from TypeScript's own declaration files and from Cameo's source, in shuffled order, and is evaluated on the last tenth of
that text, which it does not learn from.`,
  ],
  stops: "gracefully",
  run: async (args, io) => {
    const view = args.isOn("json") ? jsonView(io) : peopleView(io);
    const recipe = gptPreset(preset, {
      data: textOfEveryClone(),
      steps: args.number("steps"),
      samplePrompt: prompt,
      sampleEvery: 125,
      sampleTokens: 60,
    });
    view.note(
      view.style.bold("A small GPT learns to write TypeScript declarations, from nothing."),
      "Each sample below is what it would write at that point. Ctrl-C stops it, and it can go on later.",
      "",
    );
    const plan: TrainPlan = {
      start: (options) => startGptRun(recipe, options),
      resume: false,
      out: args.text("out"),
      name: "start",
    };
    const { done } = await runPlan("start", plan, view, io);
    if (done.status === "stopped") {
      view.event(done);
      return sayHowToResume(done, io);
    }
    // From the exported file, as anyone would run it.
    const model = join(done.path as string, "export", "model.onnx");
    await using runtime = await createCpuRuntime();
    await using generator = await openGenerator(runtime, model);
    const text = await continueText(generator, prompt, {
      tokens: 150,
      temperature: 0.7,
      topK: 200,
      seed: recipe.seed,
      signal: io.signal,
    });
    view.event({ type: "sample", step: done.step, prompt, text });
    view.event(done);
    view.note(...nextSteps(done.path as string, model, done.step, view));
    return exitCodes.done;
  },
};

/** Paths of the text: relative where that is shorter, as they go into the recipe. */
function textOfEveryClone(): string[] {
  let typescript: string;
  try {
    typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  } catch (cause) {
    throw usageError(
      "start",
      "find text to learn from",
      "the package typescript is not installed",
      "its declaration files are the text",
      "in a checkout run npm ci; or train on text of your own: cameo train gpt --data my-texts/",
      cause,
    );
  }
  // TypeScript 7 keeps them in the package of the platform; that folder also holds the compiler, which is no text.
  const declarations = join(dirname(typescript), "@typescript", "typescript-*", "lib", "*.d.ts");
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const own = ["src", "docs", "README.md"].map((name) => join(root, name)).filter((path) => existsSync(path));
  return [declarations, ...own].map((path) => shortPath(path).split(sep).join("/"));
}

function nextSteps(run: string, model: string, steps: number, { style }: RunView): string[] {
  const [folder, file] = [shellWord(shortPath(run)), shellWord(shortPath(model))];
  const rows: [string, string][] = [
    ["npx cameo train gpt --data my-texts/", "on your own text or code"],
    [`npx cameo generate ${folder} --prompt "declare function "`, "let this one write"],
    [`npx cameo train --resume ${folder} --steps ${steps * 2}`, "train it further"],
    [`npx cameo inspect ${file}`, "what was exported"],
    ["npx cameo --help", "all commands"],
  ];
  return ["", style.bold("What to try next"), ...tabular(rows, style)];
}
