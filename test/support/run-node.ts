/** Runs JavaScript in a Node process of its own: for what a test cannot do to the process it runs in. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** How a process ended and what it wrote. */
export interface NodeResult {
  /** Exit code; null when it was killed by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Address from which a script can import a file of this repository: `sourceUrl("src/runtime/cpu.ts")`. */
export function sourceUrl(path: string): string {
  return pathToFileURL(join(import.meta.dirname, "../..", path)).href;
}

/**
 * Runs an ES module given as text and waits for its end.
 *
 * @param source - May import by {@link sourceUrl}.
 * @param options - `timeoutMs` after which it is killed, flags for Node, and environment variables over this process's own.
 */
export function runNode(
  source: string,
  options: { timeoutMs?: number; flags?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Promise<NodeResult> {
  const { timeoutMs = 30_000, flags = [], env = {} } = options;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--conditions=cameo-source", ...flags, "--input-type=module", "--eval", source],
      { timeout: timeoutMs, killSignal: "SIGKILL", env: { ...process.env, ...env } },
      (error, stdout, stderr) =>
        resolve({
          code: error === null ? 0 : typeof error.code === "number" ? error.code : null,
          signal: error?.signal ?? null,
          stdout,
          stderr,
        }),
    );
  });
}
