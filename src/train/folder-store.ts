/** A run kept in a folder on disk. */

import { lockFolder } from "./_lock.ts";
import { checkpointFolder } from "./checkpoint.ts";
import { EventLog, type RunFolder } from "./run-folder.ts";
import type { RunStore } from "./run-store.ts";

/** The store of a run's folder; a full disk ends the run, with the checkpoints that there are. */
export function folderStore({ path, checkpoints, events }: RunFolder): RunStore {
  return {
    path,
    checkpoints: checkpointFolder(checkpoints),
    whenFull: "stop",
    lock: () => lockFolder(path),
    openLog: (afterStep) => EventLog.open(events, afterStep),
  };
}
