/** Columns that are named must be there. */

import { DataError, explain } from "../../base/errors.ts";
import type { Source } from "../source/source.ts";

/** Throws unless the source has the column. */
export function checkColumn(source: Source, name: string): void {
  if (source.schema.some((field) => field.name === name)) return;
  throw new DataError(
    explain({
      api: "sample",
      action: `use column "${name}"`,
      received: `"${source.location}" has ${source.schema.map((field) => field.name).join(", ")}`,
      rule: "must be one of them",
    }),
    { source: source.location },
  );
}
