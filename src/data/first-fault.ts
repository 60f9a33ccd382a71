/** What an error about data as a whole adds, where a fault before it says why. */

import { DataError, explain } from "../base/errors.ts";
import type { FaultLog } from "./fault.ts";

/** The first fault of a log in brackets, ` (empty: it has no bytes)`, or nothing. */
export function firstFault({ examples: [fault] }: FaultLog): string {
  return fault === undefined ? "" : ` (${fault.code}: ${fault.detail})`;
}

/** The DataError of a source none of whose files can be opened. */
export function nothingReadable(location: string, numFiles: number, faults: FaultLog, rule: string): DataError {
  return new DataError(
    explain({
      api: "openSource",
      action: `open "${location}"`,
      received: `no file of ${numFiles} can be read${firstFault(faults)}`,
      rule,
    }),
    { source: location },
  );
}
