/** A file that appears under its name whole or not at all: temporary name, fsync, rename. */

import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder, temporaryName } from "../base/files.ts";

/** A file being written. `await using` it: what was not committed is removed. */
export class AtomicFile implements AsyncDisposable {
  readonly #path: string;
  readonly #temporary: string;
  #file: FileHandle | undefined;

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  static async create(path: string): Promise<AtomicFile> {
    const temporary = temporaryName(path);
    return new AtomicFile(path, temporary, await open(temporary, "wx"));
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await (this.#file as FileHandle).write(bytes, at);
      at += bytesWritten;
    }
  }

  /** Puts the file under its name, on disk. */
  async commit(): Promise<void> {
    const file = this.#file as FileHandle;
    await file.sync();
    await file.close();
    this.#file = undefined;
    await rename(this.#temporary, this.#path);
    await syncFolder(dirname(this.#path)); // the rename itself is on disk once the folder is
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close();
    await rm(this.#temporary, { force: true });
  }
}
