/** Starts a process that streams: `stream-child.ts`. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { StreamSpec } from "../../src/data/stream/stream-spec.ts";

/** The process; what it prints comes through its stdout. */
export function startStream(spec: StreamSpec, options: object): ChildProcess {
  const script = join(import.meta.dirname, "stream-child.ts");
  const words = ["--conditions=cameo-source", script, JSON.stringify(spec), JSON.stringify(options)];
  return spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
}
