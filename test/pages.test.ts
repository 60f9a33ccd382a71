import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(resolve(root, path), "utf8");

/** A program, one line that ends in a colon, and what the program prints. */
const shown = /^```ts\n((?:(?!^```).*\n)*)```\n\n.*[:：]\n\n```text\n((?:(?!^```).*\n)*)```$/gm;

describe.each(["README.md", "README.zh-CN.md", "docs/how-it-works.md"])("%s", (path) => {
  const programs = [...read(path).matchAll(shown)].map(([, code = "", output = ""], i) => ({ n: i + 1, code, output }));

  test("shows programs with their output", () => expect(programs.length).toBeGreaterThan(0));

  test.each(programs)("program $n prints what the page says", async ({ code, output }) => {
    const args = ["--conditions=cameo-source", "--input-type=module-typescript", "--eval", code];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    expect(stdout.trimEnd()).toBe(output.trimEnd());
  });
});

describe("README.md and README.zh-CN.md say the same", () => {
  const [english, chinese] = [read("README.md"), read("README.zh-CN.md")];
  /** Fenced blocks of a language without their comments. */
  const blocks = (page: string, language: string): string[] =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map(([, code = ""]) =>
      code.replace(/ *(#|\/\/) .*$/gm, ""),
    );
  /** What both must have in the same order, whatever the language around it. */
  const parts = {
    sections: (page: string) => [...page.matchAll(/^#+ /gm)].map(String),
    "shell commands": (page: string) => blocks(page, "sh"),
    programs: (page: string) => blocks(page, "ts"),
    "links to files": (page: string) =>
      [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, to]) => to).filter((to) => !to?.startsWith("README")),
    "measured times": (page: string) => [...page.matchAll(/\b[\d.]+ ms\b/g)].map(String),
    "list items": (page: string) => page.match(/^- /gm),
    "folders of the tree": (page: string) => [...page.matchAll(/^ {2}(\w+\/) {2,}/gm)].map(([, folder]) => folder),
  };

  test.each(Object.entries(parts))("%s", (_, of) => {
    expect(of(english)?.length).toBeGreaterThan(0);
    expect(of(chinese)).toEqual(of(english));
  });
});
