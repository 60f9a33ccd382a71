/**
 * Files of the page's origin that only its pages see (the origin private file system). A file is written whole or not at all: the browser
 * writes under another name and puts the content in place when it is complete.
 */

import { CheckpointError, explain, messageOf } from "../base/errors.ts";
import { type FolderHandle, navigatorOf } from "./browser.ts";

/** Folder of the origin's files in which runs lie. */
const runsPath = ["cameo", "runs"];

/** The folder in which runs lie; made if missing. @throws CheckpointError where the browser keeps no files for pages. */
export async function runsFolder(): Promise<FolderHandle> {
  const { storage } = navigatorOf();
  const refused = (received: string, cause?: unknown) =>
    new CheckpointError(
      explain({
        api: "cameo/web",
        action: "keep runs",
        received,
        rule: "the browser must keep files for this page",
        hint: "leave out the name to train without keeping the run; private windows often keep nothing",
      }),
      { cause },
    );
  if (typeof storage?.getDirectory !== "function") throw refused("there is no storage for files");
  try {
    let folder = await storage.getDirectory();
    for (const name of runsPath) folder = await folder.getDirectoryHandle(name, { create: true });
    return folder;
  } catch (cause) {
    throw refused(messageOf(cause), cause);
  }
}

/** A file's content, or null if there is none; one that was begun and never written is empty. */
export async function readBlob(folder: FolderHandle, name: string): Promise<Blob | null> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile();
    return file.size === 0 ? null : file;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Writes a file, whole or not at all. */
export async function writeBlob(
  folder: FolderHandle,
  name: string,
  content: string | Blob | Uint8Array,
): Promise<void> {
  const file = await folder.getFileHandle(name, { create: true });
  const writable = await file.createWritable();
  try {
    await writable.write(content);
  } catch (error) {
    await writable.abort().catch(() => {});
    throw error;
  }
  await writable.close();
}

/** A folder in a folder, or null if there is none. */
export async function folderIn(folder: FolderHandle, name: string): Promise<FolderHandle | null> {
  try {
    return await folder.getDirectoryHandle(name);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Removes a file or folder with all that is in it, if it is there. */
export async function removeAll(folder: FolderHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Bytes of all files in a folder and below. */
export async function sizeOfFolder(folder: FolderHandle): Promise<number> {
  let size = 0;
  for await (const entry of folder.values())
    size += entry.kind === "file" ? (await entry.getFile()).size : await sizeOfFolder(entry);
  return size;
}

function isMissing(error: unknown): boolean {
  const name = (error as { readonly name?: unknown } | null)?.name;
  return name === "NotFoundError" || name === "TypeMismatchError";
}

/** What went wrong with a file, in words that say what to do: browsers say only that the quota is exceeded. */
export function storageFault(error: unknown): string {
  const isFull = (error as { readonly name?: unknown } | null)?.name === "QuotaExceededError";
  return isFull ? "the browser's storage for this page is full" : messageOf(error);
}
