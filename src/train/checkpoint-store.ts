/**
 * Checkpoints of a run wherever its files lie: a folder on disk, a browser's private files, or memory. A checkpoint `step-N` is
 * `model.safetensors`, `optimizer.safetensors` and `state.json`, the same bytes everywhere, and it is there whole or not at all.
 */

import { CheckpointError, explain, isCameoError, messageOf } from "../base/errors.ts";
import {
  type ByteSource,
  type NamedTensor,
  safetensorsHeader,
  safetensorsParts,
  safetensorsTensors,
} from "../tensor/safetensors-format.ts";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.ts";
import { type CheckpointNumbers, type CheckpointState, parseState, stateText } from "./checkpoint-state.ts";
import type { StateTensor } from "./memory.ts";

/** What checkpoints need of the place where they lie. */
export interface CheckpointFiles {
  /** What writing needs, and what users do where it fails. */
  readonly writing: { readonly rule: string; readonly wayOut: string };
  /** What users call the place of a checkpoint. */
  pathOf(name: string): string;
  /** Names of what is there whole; empty if nothing was ever written. */
  list(): Promise<readonly string[]>;
  /** Begins a checkpoint; it is not listed before it is complete. */
  create(name: string): Promise<PendingCheckpoint>;
  /** Opens a file of a checkpoint. Rejects if it is not there. */
  open(name: string, file: string): Promise<ByteSource & AsyncDisposable>;
  /** SHA-256 of a file, hexadecimal. Rejects if it is not there. */
  hash(name: string, file: string): Promise<string>;
  remove(name: string): Promise<void>;
  /** Removes what was begun and never completed. */
  sweep(): Promise<void>;
}

/** A checkpoint that is being written. */
export interface PendingCheckpoint {
  /** Writes a file; `state.json` comes last. Resolves with the SHA-256 of its bytes, hexadecimal, when they are safe. */
  write(file: string, content: FileContent): Promise<string>;
  /** From here on it is there, in place of one of the same name. */
  complete(): Promise<void>;
  /** Takes back what was written. */
  discard(): Promise<void>;
}

/** What goes into a file. */
export interface FileContent {
  readonly sizeBytes: number;
  /** The bytes in order. */
  parts(): AsyncIterable<Uint8Array>;
}

/** A checkpoint that was opened and is whole. */
export interface Checkpoint {
  /** Its name among those of the run: `step-N`. */
  readonly name: string;
  readonly path: string;
  readonly state: CheckpointState;
}

/** The tensor files of a checkpoint, and the names of the state that each holds. */
const files: readonly (readonly [file: string, prefix: string])[] = [
  ["model.safetensors", "model/"],
  ["optimizer.safetensors", "optimizer/"],
];

const stateFile = "state.json";

const nameOf = (step: number): string => `step-${step}`;

/** The checkpoints of one run. */
export class CheckpointStore {
  readonly #files: CheckpointFiles;

  /** @param place - Where they lie. */
  constructor(place: CheckpointFiles) {
    this.#files = place;
  }

  /**
   * Writes a checkpoint. If anything fails (no room), nothing is left behind and earlier checkpoints are untouched.
   *
   * @param tensors - State of the step program.
   * @param numbers - What to store beside it.
   * @returns Path and size of the checkpoint.
   * @throws CheckpointError naming the place and the cause.
   */
  async write(
    tensors: ReadonlyMap<string, StateTensor>,
    numbers: CheckpointNumbers,
  ): Promise<{ path: string; sizeBytes: number }> {
    const name = nameOf(numbers.step);
    const path = this.#files.pathOf(name);
    let pending: PendingCheckpoint | undefined;
    try {
      pending = await this.#files.create(name);
      const sums: Record<string, string> = {};
      let total = 0;
      for (const [file, prefix] of files) {
        const content = safetensorsParts(`${path}/${file}`, named(tensors, prefix), { format: "cameo" });
        sums[file] = await pending.write(file, content);
        total += content.sizeBytes;
      }
      const state = textContent(await stateText(numbers, sums));
      await pending.write(stateFile, state);
      await pending.complete();
      return { path, sizeBytes: total + state.sizeBytes };
    } catch (cause) {
      await pending?.discard().catch(() => {});
      throw new CheckpointError(
        explain({
          api: "checkpoint",
          action: `write "${path}"`,
          received: messageOf(cause),
          rule: this.#files.writing.rule,
          hint: `earlier checkpoints are untouched; ${this.#files.writing.wayOut}`,
        }),
        { cause },
      );
    }
  }

  /** What is there, newest first. Other names, such as those of what was left half written, are not listed. */
  async list(): Promise<{ step: number; path: string }[]> {
    return (await this.#files.list())
      .flatMap((name) => {
        const match = /^step-(\d+)$/.exec(name);
        return match === null ? [] : [{ step: Number(match[1]), path: this.#files.pathOf(name) }];
      })
      .sort((a, b) => b.step - a.step);
  }

  /**
   * Reads and verifies a checkpoint: layout, version and the checksum of every file.
   *
   * @param name - `step-N`.
   * @throws CheckpointError saying which file is wrong and how.
   */
  async open(name: string): Promise<Checkpoint> {
    const path = this.#files.pathOf(name);
    const bad = (received: string, rule: string, cause?: unknown) =>
      new CheckpointError(explain({ api: "checkpoint", action: `read "${path}"`, received, rule }), { cause });
    let text: string;
    try {
      text = new TextDecoder().decode(await this.#read(name, stateFile));
    } catch (cause) {
      throw bad("state.json is missing or no JSON", "a checkpoint has one", cause);
    }
    const state = await parseState(text, bad);
    for (const [file] of files) {
      const sum = await this.#files.hash(name, file).catch((cause) => {
        throw bad(`${file} cannot be read`, "a checkpoint has it", cause);
      });
      if (sum !== state.files?.[file])
        throw bad(`${file} does not have the checksum in state.json`, "it is truncated or changed");
    }
    return { name, path, state };
  }

  /**
   * The newest checkpoint that is whole. Damaged ones are passed over with a warning.
   *
   * @param run - What users call the run.
   * @param warn - Told of every checkpoint that is passed over.
   * @returns The checkpoint, or null if there is none yet.
   * @throws CheckpointError if there are checkpoints but none is whole.
   */
  async newest(run: string, warn: (message: string) => void): Promise<Checkpoint | null> {
    const listed = await this.list();
    let last: unknown;
    for (const { step } of listed) {
      try {
        return await this.open(nameOf(step));
      } catch (error) {
        if (!isCameoError(error, "checkpoint")) throw error;
        last = error;
        warn(messageOf(error));
      }
    }
    if (last === undefined) return null;
    throw new CheckpointError(
      explain({
        api: "train",
        action: `resume "${run}"`,
        received: `none of its ${listed.length} checkpoints is whole`,
        rule: "resuming takes one",
        hint: messageOf(last),
      }),
      { cause: last },
    );
  }

  /**
   * Loads a checkpoint into the memory of a step program.
   *
   * @param name - Of one that was opened.
   * @param tensors - State of a program for the same model and optimizer.
   * @throws CheckpointError if names or shapes differ.
   */
  async restore(name: string, tensors: ReadonlyMap<string, StateTensor>): Promise<void> {
    const bad = (received: string, rule: string) =>
      new CheckpointError(
        explain({
          api: "checkpoint",
          action: `resume from "${this.#files.pathOf(name)}"`,
          received,
          rule,
          hint: "resume with the recipe of the run, or start a new run",
        }),
      );
    // Everything is checked before anything is changed.
    for (const [file, prefix] of files) {
      await using source = await this.#files.open(name, file);
      const { entries } = await safetensorsHeader(source);
      const wanted = [...tensors].filter(([path]) => path.startsWith(prefix));
      for (const [path, { shape, view }] of wanted) {
        const entry = entries.get(path.slice(prefix.length));
        if (entry === undefined) throw bad(`${file} has no "${path.slice(prefix.length)}"`, "the model has it");
        if (!sameShape(entry.shape, shape) || entry.dtype !== view.buffer.dtype)
          throw bad(
            `"${path}" is ${entry.dtype} ${formatShape(entry.shape)}`,
            `the model has ${view.buffer.dtype} ${formatShape(shape)}`,
          );
      }
      if (entries.size !== wanted.length)
        throw bad(`${file} has ${entries.size} tensors`, `the model has ${wanted.length}`);
    }
    for (const [file, prefix] of files) {
      await using source = await this.#files.open(name, file);
      for (const [path, { data }] of await safetensorsTensors(source)) {
        const { view } = tensors.get(prefix + path) as StateTensor;
        await view.buffer.write(data as Exclude<typeof data, readonly string[]>, view.offset);
      }
    }
  }

  /**
   * The files of a checkpoint as they are, for an archive.
   *
   * @param name - Of one that was opened.
   */
  async read(name: string): Promise<Map<string, Uint8Array>> {
    const content = new Map<string, Uint8Array>();
    for (const file of [...files.map(([file]) => file), stateFile]) content.set(file, await this.#read(name, file));
    return content;
  }

  /**
   * Removes checkpoints that are no longer needed, and what was left half written.
   *
   * @param keep - How many to keep, the newest.
   * @param step - Steps completed. Checkpoints of later steps are damaged ones that a resumed run passed over, and go first.
   */
  async prune(keep: number, step: number = Number.POSITIVE_INFINITY): Promise<void> {
    const listed = await this.list();
    const later = listed.filter((checkpoint) => checkpoint.step > step);
    const others = listed.filter((checkpoint) => checkpoint.step <= step);
    for (const { step: old } of [...later, ...others.slice(keep)]) await this.#files.remove(nameOf(old));
    await this.#files.sweep();
  }

  async #read(name: string, file: string): Promise<Uint8Array> {
    await using source = await this.#files.open(name, file);
    const bytes = new Uint8Array(source.sizeBytes);
    await source.read(bytes, 0);
    return bytes;
  }
}

function textContent(text: string): FileContent {
  const bytes = new TextEncoder().encode(text);
  return {
    sizeBytes: bytes.length,
    async *parts() {
      yield bytes;
    },
  };
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
