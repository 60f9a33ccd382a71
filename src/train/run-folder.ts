/** The folder of a run: `recipe.json`, `events.jsonl`, `checkpoints/`, `export/`. */

import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CheckpointError, explain, messageOf, UsageError } from "../base/errors.ts";
import type { RunEvent } from "../base/events.ts";
import { writeAtomically } from "../base/files.ts";
import { checkpointFolder } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint-store.ts";
import { keptLines, type RunLog } from "./run-store.ts";

/** Paths inside a run's folder. */
export interface RunFolder {
  readonly path: string;
  readonly recipe: string;
  readonly events: string;
  readonly checkpoints: string;
  readonly exports: string;
}

/** The layout of the run's folder at `path`; touches nothing. */
export function runFolder(path: string): RunFolder {
  const root = resolve(path);
  return {
    path: root,
    recipe: join(root, "recipe.json"),
    events: join(root, "events.jsonl"),
    checkpoints: join(root, "checkpoints"),
    exports: join(root, "export"),
  };
}

/**
 * Whether a folder has what {@link createRunFolder} makes; a `recipe.json` alone may also be a cook's.
 *
 * @param path - Folder; may be missing.
 */
export function holdsRun(path: string): boolean {
  const { recipe, checkpoints } = runFolder(path);
  return existsSync(recipe) && existsSync(checkpoints);
}

/**
 * Makes the folder of a new run and writes its recipe.
 *
 * @param path - Folder; must be missing, empty, or hold no run.
 * @param recipe - What is about to run; plain JSON.
 * @throws CheckpointError if the folder holds a run already.
 */
export async function createRunFolder(path: string, recipe: unknown): Promise<RunFolder> {
  const folder = runFolder(path);
  if (existsSync(folder.recipe))
    throw new CheckpointError(
      explain({
        api: "train",
        action: `start a run in "${path}"`,
        received: "the folder holds a run",
        rule: "a run has a folder of its own",
        hint: "continue it with --resume, or choose another folder with --out",
      }),
    );
  await mkdir(folder.checkpoints, { recursive: true });
  await writeAtomically(folder.recipe, `${JSON.stringify(recipe, null, 2)}\n`);
  return folder;
}

/**
 * Opens the folder of a run that exists.
 *
 * @param path - Folder.
 * @returns The folder, and its recipe as it was written.
 * @throws CheckpointError if there is no run.
 */
export async function openRunFolder(path: string): Promise<{ folder: RunFolder; recipe: unknown }> {
  const folder = runFolder(path);
  const bad = (received: string, rule: string, cause: unknown) =>
    new CheckpointError(explain({ api: "run", action: `open "${path}"`, received, rule }), { cause });
  let text: string;
  try {
    text = await readFile(folder.recipe, "utf8");
  } catch (cause) {
    throw bad("there is no recipe.json", "the folder of a run has one", cause);
  }
  try {
    return { folder, recipe: JSON.parse(text) };
  } catch (cause) {
    throw bad("recipe.json is no JSON", "it must be as it was written", cause);
  }
}

/**
 * The newest checkpoint that is whole. Damaged ones are passed over with a warning.
 *
 * @param folder - The run's folder.
 * @param warn - Told of every checkpoint that is passed over.
 * @returns The checkpoint, or null if the run has none yet.
 * @throws CheckpointError if there are checkpoints but none is whole.
 */
export function newestCheckpoint(folder: RunFolder, warn: (message: string) => void): Promise<Checkpoint | null> {
  return checkpointFolder(folder.checkpoints).newest(folder.path, warn);
}

/**
 * The newest checkpoint that is whole, of a run whose model is to be used.
 *
 * @param folder - The run's folder.
 * @param path - What the user called it, for the message.
 * @throws UsageError if the run has none yet; CheckpointError if none is whole.
 */
export async function requireCheckpoint(folder: RunFolder, path: string): Promise<Checkpoint> {
  const checkpoint = await newestCheckpoint(folder, () => {});
  if (checkpoint !== null) return checkpoint;
  throw new UsageError(
    explain({
      api: "run",
      action: `open "${path}"`,
      received: "it has no checkpoint yet",
      rule: "needs one",
      hint: "train it further with --resume",
    }),
  );
}

/** Appends events to the file `events.jsonl` at a path. */
export class EventLog implements RunLog {
  readonly #path: string;
  readonly #file: FileHandle;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens the log of a run.
   *
   * @param path - File.
   * @param afterStep - Events of later steps, and a last line cut off by a kill, are dropped: the run repeats those steps.
   */
  static async open(path: string, afterStep: number): Promise<EventLog> {
    const text = existsSync(path) ? await readFile(path, "utf8") : "";
    if (text !== "") await writeAtomically(path, keptLines(text, afterStep));
    return new EventLog(path, await open(path, "a"));
  }

  /** Writes one event; lines keep their order. */
  append(event: RunEvent): void {
    this.#tail = this.#tail.then(() => this.#file.write(`${JSON.stringify(event)}\n`));
    this.#tail.catch(() => {}); // close() reports it; until then it is not unhandled
  }

  /** Waits until all is written. Throws CheckpointError if a write failed. */
  async close(): Promise<void> {
    try {
      await this.#tail;
    } catch (cause) {
      throw new CheckpointError(
        explain({
          api: "train",
          action: `write "${this.#path}"`,
          received: messageOf(cause),
          rule: "the folder must be writable and the disk have room",
          hint: "checkpoints are untouched; make room and go on with --resume",
        }),
        { cause },
      );
    } finally {
      await this.#file.close();
    }
  }
}

/** A folder named after `name` under `root` that does not exist yet: `runs/gpt-1`, `runs/gpt-2`, … */
export async function nextRunPath(name: string, root = "runs"): Promise<string> {
  const taken = new Set(await readdir(root).catch(() => [] as string[]));
  for (let i = 1; ; i++) if (!taken.has(`${name}-${i}`)) return join(root, `${name}-${i}`);
}
