/** A browser's storage for files, in memory: with a quota that can be used up, and a tab that can be closed in the middle. */

import type { FileHandle, FolderHandle, Storage, SyncFile } from "../../src/web/browser.ts";

/** A storage, and what tests do with it. */
export interface TestStorage extends Storage {
  /** Most bytes that files may have together. */
  quotaBytes: number;
  /** Called before a file's content is put in place; what it throws is what the browser throws. */
  onWrite: (path: string) => void;
  /** The same files in another storage: what a tab closed now leaves. */
  copy(): TestStorage;
  /** Paths of all files, sorted. */
  paths(): string[];
  /** A file's bytes. */
  bytes(path: string): Uint8Array;
}

/** Makes a storage; empty, unless given files and folders by path. */
export function testStorage(
  files: Map<string, Uint8Array> = new Map(),
  folders: Set<string> = new Set([""]),
): TestStorage {
  const missing = (path: string) => new DOMException(`there is no ${path}`, "NotFoundError");
  const used = (): number => [...files.values()].reduce((sum, { length }) => sum + length, 0);
  const place = (path: string, content: Uint8Array): void => {
    storage.onWrite(path);
    if (used() - (files.get(path)?.length ?? 0) + content.length > storage.quotaBytes)
      throw new DOMException("quota exceeded", "QuotaExceededError");
    if (!folders.has(path.slice(0, path.lastIndexOf("/") + 1))) throw missing(path);
    files.set(path, content);
  };

  const syncFile = (path: string): SyncFile => ({
    getSize: () => (files.get(path) as Uint8Array).length,
    read: (into, { at }) => {
      const part = (files.get(path) as Uint8Array).subarray(at, at + into.length);
      into.set(part);
      return part.length;
    },
    write: (bytes, { at }) => {
      const old = files.get(path) as Uint8Array;
      const content = new Uint8Array(Math.max(old.length, at + bytes.length));
      content.set(old);
      content.set(bytes, at);
      place(path, content);
      return bytes.length;
    },
    truncate: (size) => void files.set(path, (files.get(path) as Uint8Array).slice(0, size)),
    flush: () => {},
    close: () => {},
  });

  const fileHandle = (path: string, name: string): FileHandle => ({
    kind: "file",
    name,
    getFile: async () => {
      const content = files.get(path);
      if (content === undefined) throw missing(path);
      return new File([content as Uint8Array<ArrayBuffer>], name);
    },
    createWritable: async () => {
      const parts: BlobPart[] = [];
      return {
        write: async (content) => void parts.push(content as BlobPart),
        close: async () => place(path, new Uint8Array(await new Blob(parts as never[]).arrayBuffer())),
        abort: async () => {},
      };
    },
    createSyncAccessHandle: async () => syncFile(path),
  });

  const folderHandle = (path: string, name: string): FolderHandle => ({
    kind: "directory",
    name,
    getDirectoryHandle: async (child, options) => {
      const inside = `${path}${child}/`;
      if (!folders.has(inside)) {
        if (options?.create !== true) throw missing(inside);
        folders.add(inside);
      }
      return folderHandle(inside, child);
    },
    getFileHandle: async (child, options) => {
      const inside = path + child;
      if (!files.has(inside)) {
        if (options?.create !== true) throw missing(inside);
        place(inside, new Uint8Array(0)); // a browser makes it at once, empty
      }
      return fileHandle(inside, child);
    },
    removeEntry: async (child) => {
      const inside = path + child;
      if (!files.delete(inside) && !folders.has(`${inside}/`)) throw missing(inside);
      for (const file of [...files.keys()]) if (file.startsWith(`${inside}/`)) files.delete(file);
      for (const folder of [...folders]) if (folder.startsWith(`${inside}/`)) folders.delete(folder);
    },
    async *values() {
      const isHere = (inner: string): boolean => inner.startsWith(path) && inner !== path;
      for (const file of [...files.keys()].filter(isHere)) {
        const child = file.slice(path.length);
        if (!child.includes("/")) yield fileHandle(file, child);
      }
      for (const folder of [...folders].filter(isHere)) {
        const child = folder.slice(path.length, -1);
        if (!child.includes("/")) yield folderHandle(folder, child);
      }
    },
  });

  const storage: TestStorage = {
    quotaBytes: Number.POSITIVE_INFINITY,
    onWrite: () => {},
    copy: () => testStorage(new Map(files), new Set(folders)),
    paths: () => [...files.keys()].sort(),
    bytes: (path) => files.get(path) as Uint8Array,
    getDirectory: async () => folderHandle("", ""),
    estimate: async () => ({ quota: storage.quotaBytes, usage: used() }),
  };
  return storage;
}
