/** The columns that `--columns` names. */

import type { Source } from "../data/source/source.ts";
import { columnsFlag } from "./_data-flags.ts";
import { type Arguments, usageError } from "./command.ts";

/** Each once, and all of them there; undefined for all columns. */
export function chosenColumns(command: string, args: Arguments, source: Source): string[] | undefined {
  const given = args.given.get(columnsFlag.name) as readonly string[] | undefined;
  if (given === undefined) return undefined;
  const all = source.schema.map(({ name }) => name);
  // A name may hold a comma itself.
  const names = given.flatMap((text) => (all.includes(text) ? [text] : text.split(",")));
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw usageError(command, "use --columns", `there is no column "${unknown}"`, `must be some of ${all.join(", ")}`);
  return [...new Set(names)];
}
