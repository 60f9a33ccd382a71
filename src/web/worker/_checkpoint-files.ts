/**
 * Checkpoints in the origin's private files. Folders there cannot be moved, so a checkpoint is there once its `state.json` is: it is
 * written last, and appears at once and whole. A tab that is closed in between leaves a folder without it, which nobody sees.
 */

import { sha256 } from "../../base/sha256.ts";
import type { CheckpointFiles, FileContent } from "../../train/checkpoint-store.ts";
import { gathered } from "../../train/memory-files.ts";
import type { FolderHandle } from "../browser.ts";
import { folderIn, readBlob, removeAll, storageFault, writeBlob } from "../private-files.ts";

const stateFile = "state.json";

/**
 * The files of a run's checkpoints.
 *
 * @param run - Name of the run.
 * @param folder - Its `checkpoints` folder.
 */
export function privateCheckpoints(run: string, folder: FolderHandle): CheckpointFiles {
  /** Browsers say only that a quota is exceeded. */
  const inWords = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw new Error(storageFault(cause), { cause });
    }
  };
  const folders = async (whole: boolean): Promise<string[]> => {
    const names: string[] = [];
    for await (const entry of folder.values())
      if (entry.kind === "directory" && ((await readBlob(entry, stateFile)) !== null) === whole) names.push(entry.name);
    return names;
  };
  const blobOf = async (name: string, file: string): Promise<Blob> => {
    const inside = await folderIn(folder, name);
    const blob = inside === null ? null : await readBlob(inside, file);
    if (blob === null) throw new Error(`there is no ${name}/${file}`);
    return blob;
  };
  /** What is half removed must not look whole. */
  const remove = async (name: string): Promise<void> => {
    const inside = await folderIn(folder, name);
    if (inside === null) return;
    await removeAll(inside, stateFile);
    await removeAll(folder, name);
  };
  return {
    writing: {
      rule: "the browser must have room for it",
      wayOut: "delete other runs, or let the page keep more",
    },
    pathOf: (name) => `${run}/${name}`,
    list: () => folders(true),
    create: async (name) => {
      await remove(name);
      const inside = await inWords(folder.getDirectoryHandle(name, { create: true }));
      return {
        write: async (file: string, content: FileContent) => {
          const bytes = await gathered(content);
          await inWords(writeBlob(inside, file, bytes));
          return sha256(bytes);
        },
        complete: async () => {},
        discard: () => remove(name),
      };
    },
    open: async (name, file) => {
      const blob = await blobOf(name, file);
      return {
        name: `${run}/${name}/${file}`,
        sizeBytes: blob.size,
        read: async (into, offset) =>
          into.set(new Uint8Array(await blob.slice(offset, offset + into.length).arrayBuffer())),
        [Symbol.asyncDispose]: async () => {},
      };
    },
    hash: async (name, file) => sha256(new Uint8Array(await (await blobOf(name, file)).arrayBuffer())),
    remove,
    sweep: async () => {
      for (const name of await folders(false)) await remove(name);
    },
  };
}
