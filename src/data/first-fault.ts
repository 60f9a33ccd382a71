/** What an error about data as a whole adds, where a fault before it says why. */

import type { FaultLog } from "./fault.ts";

/** The first fault of a log in brackets, ` (empty: it has no bytes)`, or nothing. */
export function firstFault({ examples: [fault] }: FaultLog): string {
  return fault === undefined ? "" : ` (${fault.code}: ${fault.detail})`;
}
