/** A run that is begun or continued: its recipe, its text, and where it is kept. */

import { CheckpointError, explain, UsageError } from "../../base/errors.ts";
import { type EncodedText, encodeText } from "../../text/memory-text.ts";
import { type GptRecipe, type GptRecipeInput, gptRecipe } from "../../text/recipe.ts";
import { requireRaised } from "../../train/recipe.ts";
import type { RunStore } from "../../train/run-store.ts";
import type { FolderHandle } from "../browser.ts";
import { folderIn, readBlob, removeAll, runsFolder, storageFault, writeBlob } from "../private-files.ts";
import type { BeginOptions } from "../protocol.ts";
import { checkRunName } from "../run-name.ts";
import { memoryStore, type OpenRun, openBrowserRun } from "./_browser-store.ts";
import { readTextFiles, type TextFiles, textFiles } from "./_run-text.ts";

/** What is trained, on what, and where it is kept. Dispose it to let other tabs have the run. */
export interface KeptRun extends AsyncDisposable {
  readonly recipe: GptRecipe;
  readonly text: EncodedText;
  readonly store: RunStore;
}

/** What a page is told while a run is made ready. */
export interface PreparationNotes {
  progress(message: string): void;
  warn(message: string): void;
}

const recipeFile = "recipe.json";

/**
 * Begins or continues a run.
 *
 * @param options - What the page said.
 * @param notes - Told what is being done.
 * @throws UsageError, DataError or CheckpointError when it cannot start.
 */
export async function keptRun(options: BeginOptions, notes: PreparationNotes): Promise<KeptRun> {
  const { name, resume } = options;
  if (name !== undefined) checkRunName(name);
  if (!resume) return name === undefined ? unkept(options, notes) : begun(options, name, notes);
  if (name !== undefined) return continued(options, name, notes);
  throw new UsageError(
    explain({ api: "trainGpt", action: "resume", received: "got no name", rule: "a run that is kept has one" }),
  );
}

async function unkept(options: BeginOptions, notes: PreparationNotes): Promise<KeptRun> {
  const { recipe, text } = await prepared(options, notes);
  return { recipe, text, store: memoryStore("gpt"), [Symbol.asyncDispose]: async () => {} };
}

async function begun(options: BeginOptions, name: string, notes: PreparationNotes): Promise<KeptRun> {
  const run = await openBrowserRun(name, notes.warn);
  try {
    if ((await readBlob(run.folder, recipeFile)) !== null)
      throw new CheckpointError(
        explain({
          api: "trainGpt",
          action: `start the run "${name}"`,
          received: "there is one of that name",
          rule: "a run has a name of its own",
          hint: "resume it, delete it, or choose another name",
        }),
      );
    const { recipe, text } = await prepared(options, notes);
    notes.progress("storing the text");
    await storeText(run.folder, name, recipe, await textFiles(text));
    return { recipe, text, store: run.store, [Symbol.asyncDispose]: () => run[Symbol.asyncDispose]() };
  } catch (error) {
    await abandon(run, name);
    throw error;
  }
}

async function continued(options: BeginOptions, name: string, notes: PreparationNotes): Promise<KeptRun> {
  if ((await folderIn(await runsFolder(), name)) === null) throw noRun(name);
  const run = await openBrowserRun(name, notes.warn);
  try {
    const stored = await readBlob(run.folder, recipeFile);
    if (stored === null) throw noRun(name);
    let recipe = gptRecipe(JSON.parse(await stored.text()) as GptRecipeInput, recipeFile);
    const steps = options.recipe?.steps;
    if (steps !== undefined) {
      requireRaised(recipe.steps, steps);
      recipe = gptRecipe({ ...recipe, steps });
      await writeBlob(run.folder, recipeFile, recipeText(recipe));
    }
    notes.progress("reading the text");
    const data = await folderIn(run.folder, "data");
    const text = await readTextFiles(name, async (file) => (data === null ? null : readBlob(data, file)));
    return { recipe, text, store: run.store, [Symbol.asyncDispose]: () => run[Symbol.asyncDispose]() };
  } catch (error) {
    await run[Symbol.asyncDispose]();
    throw error;
  }
}

/** Recipe and text of a new run. */
async function prepared(
  { text, recipe: input, precision }: BeginOptions,
  { progress }: PreparationNotes,
): Promise<{ recipe: GptRecipe; text: EncodedText }> {
  if (text === undefined)
    throw new UsageError(
      explain({ api: "trainGpt", action: "start a run", received: "got no text", rule: "a new run learns from one" }),
    );
  const recipe = gptRecipe({
    ...input,
    precision: precision ?? input?.precision,
    data: [text instanceof File ? text.name : "text"],
  });
  const encoded = await encodeText(text, {
    tokenizer: recipe.tokenizer,
    vocabulary: recipe.vocabulary,
    onProgress: progress,
  });
  return { recipe, text: encoded };
}

/** The recipe is written last: without it there is no run. */
async function storeText(folder: FolderHandle, name: string, recipe: GptRecipe, files: TextFiles): Promise<void> {
  try {
    const data = await folder.getDirectoryHandle("data", { create: true });
    for (const [file, content] of Object.entries(files)) await writeBlob(data, file, content);
    await writeBlob(folder, recipeFile, recipeText(recipe));
  } catch (cause) {
    throw new CheckpointError(
      explain({
        api: "trainGpt",
        action: `keep the run "${name}"`,
        received: storageFault(cause),
        rule: "it must have room for the text",
        hint: "delete other runs, or leave out the name to train without keeping the run",
      }),
      { cause },
    );
  }
}

/** The text of `recipe.json`. */
export const recipeText = (recipe: GptRecipe): string => `${JSON.stringify(recipe, null, 2)}\n`;

/** Takes back what was written of a run that could not begin; one that was there stays. */
async function abandon(run: OpenRun, name: string): Promise<void> {
  if ((await readBlob(run.folder, recipeFile)) === null) await removeAll(await runsFolder(), name).catch(() => {});
  await run[Symbol.asyncDispose]();
}

function noRun(name: string): CheckpointError {
  return new CheckpointError(
    explain({
      api: "trainGpt",
      action: `resume the run "${name}"`,
      received: "there is none of that name",
      rule: "must be one that this browser keeps",
    }),
  );
}
