/** Checkpoints in memory: for a run that is not kept, so that it survives the loss of its device. */

import { sha256 } from "../base/sha256.ts";
import type { ByteSource } from "../tensor/safetensors-format.ts";
import type { CheckpointFiles, FileContent } from "./checkpoint-store.ts";

/** All bytes of a file in memory of their own. */
export async function gathered(content: FileContent): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(content.sizeBytes);
  let at = 0;
  for await (const part of content.parts()) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Bytes in memory as a source. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource & AsyncDisposable {
  return {
    name,
    sizeBytes: bytes.length,
    read: async (into, offset) => into.set(bytes.subarray(offset, offset + into.length)),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The files of checkpoints in memory. */
export function memoryFiles(): CheckpointFiles {
  const checkpoints = new Map<string, ReadonlyMap<string, Uint8Array>>();
  const fileOf = (name: string, file: string): Uint8Array => {
    const bytes = checkpoints.get(name)?.get(file);
    if (bytes === undefined) throw new Error(`there is no ${name}/${file}`);
    return bytes;
  };
  return {
    writing: { rule: "there must be memory for it", wayOut: "train a smaller model" },
    pathOf: (name) => name,
    list: async () => [...checkpoints.keys()],
    create: async (name) => {
      const files = new Map<string, Uint8Array>();
      return {
        write: async (file, content) => {
          const bytes = await gathered(content);
          files.set(file, bytes);
          return sha256(bytes);
        },
        complete: async () => void checkpoints.set(name, files),
        discard: async () => {},
      };
    },
    open: async (name, file) => memorySource(`${name}/${file}`, fileOf(name, file)),
    hash: async (name, file) => sha256(fileOf(name, file)),
    remove: async (name) => void checkpoints.delete(name),
    sweep: async () => {},
  };
}
