/** Flags that name a folder to write. */

import { type Arguments, usageError } from "./command.ts";

/** The folder of a flag, which must be given and be on this machine. */
export function folderOf(command: string, args: Arguments, flag: string): string {
  const folder = args.text(flag) ?? "";
  if (folder === "") throw usageError(command, "begin", `got no --${flag}`, "needs a folder to write");
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(folder))
    throw usageError(command, `use --${flag}`, `got "${folder}"`, "must be a folder of this machine");
  return folder;
}
