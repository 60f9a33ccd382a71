/** Flags that several commands of `cameo data` have, in the same words. */

import type { Style } from "./_style.ts";
import type { Flag } from "./command.ts";

/** Which columns a command works on; `chosenColumns` reads it. */
export const columnsFlag: Flag = {
  name: "columns",
  type: "strings",
  placeholder: "A,B",
  description: "only these columns",
};

/** Which part is read of a source that has several. Commands that divide data call that `--split` too, and take shares. */
export const sourceSplitFlag: Flag = {
  name: "split",
  type: "string",
  placeholder: "NAME",
  description: "split of the source, as test; train when it has one",
};

/** How many threads work. */
export const workersFlag: Flag = { name: "workers", type: "number", description: "threads; all cores when absent" };

/** What stands for the shares of a division in help. */
export const sharesPlaceholder = "NAME=SHARE,…";

/** Rows that could not be used, as one line; none where all could. */
export function leftOut(faults: Readonly<Record<string, number>>, style: Style): string[] {
  const parts = Object.entries(faults).map(([code, rows]) => `${code} ${rows.toLocaleString("en")}`);
  return parts.length === 0 ? [] : [style.yellow(`left out: ${parts.join(", ")}`)];
}
