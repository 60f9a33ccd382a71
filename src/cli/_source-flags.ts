/** The flags of every command that reads data: what becomes of data that cannot be used. */

import { FaultLog, type FaultPolicy } from "../data/fault.ts";
import type { OpenSourceOptions } from "../data/source/open.ts";
import type { Arguments, Flag } from "./command.ts";

/** See the file's head. */
export const sourceFlags: readonly Flag[] = [
  {
    name: "faults",
    type: "string",
    choices: ["quarantine", "fail"],
    description: "data that cannot be used is set aside and counted, or ends the command",
    default: "quarantine",
  },
  {
    name: "finite",
    type: "strings",
    placeholder: "NAMES",
    description: "columns in which NaN and infinities are faults, separated by commas; all for every float",
  },
];

/** What the flags mean to one source: each has a log of its own. */
export function sourceOptions(args: Arguments): { faults: FaultLog } & Pick<OpenSourceOptions, "finite"> {
  const names = ((args.given.get("finite") ?? []) as readonly string[]).flatMap((list) => list.split(","));
  return {
    faults: new FaultLog({ policy: args.text("faults") as FaultPolicy }),
    finite: names.includes("all") || (names.length > 0 && names),
  };
}
