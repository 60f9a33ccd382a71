/**
 * Checkpoints on disk: `checkpoints/step-N/` with `model.safetensors`, `optimizer.safetensors` and `state.json`. A folder with that name is
 * always whole: it is written under another name and renamed when everything is on disk.
 */

import { basename, dirname } from "node:path";
import { folderFiles } from "./_folder-files.ts";
import type { CheckpointNumbers } from "./checkpoint-state.ts";
import { type Checkpoint, CheckpointStore } from "./checkpoint-store.ts";
import type { StateTensor } from "./memory.ts";

/** The checkpoints of a run's `checkpoints` folder. */
export function checkpointFolder(folder: string): CheckpointStore {
  return new CheckpointStore(folderFiles(folder));
}

/**
 * Writes a checkpoint. If anything fails (a full disk), nothing is left behind and earlier checkpoints are untouched.
 *
 * @param folder - The run's `checkpoints` folder.
 * @param tensors - State of the step program.
 * @param state - Numbers to store beside it.
 * @returns Path and size of the checkpoint.
 * @throws CheckpointError naming the folder and the cause.
 */
export function writeCheckpoint(
  folder: string,
  tensors: ReadonlyMap<string, StateTensor>,
  state: CheckpointNumbers,
): Promise<{ path: string; sizeBytes: number }> {
  return checkpointFolder(folder).write(tensors, state);
}

/**
 * Checkpoints of a run, newest first. Folders with other names, such as those a killed run left half written, are not listed.
 *
 * @param folder - The run's `checkpoints` folder; may be missing.
 */
export function listCheckpoints(folder: string): Promise<{ step: number; path: string }[]> {
  return checkpointFolder(folder).list();
}

/**
 * Reads and verifies a checkpoint: layout, version and the checksum of every file.
 *
 * @param path - Folder of the checkpoint.
 * @throws CheckpointError saying which file is wrong and how.
 */
export function openCheckpoint(path: string): Promise<Checkpoint> {
  return checkpointFolder(dirname(path)).open(basename(path));
}

/**
 * Loads a checkpoint into the memory of a step program.
 *
 * @param checkpoint - From {@link openCheckpoint}.
 * @param tensors - State of a program for the same model and optimizer.
 * @throws CheckpointError if names or shapes differ.
 */
export function restoreCheckpoint(
  checkpoint: Pick<Checkpoint, "path">,
  tensors: ReadonlyMap<string, StateTensor>,
): Promise<void> {
  return checkpointFolder(dirname(checkpoint.path)).restore(basename(checkpoint.path), tensors);
}

/**
 * Removes checkpoints that are no longer needed, and what killed runs left half written.
 *
 * @param folder - The run's `checkpoints` folder.
 * @param keep - How many to keep, the newest.
 * @param step - Steps completed. Checkpoints of later steps are damaged ones that a resumed run passed over, and go first.
 */
export function pruneCheckpoints(folder: string, keep: number, step?: number): Promise<void> {
  return checkpointFolder(folder).prune(keep, step);
}
