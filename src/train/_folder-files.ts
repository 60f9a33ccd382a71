/** Checkpoints in a folder on disk: each is written under another name and renamed when everything is there. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { syncFolder, temporaryName } from "../base/files.ts";
import { openSource } from "../tensor/safetensors.ts";
import type { CheckpointFiles, PendingCheckpoint } from "./checkpoint-store.ts";

/** The files of checkpoints in a folder; it may be missing. */
export function folderFiles(folder: string): CheckpointFiles {
  const names = (): Promise<string[]> => readdir(folder).catch(() => [] as string[]);
  return {
    writing: {
      rule: "the folder must be writable and the disk have room",
      wayOut: "make room and go on with --resume",
    },
    pathOf: (name) => join(folder, name),
    list: names,
    create: (name) => createPending(folder, name),
    open: (name, file) => openSource(join(folder, name, file)),
    hash: async (name, file) => {
      const hash = createHash("sha256");
      await pipeline(createReadStream(join(folder, name, file)), hash);
      return hash.digest("hex");
    },
    remove: (name) => rm(join(folder, name), { recursive: true, force: true }),
    sweep: async () => {
      for (const name of await names())
        if (/^\.step-\d+\.tmp-/.test(name)) await rm(join(folder, name), { recursive: true, force: true });
    },
  };
}

async function createPending(folder: string, name: string): Promise<PendingCheckpoint> {
  const path = join(folder, name);
  const temporary = temporaryName(join(folder, `.${name}`));
  await mkdir(temporary, { recursive: true });
  return {
    write: async (file, { parts }) => {
      const hash = createHash("sha256");
      const handle = await open(join(temporary, file), "wx");
      try {
        for await (const part of parts()) {
          await handle.writeFile(part);
          hash.update(part);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      return hash.digest("hex");
    },
    complete: async () => {
      await syncFolder(temporary);
      // One of that step, from before a resume, stands aside until the new one is in place: a kill between leaves one of the two.
      const old = temporaryName(join(folder, `.${name}`));
      const replaces = await rename(path, old).then(
        () => true,
        () => false,
      );
      await rename(temporary, path);
      await syncFolder(folder);
      if (replaces) await rm(old, { recursive: true, force: true });
    },
    discard: () => rm(temporary, { recursive: true, force: true }),
  };
}
