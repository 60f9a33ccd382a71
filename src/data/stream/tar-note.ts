/** The index of an archive, kept in the cache of shards: the pass over an archive is made once. */

import { deserialize, serialize } from "node:v8";
import { FaultError } from "./fault-error.ts";
import type { ShardCache } from "./shard-cache.ts";
import type { TarIndex } from "./tar-index.ts";
import type { TarFault } from "./tar-scan.ts";

/** What a pass over an archive finds. */
export interface TarNote {
  readonly index: TarIndex;
  readonly faults: readonly TarFault[];
}

/** Raised when the index changes: notes of before are void. */
const version = "tar-index 2";

/** What was noted about an archive, if anything was. */
export async function readTarNote(cache: ShardCache | undefined, key: string): Promise<TarNote | undefined> {
  const bytes = await cache?.readNote(`${version} ${key}`);
  if (bytes === undefined) return undefined;
  let note: { index: TarIndex; faults: [FaultError["faultCode"], string, number?, number?][] };
  try {
    // Written atomically by whoever may write to the cache, so its form is not checked again.
    note = deserialize(bytes) as typeof note;
  } catch {
    return undefined; // damaged: the pass is made again
  }
  const { index, faults } = note;
  return {
    index,
    faults: faults.map(([code, detail, byte, numRows = 0]) => ({ error: new FaultError(code, detail, byte), numRows })),
  };
}

/** Notes what a pass over an archive found. */
export async function writeTarNote(cache: ShardCache | undefined, key: string, note: TarNote): Promise<void> {
  const faults = note.faults.map(({ error, numRows }) => [error.faultCode, error.message, error.byte, numRows]);
  await cache?.writeNote(`${version} ${key}`, serialize({ index: note.index, faults }));
}
