/**
 * Examples that run. Every fenced `ts` block of a docstring below `src`, of the README and of `docs` becomes a file under
 * `.cache/doctest`, padded with blank lines so that a failure's line number is the line in the document. The files import the
 * package by its own name, as a reader would; `doctest.test.ts` runs them and `check` compiles them.
 *
 * A block that cannot run here says why: ` ```ts skip: needs a GPU `. It is still compiled.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isTestFile, listFiles, type Problem, readText } from "./_files.ts";

/** One fenced block. */
export interface Example {
  /** Document it stands in, from the root. */
  readonly file: string;
  /** First line of its code in the document. */
  readonly line: number;
  readonly code: string;
  /** Why it is not run, when it is not. */
  readonly skip?: string;
}

/** Where the examples' files are written, from the root. */
export const outputFolder = ".cache/doctest";

/**
 * Extracts the examples of one document.
 *
 * @param file - Path from the root; in a `.ts` file only docstrings are read, in any other every block.
 * @param text - Content of the document.
 * @returns The examples in order.
 */
export function examplesOf(file: string, text: string): Example[] {
  const lines = text.split("\n");
  const isSource = file.endsWith(".ts");
  const margin = isSource ? /^\s*\* ?/ : /^/;
  const examples: Example[] = [];
  for (let index = 0; index < lines.length; index++) {
    const raw = lines[index] ?? "";
    const fence =
      isSource && !/^\s*\*/.test(raw) ? null : /^(`{3,})ts(?:\s+(.*))?$/.exec(raw.replace(margin, "").trimEnd());
    if (fence === null) continue;
    const [, ticks = "```", info = ""] = fence;
    const start = index + 1;
    const code: string[] = [];
    while (++index < lines.length) {
      const line = (lines[index] ?? "").replace(margin, "");
      if (line.trimEnd() === ticks) break;
      code.push(line);
    }
    const skip = /^skip:\s*(.*)$/.exec(info)?.[1];
    examples.push({ file, line: start + 1, code: code.join("\n"), ...(skip !== undefined && { skip }) });
  }
  return examples;
}

/** All examples of the repository at `from`: docstrings of `src`, the README, and the pages of `docs`. */
export function allExamples(from: string): Example[] {
  const sources = listFiles(from, "src/**/*.ts").filter((path) => !isTestFile(path));
  const pages = [...listFiles(from, "*.md"), ...listFiles(from, "docs/**/*.md")];
  return [...sources, ...pages].flatMap((file) => examplesOf(file, readText(from, file)));
}

/** Examples in a docstring that assert nothing, and skips without a reason. */
export function checkExamples(examples: readonly Example[]): Problem[] {
  return examples.flatMap(({ file, line, code, skip }) => {
    if (skip === "") return [{ file, line, message: "the example is skipped without a reason" }];
    const asserts = /\bassert\b[.(]|\bexpect\(/.test(code);
    return skip !== undefined || asserts || !file.startsWith("src/")
      ? []
      : [{ file, line, message: "the example asserts nothing" }];
  });
}

/** Path of the file that an example is written to, from the root. */
export function pathOf(example: Example): string {
  return `${outputFolder}/${example.file.replace(/\.\w+$/, "")}.${example.line}.ts`;
}

/**
 * Writes every example to its file, with a project file to compile them, and removes those of earlier runs.
 *
 * @param from - Absolute root of the repository.
 * @param examples - See {@link allExamples}.
 */
export function writeExamples(from: string, examples: readonly Example[]): void {
  const current = new Set(examples.map(pathOf));
  const folder = resolve(from, outputFolder);
  if (existsSync(folder))
    for (const old of listFiles(folder, "**/*.ts"))
      if (!current.has(`${outputFolder}/${old}`)) rmSync(resolve(folder, old));
  const project = {
    extends: "../../tsconfig.json",
    compilerOptions: { moduleDetection: "force" },
    include: ["**/*.ts"],
  };
  writeIfChanged(resolve(folder, "tsconfig.json"), `${JSON.stringify(project, null, 2)}\n`);
  for (const example of examples)
    writeIfChanged(resolve(from, pathOf(example)), `${"\n".repeat(example.line - 1)}${example.code}\n`);
}

/** Leaves an unchanged file alone, so that watchers and caches see no change. */
function writeIfChanged(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
