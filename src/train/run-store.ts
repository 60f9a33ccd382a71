/** Where a run keeps what it must not lose: checkpoints and the log of its events. */

import type { RunEvent } from "../base/events.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";

/** The files of one run: a folder on disk, a browser's private files, or memory. */
export interface RunStore {
  /** What events call the run. */
  readonly path: string;
  readonly checkpoints: CheckpointStore;
  /** What a checkpoint that cannot be written does to the run: ends it, or is a warning. */
  readonly whenFull: "stop" | "warn";
  /** Takes the run for this process or tab until it is disposed. Throws CheckpointError if another one has it. */
  lock(): Promise<AsyncDisposable>;
  /**
   * Opens the log.
   *
   * @param afterStep - Events of later steps, and a last line cut off by a kill, are dropped: the run repeats those steps.
   */
  openLog(afterStep: number): Promise<RunLog>;
}

/** Where events go, one JSON object a line. */
export interface RunLog {
  /** Writes one event; lines keep their order. */
  append(event: RunEvent): void;
  /** Waits until all is written. Throws CheckpointError if a write failed. */
  close(): Promise<void>;
}

/** The lines of a log that a run going on after `step` keeps. */
export function keptLines(text: string, step: number): string {
  return text
    .split("\n")
    .filter((line) => line !== "" && isBefore(line, step))
    .map((line) => `${line}\n`)
    .join("");
}

function isBefore(line: string, step: number): boolean {
  try {
    const event = JSON.parse(line) as { type?: unknown; step?: unknown };
    return typeof event.step !== "number" || event.step <= step || event.type === "start";
  } catch {
    return false;
  }
}
