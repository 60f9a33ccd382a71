/** What a checkpoint says beside its tensors: `state.json`. */

import { sha256 } from "../base/sha256.ts";
import type { FeedbackState } from "../optim/transform.ts";
import type { LossScaleState } from "./loss-scale.ts";

/** Version of the layout of a checkpoint; readers refuse others. */
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
  /** The scale of the loss, in mixed precision. */
  readonly lossScale?: LossScaleState;
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

/** The numbers that a run gives; the rest of the state is made of the files. */
export type CheckpointNumbers = Omit<CheckpointState, "formatVersion" | "files" | "checksum">;

/**
 * The text of `state.json`.
 *
 * @param numbers - Those of the run.
 * @param files - SHA-256 of each file.
 */
export async function stateText(numbers: CheckpointNumbers, files: CheckpointState["files"]): Promise<string> {
  const content = { formatVersion, ...numbers, files };
  return `${JSON.stringify({ ...content, checksum: await checksumOf(content) }, null, 2)}\n`;
}

/**
 * Reads and checks the text of `state.json`.
 *
 * @param text - The file.
 * @param bad - Makes the error of what was found and the rule.
 * @throws What `bad` makes.
 */
export async function parseState(
  text: string,
  bad: (received: string, rule: string) => Error,
): Promise<CheckpointState> {
  let state: CheckpointState | null = null;
  try {
    state = JSON.parse(text) as CheckpointState | null;
  } catch {
    // the check below says it
  }
  if (typeof state !== "object" || state === null)
    throw bad("state.json is missing or no JSON", "a checkpoint has one");
  if (state.formatVersion !== formatVersion)
    throw bad(`format version ${state.formatVersion}`, `this Cameo reads ${formatVersion}`);
  const { checksum, ...content } = state;
  if (checksum !== (await checksumOf(content)))
    throw bad("state.json does not have the checksum that it names", "it is changed");
  if (!Number.isSafeInteger(state.step) || state.step < 0 || !Number.isSafeInteger(state.seed))
    throw bad("state.json lacks step or seed", "both must be integers");
  return state;
}

const checksumOf = (content: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(content)));
