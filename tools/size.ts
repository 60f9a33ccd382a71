/** Lines of `src` that are neither blank nor comment nor test, per folder, against the cap. */

import { blankComments, isTestFile, listFiles, type Problem, readText, root } from "./_files.ts";

/** Lines that `src` may have. Raising it is a commit of its own, with the reason. */
export const cap = 75_000;

/** Lines of code in `text`: not blank, not only comment. */
export function countLines(text: string): number {
  return blankComments(text)
    .split("\n")
    .filter((line) => line.trim() !== "").length;
}

/** Lines and files of each folder of `src` below `from`, largest folder first. */
export function sizes(from: string): { folder: string; files: number; lines: number }[] {
  const folders = new Map<string, { folder: string; files: number; lines: number }>();
  for (const file of listFiles(from, "src/**/*.ts").filter((path) => !isTestFile(path))) {
    const parts = file.split("/");
    const folder = parts.length > 2 ? `src/${parts[1]}` : "src";
    const row = folders.get(folder) ?? { folder, files: 0, lines: 0 };
    folders.set(folder, { folder, files: row.files + 1, lines: row.lines + countLines(readText(from, file)) });
  }
  return [...folders.values()].sort((a, b) => b.lines - a.lines);
}

/** One problem if `src` below `from` has more lines than the cap. */
export function checkSize(from: string): Problem[] {
  const total = sizes(from).reduce((sum, row) => sum + row.lines, 0);
  if (total <= cap) return [];
  return [
    {
      file: "src",
      line: 1,
      message: `${total} lines of code, the cap is ${cap}: remove some, or raise the cap with a reason`,
    },
  ];
}

if (import.meta.main) {
  const rows = sizes(root);
  const total = { folder: "src", files: 0, lines: 0 };
  for (const row of rows) {
    total.files += row.files;
    total.lines += row.lines;
    console.log(`${String(row.lines).padStart(7)} lines ${String(row.files).padStart(4)} files  ${row.folder}`);
  }
  console.log(
    `${String(total.lines).padStart(7)} lines ${String(total.files).padStart(4)} files  of ${cap} lines allowed`,
  );
  process.exitCode = checkSize(root).length;
}
