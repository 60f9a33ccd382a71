/** Plain text: a row is a line, or a whole file. */

import { isUtf8 } from "node:buffer";
import { openRecords } from "./_open-records.ts";
import type { RecordFormat } from "./_record-format.ts";
import { lineFinder, type RecordFinder, wholeFinder } from "./_records.ts";
import { allHaveExtension, type SourceFormat } from "./format.ts";

const extensions = [".txt", ".text", ".md", ".log"];

function textRecords(finder: () => RecordFinder): RecordFormat {
  return {
    name: "text",
    schema: [{ name: "text", type: "string", nullable: false }],
    finder,
    isRow: () => true,
    decoder: (columns) => (texts) => texts.map((text) => columns.map(() => text)),
  };
}

/** Text files; anything that is UTF-8 without a NUL byte counts as such in the end. */
export const text: SourceFormat = {
  name: "text",
  detect: (_, entries, head) => {
    if (allHaveExtension(entries, extensions)) return true;
    // Anything else in a folder is not taken for text because its first file is. The head may end inside a character.
    const isText = [0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, head.length - cut)));
    return entries.length === 1 && head.length > 0 && isText && !head.includes(0);
  },
  open: (context) => {
    const finder = context.options.textRows === "file" ? wholeFinder : lineFinder;
    return openRecords(context, {
      finder: () => finder,
      hasHeader: () => false,
      infer: () => ({ format: textRecords(finder), firstByte: () => 0 }),
    });
  },
};
