/**
 * Checkpoints: `checkpoints/step-N/` with `model.safetensors`, `optimizer.safetensors` and `state.json`. A folder with that name is always
 * whole: it is written under another name and renamed when everything is on disk.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { CheckpointError, explain, messageOf } from "../base/errors.ts";
import { syncFolder, temporaryName } from "../base/files.ts";
import type { FeedbackState } from "../optim/transform.ts";
import { type NamedTensor, readSafetensors, readSafetensorsHeader, writeSafetensors } from "../tensor/safetensors.ts";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.ts";
import type { StateTensor } from "./memory.ts";

/** Version of the layout below; readers refuse others. */
const formatVersion = 1;

/** What a checkpoint says beside its tensors. */
export interface CheckpointState {
  readonly formatVersion: number;
  /** Steps completed. */
  readonly step: number;
  readonly seed: number;
  /** What identifies the data (`Dataset.fingerprint`). */
  readonly data: string;
  /** Loss of the last step [nats]. */
  readonly loss: number | null;
  /** Last validation loss [nats]. */
  readonly valLoss: number | null;
  /** Numbers that the optimizer keeps on the host, where it keeps any. */
  readonly feedback?: FeedbackState;
  /** Where the stream of samples stands, where the data set has an order. */
  readonly stream?: StreamState;
  /** SHA-256 of each file, hexadecimal. */
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of all of the above: a changed digit must not go unnoticed. */
  readonly checksum: string;
}

/** Where a stream of samples stands: enough to go on in the middle of an epoch, and to refuse another stream. */
export interface StreamState {
  /** Identifies the data and how batches are made of it. */
  readonly specHash: string;
  readonly seed: number;
  readonly epoch: number;
  /** Samples of the epoch that were used. */
  readonly position: number;
  /** Where it stands 2^24 steps on: batches of another size may leave out others at the ends of epochs, and then it is elsewhere. */
  readonly later: { readonly epoch: number; readonly position: number };
  /** Order hash of all samples since the beginning of the run, 16 hexadecimal digits. */
  readonly orderHash: string;
}

/** A checkpoint on disk. */
export interface Checkpoint {
  readonly path: string;
  readonly state: CheckpointState;
}

const files: readonly (readonly [file: string, prefix: string])[] = [
  ["model.safetensors", "model/"],
  ["optimizer.safetensors", "optimizer/"],
];

/**
 * Writes a checkpoint. If anything fails (a full disk), nothing is left behind and earlier checkpoints are untouched.
 *
 * @param folder - The run's `checkpoints` folder.
 * @param tensors - State of the step program.
 * @param state - Numbers to store beside it.
 * @returns Path and size of the checkpoint.
 * @throws CheckpointError naming the folder and the cause.
 */
export async function writeCheckpoint(
  folder: string,
  tensors: ReadonlyMap<string, StateTensor>,
  state: Omit<CheckpointState, "formatVersion" | "files" | "checksum">,
): Promise<{ path: string; sizeBytes: number }> {
  const path = join(folder, `step-${state.step}`);
  const temporary = temporaryName(join(folder, `.step-${state.step}`));
  try {
    await mkdir(temporary, { recursive: true });
    const sums: Record<string, string> = {};
    let sizeBytes = 0;
    for (const [file, prefix] of files) {
      const hash = createHash("sha256");
      sizeBytes += await writeSafetensors(join(temporary, file), named(tensors, prefix), { format: "cameo" }, (bytes) =>
        hash.update(bytes),
      );
      sums[file] = hash.digest("hex");
    }
    const content = { formatVersion, ...state, files: sums };
    const text = `${JSON.stringify({ ...content, checksum: checksumOf(content) }, null, 2)}\n`;
    const handle = await open(join(temporary, "state.json"), "wx");
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(temporary);
    // One of that step, from before a resume, stands aside until the new one is in place: a kill between leaves one of the two.
    const old = temporaryName(join(folder, `.step-${state.step}`));
    const replaces = await rename(path, old).then(
      () => true,
      () => false,
    );
    await rename(temporary, path);
    await syncFolder(folder);
    if (replaces) await rm(old, { recursive: true, force: true });
    return { path, sizeBytes: sizeBytes + text.length };
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw new CheckpointError(
      explain({
        api: "checkpoint",
        action: `write "${path}"`,
        received: messageOf(cause),
        rule: "the folder must be writable and the disk have room",
        hint: "earlier checkpoints are untouched; make room and go on with --resume",
      }),
      { cause },
    );
  }
}

function checksumOf(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

function named(tensors: ReadonlyMap<string, StateTensor>, prefix: string): NamedTensor[] {
  const list: NamedTensor[] = [];
  for (const [name, { shape, view }] of tensors) {
    if (!name.startsWith(prefix)) continue;
    const end = view.offset + sizeOf(shape);
    list.push({
      name: name.slice(prefix.length),
      dtype: view.buffer.dtype,
      shape,
      data: () => view.buffer.read(view.offset, end),
    });
  }
  return list;
}

/**
 * Checkpoints of a run, newest first. Folders with other names, such as those a killed run left half written, are not listed.
 *
 * @param folder - The run's `checkpoints` folder; may be missing.
 */
export async function listCheckpoints(folder: string): Promise<{ step: number; path: string }[]> {
  const entries = await readdir(folder).catch(() => [] as string[]);
  return entries
    .flatMap((name) => {
      const match = /^step-(\d+)$/.exec(name);
      return match === null ? [] : [{ step: Number(match[1]), path: join(folder, name) }];
    })
    .sort((a, b) => b.step - a.step);
}

/**
 * Reads and verifies a checkpoint: layout, version and the checksum of every file.
 *
 * @param path - Folder of the checkpoint.
 * @throws CheckpointError saying which file is wrong and how.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const bad = (received: string, rule: string, cause?: unknown) =>
    new CheckpointError(explain({ api: "checkpoint", action: `read "${path}"`, received, rule }), { cause });
  let state: CheckpointState;
  try {
    state = JSON.parse(await readFile(join(path, "state.json"), "utf8")) as CheckpointState;
    if (typeof state !== "object" || state === null) throw new TypeError("not an object");
  } catch (cause) {
    throw bad("state.json is missing or no JSON", "a checkpoint has one", cause);
  }
  if (state.formatVersion !== formatVersion)
    throw bad(`format version ${state.formatVersion}`, `this Cameo reads ${formatVersion}`);
  const { checksum, ...content } = state;
  if (checksum !== checksumOf(content))
    throw bad("state.json does not have the checksum that it names", "it is changed");
  if (!Number.isSafeInteger(state.step) || state.step < 0 || !Number.isSafeInteger(state.seed))
    throw bad("state.json lacks step or seed", "both must be integers");
  for (const [file] of files) {
    const hash = createHash("sha256");
    try {
      await pipeline(createReadStream(join(path, file)), hash);
    } catch (cause) {
      throw bad(`${file} cannot be read`, "a checkpoint has it", cause);
    }
    if (hash.digest("hex") !== state.files?.[file])
      throw bad(`${file} does not have the checksum in state.json`, "it is truncated or changed");
  }
  return { path, state };
}

/**
 * Loads a checkpoint into the memory of a step program.
 *
 * @param checkpoint - From {@link openCheckpoint}.
 * @param tensors - State of a program for the same model and optimizer.
 * @throws CheckpointError if names or shapes differ.
 */
export async function restoreCheckpoint(
  checkpoint: Checkpoint,
  tensors: ReadonlyMap<string, StateTensor>,
): Promise<void> {
  const bad = (received: string, rule: string) =>
    new CheckpointError(
      explain({
        api: "checkpoint",
        action: `resume from "${checkpoint.path}"`,
        received,
        rule,
        hint: "resume with the recipe of the run, or start a new run",
      }),
    );
  // Everything is checked before anything is changed.
  for (const [file, prefix] of files) {
    const { entries } = await readSafetensorsHeader(join(checkpoint.path, file));
    const wanted = [...tensors].filter(([name]) => name.startsWith(prefix));
    for (const [name, { shape, view }] of wanted) {
      const entry = entries.get(name.slice(prefix.length));
      if (entry === undefined) throw bad(`${file} has no "${name.slice(prefix.length)}"`, "the model has it");
      if (!sameShape(entry.shape, shape) || entry.dtype !== view.buffer.dtype)
        throw bad(
          `"${name}" is ${entry.dtype} ${formatShape(entry.shape)}`,
          `the model has ${view.buffer.dtype} ${formatShape(shape)}`,
        );
    }
    if (entries.size !== wanted.length)
      throw bad(`${file} has ${entries.size} tensors`, `the model has ${wanted.length}`);
  }
  for (const [file, prefix] of files)
    for (const [name, { data }] of await readSafetensors(join(checkpoint.path, file))) {
      const { view } = tensors.get(prefix + name) as StateTensor;
      await view.buffer.write(data as Exclude<typeof data, readonly string[]>, view.offset);
    }
}

/**
 * Removes checkpoints that are no longer needed, and what killed runs left half written.
 *
 * @param folder - The run's `checkpoints` folder.
 * @param keep - How many to keep, the newest.
 * @param step - Steps completed. Checkpoints of later steps are damaged ones that a resumed run passed over, and go first.
 */
export async function pruneCheckpoints(
  folder: string,
  keep: number,
  step: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  const listed = await listCheckpoints(folder);
  const later = listed.filter((checkpoint) => checkpoint.step > step);
  const others = listed.filter((checkpoint) => checkpoint.step <= step);
  for (const { path } of [...later, ...others.slice(keep)]) await rm(path, { recursive: true, force: true });
  for (const name of await readdir(folder).catch(() => [] as string[]))
    if (/^\.step-\d+\.tmp-/.test(name)) await rm(join(folder, name), { recursive: true, force: true });
}
