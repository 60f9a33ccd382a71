/** A run kept in the origin's private files: laid out like the folder of a run in Node. */

import type { RunEvent } from "../../base/events.ts";
import { CheckpointStore } from "../../train/checkpoint-store.ts";
import { memoryFiles } from "../../train/memory-files.ts";
import { keptLines, type RunLog, type RunStore } from "../../train/run-store.ts";
import type { FolderHandle, SyncFile } from "../browser.ts";
import { runsFolder, storageFault } from "../private-files.ts";
import { lockRun } from "../run-lock.ts";
import { privateCheckpoints } from "./_checkpoint-files.ts";

const logFile = "events.jsonl";

/** A run that this tab has for itself. Dispose it to let others have it. */
export interface OpenRun extends AsyncDisposable {
  readonly folder: FolderHandle;
  readonly store: RunStore;
}

/**
 * Takes a run for this tab.
 *
 * @param name - Of the run; its folder is made if missing.
 * @param warn - Told when events can no longer be kept: the run goes on.
 * @throws CheckpointError if another tab trains it, or the browser keeps no files.
 */
export async function openBrowserRun(name: string, warn: (message: string) => void): Promise<OpenRun> {
  const unlock = await lockRun(name, "train");
  try {
    const folder = await (await runsFolder()).getDirectoryHandle(name, { create: true });
    const checkpoints = await folder.getDirectoryHandle("checkpoints", { create: true });
    return {
      folder,
      store: {
        path: name,
        checkpoints: new CheckpointStore(privateCheckpoints(name, checkpoints)),
        whenFull: "warn",
        lock: async () => ({ [Symbol.asyncDispose]: async () => {} }), // the run is taken already
        openLog: (afterStep) => openLog(folder, afterStep, warn),
      },
      [Symbol.asyncDispose]: unlock,
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** A run that nobody keeps: its last checkpoint stays in memory, for the loss of its device. */
export function memoryStore(name: string): RunStore {
  return {
    path: name,
    checkpoints: new CheckpointStore(memoryFiles()),
    whenFull: "warn",
    lock: async () => ({ [Symbol.asyncDispose]: async () => {} }),
    openLog: async () => ({ append: () => {}, close: async () => {} }),
  };
}

async function openLog(folder: FolderHandle, afterStep: number, warn: (message: string) => void): Promise<RunLog> {
  let file: SyncFile | undefined;
  const give = (error: unknown): void => {
    file?.close();
    file = undefined;
    warn(`events of the run are no longer kept: ${storageFault(error)}`);
  };
  let end = 0;
  const write = (text: string): void => {
    const bytes = new TextEncoder().encode(text);
    file?.write(bytes, { at: end });
    end += bytes.length;
  };
  try {
    const handle = await folder.getFileHandle(logFile, { create: true });
    const before = await (await handle.getFile()).text();
    file = await handle.createSyncAccessHandle();
    file.truncate(0);
    write(keptLines(before, afterStep));
  } catch (error) {
    give(error);
  }
  return {
    append: (event: RunEvent) => {
      if (file === undefined) return;
      try {
        write(`${JSON.stringify(event)}\n`);
      } catch (error) {
        give(error);
      }
    },
    close: async () => {
      try {
        file?.flush();
        file?.close();
      } catch (error) {
        give(error);
      }
    },
  };
}
