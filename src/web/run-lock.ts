/** One tab at a time has a run. */

import { CheckpointError, explain } from "../base/errors.ts";
import { navigatorOf } from "./browser.ts";

/** How long a run is waited for [ms]: a tab that was closed a moment ago may still hold it. */
const patienceMs = 1000;

/**
 * Takes a run for this thread. A browser without locks trusts its user.
 *
 * @param name - Of the run.
 * @param action - What for, for the message.
 * @returns What gives it back.
 * @throws CheckpointError if another tab has it.
 */
export async function lockRun(name: string, action: string): Promise<() => Promise<void>> {
  const { locks } = navigatorOf();
  if (locks === undefined) return async () => {};
  const release = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const held = locks.request(`cameo/run/${name}`, { signal: AbortSignal.timeout(patienceMs) }, async () => {
    taken.resolve();
    await release.promise;
  });
  held.catch(taken.reject);
  try {
    await taken.promise;
  } catch (cause) {
    throw new CheckpointError(
      explain({
        api: "cameo/web",
        action: `${action} the run "${name}"`,
        received: "another tab trains it",
        rule: "one at a time may have it",
        hint: "stop it there first, or choose another name",
      }),
      { cause },
    );
  }
  return async () => {
    release.resolve();
    await held;
  };
}
