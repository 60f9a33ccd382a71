/** Shards that are open now: few files and little memory, however many shards there are. */

import { abortable } from "./abortable.ts";
import { FaultError } from "./fault-error.ts";
import type { ShardFile } from "./shard-file.ts";
import type { ShardLayout } from "./shard-layout.ts";

/** A shard that can be read, or why it cannot. */
export type OpenShard = { readonly file: ShardFile; readonly layout: ShardLayout } | { readonly fault: FaultError };

interface Entry {
  readonly shard: Promise<OpenShard>;
  users: number;
  heldBytes: number;
  evicted: boolean;
}

/** Most files open at once. */
const maxOpen = 128;
/** Most memory that unpacked shards hold; one that is in use counts but stays. */
const maxHeldBytes = 512 * 2 ** 20;

/** Opens shards on demand and closes those that were used longest ago. */
export class OpenShards implements AsyncDisposable {
  readonly #open: (shard: number, signal: AbortSignal) => Promise<{ file: ShardFile; layout: ShardLayout }>;
  readonly #stop = new AbortController();
  /** By number of the shard, the one that was used last at the end. */
  readonly #entries = new Map<number, Entry>();
  /** Faults stay known: a shard that has one is not tried again. */
  readonly #faults = new Map<number, FaultError>();

  /** @param open - Opens a shard by its number; throws FaultError if it cannot be used. The signal aborts when nobody wants it any more. */
  constructor(open: (shard: number, signal: AbortSignal) => Promise<{ file: ShardFile; layout: ShardLayout }>) {
    this.#open = open;
  }

  /** Calls `use` with a shard, which stays open until its result settles. */
  async use<Result>(number: number, use: (shard: OpenShard) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const fault = this.#faults.get(number);
    if (fault !== undefined) return use({ fault });
    const entry = this.#entries.get(number) ?? this.#add(number);
    this.#entries.delete(number);
    this.#entries.set(number, entry);
    entry.users++;
    try {
      // Others may wait for the same shard: one that gives up does not end the opening.
      const shard = await abortable(entry.shard, signal);
      if ("file" in shard) entry.heldBytes = shard.file.heldBytes;
      return await use(shard);
    } finally {
      entry.users--;
      if (entry.evicted) await release(entry);
      await this.#shrink();
    }
  }

  #add(number: number): Entry {
    const shard = this.#open(number, this.#stop.signal).catch((error: unknown): OpenShard => {
      this.#entries.delete(number);
      if (!(error instanceof FaultError)) throw error; // may pass: the next use tries again
      this.#faults.set(number, error);
      return { fault: error };
    });
    return { shard, users: 0, heldBytes: 0, evicted: false };
  }

  async #shrink(): Promise<void> {
    let held = 0;
    for (const entry of this.#entries.values()) held += entry.heldBytes;
    for (const [number, entry] of this.#entries) {
      if (this.#entries.size <= maxOpen && held <= maxHeldBytes) return;
      if (entry.users > 0) continue;
      this.#entries.delete(number);
      entry.evicted = true;
      held -= entry.heldBytes;
      await release(entry);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#stop.abort();
    this.#entries.clear();
    for (const entry of entries) entry.evicted = true;
    await Promise.all(entries.map(release));
  }
}

async function release(entry: Entry): Promise<void> {
  if (entry.users > 0) return;
  const shard = await entry.shard.catch(() => undefined);
  if (shard !== undefined && "file" in shard) await shard.file[Symbol.asyncDispose]();
}
