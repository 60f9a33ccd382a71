import { resolve } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { root } from "./_files.ts";
import { allExamples, checkExamples, examplesOf, pathOf, writeExamples } from "./doctest.ts";

const docstring = [
  "/**",
  " * Adds.",
  " *",
  " * @example Two and two",
  " * ```ts",
  ' * import assert from "node:assert/strict";',
  " * assert.equal(2 + 2, 4);",
  " * ```",
  " */",
  "export const notAnExample = `",
  "```ts",
  "```",
  "`;",
].join("\n");

test("examplesOf takes the blocks of docstrings, with the line they stand on", () => {
  const code = 'import assert from "node:assert/strict";\nassert.equal(2 + 2, 4);';
  expect(examplesOf("src/a.ts", docstring)).toEqual([{ file: "src/a.ts", line: 6, code }]);
});

test("examplesOf takes every block of a page, and the reason of a skip", () => {
  const page = "# A\n\n```ts skip: needs a GPU\nlet a = 1;\n```\n\n```text\nno\n```\n";
  expect(examplesOf("README.md", page)).toEqual([
    { file: "README.md", line: 4, code: "let a = 1;", skip: "needs a GPU" },
  ]);
});

test("checkExamples wants an assertion in docstrings and a reason for a skip", () => {
  const example = { line: 1, code: "f();" };
  const problems = checkExamples([
    { ...example, file: "src/a.ts" },
    { ...example, file: "docs/a.md" },
    { ...example, file: "docs/b.md", skip: "" },
    { ...example, file: "src/c.ts", code: "assert.ok(f());" },
  ]);
  expect(problems.map(({ file }) => file)).toEqual(["src/a.ts", "docs/b.md"]);
});

describe("examples", () => {
  const examples = allExamples(root);
  writeExamples(root, examples);
  for (const example of examples)
    test.skipIf(example.skip !== undefined)(`${example.file}:${example.line}`, async () => {
      // A page may print: its reader sees the output. A docstring asserts instead.
      if (!example.file.startsWith("src/")) vi.spyOn(console, "log").mockImplementation(() => undefined);
      await import(/* @vite-ignore */ resolve(root, pathOf(example)));
    });
});
