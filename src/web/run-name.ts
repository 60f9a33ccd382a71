/** Names of runs in the browser. */

import { explain, UsageError } from "../base/errors.ts";

const pattern = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u;

/** Whether a run may have this name. */
export function isRunName(name: string): boolean {
  return pattern.test(name) && !name.endsWith(".") && !name.endsWith(" ");
}

/** @throws UsageError for a name that no run may have. */
export function checkRunName(name: string): void {
  if (isRunName(name)) return;
  throw new UsageError(
    explain({
      api: "trainGpt",
      action: `name a run ${JSON.stringify(name)}`,
      received: `got ${name.length} characters`,
      rule: "a name has 1 to 100 letters, digits, spaces, dots, hyphens and underscores, and begins with a letter or digit",
    }),
  );
}
