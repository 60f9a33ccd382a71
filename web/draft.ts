/** Keeps the text that no run has yet, so that a reload does not lose it: in the browser's own files, as it may be large. */

import { readText, type TextPiece } from "./text-files.ts";

/** A text that was kept. */
export interface Draft {
  readonly typed: string;
  readonly files: TextPiece[];
}

/** Each draft has a folder of its own, with a number behind this: the one before stays until the next is whole. */
const prefix = "cameo-playground-draft-";
/** Name of the file that is written last. */
const wholeName = "whole";
/** Name of what was typed; a file of the visitor has a number before its name. */
const typedName = "typed";

/** One writing after the other: two at once would mix. */
let last: Promise<void> = Promise.resolve();

/** Keeps a text in the place of the one before. */
export function keepDraft(typed: string, files: readonly TextPiece[]): void {
  const { dataset } = document.body;
  dataset["draft"] = "keeping";
  const written = last.then(() => write(typed, files)).catch(() => {}); // no room, or no storage: the text is still on the page
  last = written;
  void written.then(() => {
    if (last === written) dataset["draft"] = "kept";
  });
}

/** Numbers of the drafts that are there, the newest first; some may not be whole. */
async function draftNumbers(root: FileSystemDirectoryHandle): Promise<number[]> {
  const numbers: number[] = [];
  for await (const name of root.keys())
    if (name.startsWith(prefix)) numbers.push(Number.parseInt(name.slice(prefix.length), 10));
  return numbers.sort((a, b) => b - a);
}

async function write(typed: string, files: readonly TextPiece[]): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const before = await draftNumbers(root);
  const folder = await root.getDirectoryHandle(`${prefix}${(before[0] ?? 0) + 1}`, { create: true });
  const put = async (name: string, content: string | ArrayBuffer): Promise<void> => {
    const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await stream.write(content);
    await stream.close();
  };
  if (typed !== "") await put(typedName, typed);
  for (const [i, { name, blob }] of files.entries())
    await put(`${i} ${name.replace(/[/\\]/g, "-").slice(0, 150)}`, await blob.arrayBuffer());
  await put(wholeName, "whole");
  for (const number of before) await root.removeEntry(`${prefix}${number}`, { recursive: true }).catch(() => {});
}

/** The folder of the newest draft that is whole. */
async function newestFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  const root = await navigator.storage.getDirectory();
  for (const number of await draftNumbers(root)) {
    const folder = await root.getDirectoryHandle(`${prefix}${number}`);
    // A file that was begun and not written is empty.
    const whole = await folder.getFileHandle(wholeName).catch(() => undefined);
    if (whole !== undefined && (await whole.getFile()).size > 0) return folder;
  }
  return undefined;
}

/** The text that was kept, if there is one. */
export async function keptDraft(): Promise<Draft | undefined> {
  try {
    const folder = await newestFolder();
    if (folder === undefined) return undefined;
    let typed = "";
    const files: { readonly order: number; readonly piece: TextPiece }[] = [];
    for await (const handle of folder.values()) {
      if (!(handle instanceof FileSystemFileHandle) || handle.name === wholeName) continue;
      // In memory: the next draft takes the place of this file.
      const blob = new Blob([await (await handle.getFile()).arrayBuffer()]);
      if (handle.name === typedName) typed = await blob.text();
      else
        files.push({
          order: Number.parseInt(handle.name, 10),
          piece: await readText(blob, handle.name.replace(/^\d+ /, "")),
        });
    }
    return { typed, files: files.sort((a, b) => a.order - b.order).map(({ piece }) => piece) };
  } catch {
    return undefined;
  }
}
