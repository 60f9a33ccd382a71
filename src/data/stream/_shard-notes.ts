/** What a call that writes shards notes in their folder, so that the same call can go on. */

import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError, explain } from "../../base/errors.ts";
import { isTemporary, makeFolder, writeAtomically } from "../../base/files.ts";
import type { WrittenShard } from "./_shard-writer.ts";

/** Notes of a call, in the folder. Hidden, so that no reader takes it for data. */
const notesName = ".cameo-shards.json";

/** See the file's head. */
export interface Notes {
  /** What is written, and how; other notes belong to another call. */
  readonly task: string;
  readonly shards: readonly WrittenShard[];
  /** Position in the order of rows after the last shard; null when all are written. */
  readonly position: number | null;
}

/** Notes how far a call is. */
export function writeNotes(folder: string, notes: Notes): Promise<void> {
  return writeAtomically(join(folder, notesName), JSON.stringify(notes));
}

/**
 * Makes the folder, or reads the notes that are in it.
 *
 * @throws DataError if something else is there.
 */
export async function openFolder(folder: string, task: string, resume: boolean): Promise<Notes> {
  await makeFolder(folder);
  const all = await readdir(folder);
  const names = all.filter((name) => !isTemporary(name));
  /** What a kill left of this call. */
  const removeHalves = async (): Promise<void> => {
    for (const name of all) if (isTemporary(name)) await rm(join(folder, name), { force: true });
  };
  if (names.length === 0) {
    await removeHalves();
    const none: Notes = { task, shards: [], position: 0 };
    await writeNotes(folder, none); // before the first shard, which nobody could tell from another's data
    return none;
  }
  const taken = (received: string, rule: string): DataError =>
    new DataError(
      explain({
        api: "writeShards",
        action: `write into "${folder}"`,
        received,
        rule,
        hint: "choose another folder, or empty this one",
      }),
      { source: folder },
    );
  const text = resume ? await readFile(join(folder, notesName), "utf8").catch(() => undefined) : undefined;
  if (text === undefined) throw taken(`it has "${names[0]}"`, "must be empty, or what a call was writing");
  const notes = JSON.parse(text) as Notes; // written atomically
  if (notes.task !== task) throw taken("another call wrote there", "source and options must be the same");
  for (const { name, sizeBytes } of notes.shards)
    if ((await stat(join(folder, name)).catch(() => undefined))?.size !== sizeBytes)
      throw taken(`"${name}" is gone or changed`, "shards that are finished stay as they are");
  await removeHalves();
  return notes;
}
