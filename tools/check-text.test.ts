import { expect, test } from "vitest";
import { checkFile, checkLock, longest } from "./check-text.ts";

/** Joined here, so that this file does not hold what it looks for. */
const home = ["", "home", "ada", "cameo"].join("/");
const host = ["registry", "npmjs", "org"].join(".");
const note = ["TO", "DO"].join("");

test("checkFile finds a path of one machine and a registry's host, with the line", () => {
  const problems = checkFile("docs/a.md", `# A\n\nsee ${home}/x\nfrom https://${host}/zod\n`);
  expect(problems.map(({ line, message }) => [line, message])).toEqual([
    [3, "holds a path of one machine"],
    [4, "holds a registry's host"],
  ]);
});

test("checkFile lets addresses and relative paths be", () => {
  expect(checkFile("docs/a.md", "https://example.org/home/x and ./work/y and src/work/z\n")).toEqual([]);
});

test("checkFile finds work left undone in the sources only", () => {
  expect(checkFile("src/nn/a.ts", `// ${note}: later\n`)).toHaveLength(1);
  expect(checkFile("docs/log.md", `${note}\n`)).toEqual([]);
});

test("checkFile wants code files within the limit; tables of test rows may be longer", () => {
  const text = "a();\n".repeat(longest + 1);
  expect(checkFile("src/nn/a.ts", text)).toHaveLength(1);
  expect(checkFile("src/nn/a.ts", "a();\n".repeat(longest))).toEqual([]);
  expect(checkFile("src/nn/a.cases.ts", text)).toEqual([]);
});

test("checkLock finds hosts and needless install scripts", () => {
  const packages = {
    "": {},
    "node_modules/node": { hasInstallScript: true },
    "node_modules/koffi": { hasInstallScript: true },
    "node_modules/zod": { resolved: `https://${host}/zod/-/zod-4.6.7.tgz` },
  };
  const messages = checkLock(JSON.stringify({ packages })).map(({ message }) => message);
  expect(messages).toEqual([
    expect.stringContaining('"node_modules/koffi" would run an install script'),
    expect.stringContaining('"node_modules/zod" names the host'),
  ]);
});
