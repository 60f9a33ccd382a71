/** Runs a GPT recipe from text to exported model. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent } from "../base/events.ts";
import { writeAtomically } from "../base/files.ts";
import { openDevice } from "../runtime/device.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Run } from "../train/loop-options.ts";
import { requireRaised } from "../train/recipe.ts";
import { createRunFolder, openRunFolder, type RunFolder } from "../train/run-folder.ts";
import { train } from "../train/train.ts";
import { exportGpt } from "./gpt-export.ts";
import { gptOptimizer, gptTraining } from "./gpt-training.ts";
import { liveWeights } from "./live-generator.ts";
import { type GptRecipe, type GptRecipeInput, gptRecipe } from "./recipe.ts";
import { textDataset } from "./text-dataset.ts";

/** Options of {@link startGptRun}. */
export interface GptRunOptions {
  /** Folder of the run. */
  readonly out: string;
  /** Continue the run in the folder with the recipe it was started with. */
  readonly resume?: boolean;
  /** Stops the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Told what is done before the first event: tokenizer, encoding. */
  readonly onProgress?: (message: string) => void;
}

/**
 * Starts (or continues) a run: prepares the text, trains, samples, checkpoints, and exports the model when it is complete.
 *
 * @param input - The recipe; ignored when resuming, except that `steps` may be raised.
 * @param options - See {@link GptRunOptions}.
 * @returns The run, under way.
 * @throws DataError, CheckpointError or UsageError when it cannot start.
 */
export async function startGptRun(input: GptRecipeInput | null, options: GptRunOptions): Promise<Run> {
  const opened = options.resume === true ? await openRunFolder(options.out) : null;
  const recipe = opened === null ? gptRecipe(input as GptRecipeInput) : resumedRecipe(opened, input);
  gptOptimizer(recipe); // what it refuses is said before a folder is made, and so is a device that is not there
  const { device, threads } = recipe;
  const { runtime, note } = await openDevice({ device, ...(threads === 0 ? {} : { threads }) });
  try {
    return await startOn(runtime, note, recipe, opened?.folder ?? null, options);
  } catch (error) {
    await runtime[Symbol.asyncDispose]();
    throw error;
  }
}

/** @param existing - Folder of a run that is continued; null for a new one. */
async function startOn(
  runtime: Runtime,
  engine: string,
  recipe: GptRecipe,
  existing: RunFolder | null,
  options: GptRunOptions,
): Promise<Run> {
  const folder = existing ?? (await createRunFolder(options.out, recipe));
  // A run that is killed later resumes with the same number of steps.
  if (existing !== null) await writeAtomically(folder.recipe, `${JSON.stringify(recipe, null, 2)}\n`);
  const data = await textDataset({
    paths: recipe.data,
    folder: join(folder.path, "data"),
    tokenizer: recipe.tokenizer,
    vocabulary: recipe.vocabulary,
    context: recipe.context,
    validationFraction: recipe.validationFraction,
    fileOrder: recipe.fileOrder,
    seed: recipe.seed,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }).catch(async (error) => {
    if (existing === null) await abandon(folder);
    throw error;
  });
  const { model, options: plan } = gptTraining(recipe, data);
  const run = train({
    ...plan,
    runtime,
    engine,
    folder,
    resume: options.resume === true,
    notes: [
      ...(plan.notes ?? []),
      ...(data.skipped.length === 0
        ? []
        : [`${data.skipped.length} left out, such as ${data.skipped[0]?.path}: ${data.skipped[0]?.reason}`]),
    ],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onFinish: async (program) => {
      const exported = await exportGpt(folder.exports, model, await liveWeights(program), data.tokenizer);
      return [{ type: "export", ...exported } satisfies RunEvent];
    },
  });
  const cleaned = run.result.finally(async () => {
    data[Symbol.dispose]();
    await runtime[Symbol.asyncDispose]();
  });
  cleaned.catch(() => {});
  return {
    result: cleaned,
    [Symbol.asyncIterator]: () => run[Symbol.asyncIterator](),
    [Symbol.asyncDispose]: async () => {
      await run[Symbol.asyncDispose]();
      await cleaned.catch(() => {});
    },
  };
}

/** Takes back what a run wrote that could not begin, so that the next attempt starts from its own recipe and text. */
async function abandon({ path, recipe }: RunFolder): Promise<void> {
  const prepared = ["tokenizer.json", "tokens.json", "tokens.bin"].map((file) => join(path, "data", file));
  for (const file of [recipe, ...prepared]) await rm(file, { force: true });
}

/** The recipe that a run was started with; its steps may be raised, and it may go on on another device. */
function resumedRecipe(
  { folder, recipe }: Awaited<ReturnType<typeof openRunFolder>>,
  input: GptRecipeInput | null,
): GptRecipe {
  const own = gptRecipe(recipe as GptRecipeInput, folder.recipe);
  const { steps = own.steps, device = own.device } = input ?? {};
  requireRaised(own.steps, steps);
  return gptRecipe({ ...own, steps, device });
}
