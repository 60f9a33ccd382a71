/** The program `cameo`: ties the process to {@link dispatch}. Acts on import. */

import { Interrupted } from "./_failure.ts";
import { commands } from "./commands.ts";
import { dispatch } from "./dispatch.ts";

/**
 * Signals this soon after the first are the same key press [ms]: npm and npx pass Ctrl-C on to a process that the terminal has
 * told already.
 */
const samePressMs = 400;

const stop = new AbortController();
let stoppedAt = 0;
for (const [name, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  process.on(name, () => {
    if (stop.signal.aborted && performance.now() - stoppedAt > samePressMs) process.exit(code);
    if (stop.signal.aborted) return;
    stoppedAt = performance.now();
    stop.abort(new Interrupted());
  });

// A reader that leaves (`| head`) stops a run as Ctrl-C does; it is no error.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (!stop.signal.aborted) stop.abort(new Interrupted());
  });

const { stdin, stdout, stderr, env } = process;
process.exitCode = await dispatch(process.argv.slice(2), { stdin, stdout, stderr, signal: stop.signal, env }, commands);
// Work that stops at once may still hold the process.
if (stop.signal.aborted) process.exit();
