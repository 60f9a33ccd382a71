/** Safetensors files on disk. */

import { type FileHandle, open } from "node:fs/promises";
import { CodecError } from "../base/errors.ts";
import {
  type ByteSource,
  type NamedTensor,
  type SafetensorsHeader,
  safetensorsHeader,
  safetensorsParts,
  safetensorsTensors,
} from "./safetensors-format.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Writes tensors to a file and waits until they are on disk. Not atomic: write under a temporary name and rename.
 *
 * @param path - File to create; must not exist.
 * @param tensors - In the order in which they are laid out after sorting by element size (widest first) and name.
 * @param metadata - Free text by key.
 * @param onBytes - Sees every byte written, in order: for checksums.
 * @returns Size of the file [bytes].
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
  onBytes?: (bytes: Uint8Array) => void,
): Promise<number> {
  const { sizeBytes, parts } = safetensorsParts(path, tensors, metadata);
  const file = await open(path, "wx");
  try {
    for await (const part of parts()) await writeAll(file, part, onBytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return sizeBytes;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, onBytes?: (bytes: Uint8Array) => void): Promise<void> {
  const step = 64 * 2 ** 20; // one system call takes at most 2 GiB
  for (let at = 0; at < bytes.length; at += step) {
    const part = bytes.subarray(at, Math.min(bytes.length, at + step));
    let written = 0;
    while (written < part.length) written += (await file.write(part, written)).bytesWritten;
    onBytes?.(part);
  }
}

/**
 * Reads and checks the header of a file: every tensor lies inside the file, sizes fit shapes, and nothing overlaps.
 *
 * @param path - File to read.
 * @throws CodecError if the file is truncated or not well formed.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  await using source = await openSource(path);
  return await safetensorsHeader(source);
}

/**
 * Reads tensors from a file.
 *
 * @param path - File to read.
 * @param wanted - Names to read; all when absent.
 * @returns Tensors by name, in memory of their own.
 * @throws CodecError if the file is not well formed or lacks a wanted name.
 */
export async function readSafetensors(path: string, wanted?: Iterable<string>): Promise<Map<string, Tensor>> {
  await using source = await openSource(path);
  return await safetensorsTensors(source, wanted);
}

/** A file on disk as a source of bytes; dispose it to close the file. */
export async function openSource(path: string): Promise<ByteSource & AsyncDisposable> {
  const file = await open(path, "r");
  const close = () => file.close();
  try {
    const { size: sizeBytes } = await file.stat();
    return {
      name: path,
      sizeBytes,
      read: (into, offset) => readAll(file, into, offset),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  const step = 64 * 2 ** 20;
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await file.read(bytes, at, Math.min(step, bytes.length - at), offset + at);
    if (bytesRead === 0)
      throw new CodecError(
        "safetensors",
        "safetensors: cannot read: the file ended early, it must hold what its header says",
      );
    at += bytesRead;
  }
}
