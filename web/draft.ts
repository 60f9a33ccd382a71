/** Keeps the text that no run has yet, so that a reload does not lose it: in the browser's own files, as it may be large. */

import { readText, type TextPiece } from "./text-files.ts";

/** A text that was kept. */
export interface Draft {
  readonly typed: string;
  readonly files: TextPiece[];
}

const folderName = "cameo-playground-draft";
/** Name of what was typed; a file of the visitor has a number before its name. */
const typedName = "typed";

/** One writing after the other: two at once would mix. */
let last: Promise<void> = Promise.resolve();

/** Keeps a text in the place of the one before. */
export function keepDraft(typed: string, files: readonly TextPiece[]): void {
  last = last.then(() => write(typed, files)).catch(() => {}); // no room, or no storage: the text is still on the page
}

async function write(typed: string, files: readonly TextPiece[]): Promise<void> {
  const root = await navigator.storage.getDirectory();
  // What a kept draft was read from is in there, so it is read before it is gone.
  const contents = await Promise.all(files.map(async ({ name, blob }) => ({ name, bytes: await blob.arrayBuffer() })));
  await root.removeEntry(folderName, { recursive: true }).catch(() => {});
  const folder = await root.getDirectoryHandle(folderName, { create: true });
  const put = async (name: string, content: string | ArrayBuffer): Promise<void> => {
    const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await stream.write(content);
    await stream.close();
  };
  if (typed !== "") await put(typedName, typed);
  for (const [i, { name, bytes }] of contents.entries())
    await put(`${i} ${name.replace(/[/\\]/g, "-").slice(0, 150)}`, bytes);
}

/** The text that was kept, if there is one. */
export async function keptDraft(): Promise<Draft | undefined> {
  try {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(folderName);
    let typed = "";
    const files: { readonly order: number; readonly piece: TextPiece }[] = [];
    for await (const handle of folder.values()) {
      if (!(handle instanceof FileSystemFileHandle)) continue;
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
