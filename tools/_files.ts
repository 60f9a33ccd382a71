/** What the checks share: the tree's files, and the form in which a problem is printed. */

import { globSync, readFileSync } from "node:fs";
import { resolve, sep } from "node:path";

/** One finding, printed as `file:line: message`. */
export interface Problem {
  /** Path from the root, with forward slashes. */
  readonly file: string;
  /** 1 is the first line. */
  readonly line: number;
  readonly message: string;
}

/** Root of the repository. */
export const root: string = resolve(import.meta.dirname, "..");

/**
 * Files below `from` that match `pattern`, without build output and installed packages.
 *
 * @param from - Absolute folder.
 * @param pattern - Glob, from that folder.
 * @returns Paths from that folder with forward slashes, sorted.
 */
export function listFiles(from: string, pattern: string): string[] {
  const found = globSync(pattern, {
    cwd: from,
    exclude: ["**/node_modules/**", "**/dist/**", "**/.cache/**", "**/runs/**"],
  });
  return found.map((path) => path.split(sep).join("/")).sort();
}

/** Text of the file at `path` below `from`. */
export function readText(from: string, path: string): string {
  return readFileSync(resolve(from, path), "utf8");
}

/** Line number of the character at `offset` of `text`. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** True for what is never built or published: tests, tables of test rows and contract suites. */
export function isTestFile(path: string): boolean {
  return /\.(test|cases|contract)\.ts$/.test(path);
}

/** Replaces block comments that begin a line and whole-line comments by blank lines; offsets and lines stay. */
export function blankComments(text: string): string {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, " ");
  return text.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, blank).replace(/^[ \t]*\/\/.*$/gm, blank);
}
