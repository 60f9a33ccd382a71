/**
 * What no committed file may hold: paths of one machine, hosts of a registry, files too long to read, notes of work left
 * undone. And what the lock file must not: a host, or an install script that `npm ci` would run without need.
 */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isTestFile, type Problem, readText } from "./_files.ts";

/** Lines a file may have. */
export const longest = 600;

const textFile = /\.(ts|tsx|js|mjs|json|md|ya?ml|toml|css|html|sh|py|svg|txt)$|(^|\/)(run|LICENSE|NOTICE|\.npmrc)$/;

/** Written so that this file does not match itself. */
const forbidden: readonly { readonly pattern: RegExp; readonly rule: string; readonly where: RegExp }[] = [
  { pattern: /(?<![\w.~-])\/(?:home|Users|root|work)\/\w/, rule: "a path of one machine", where: /./ },
  {
    pattern: /(?<![\w.~-])\/tmp\/\w/,
    rule: "a path of one machine; use os.tmpdir()",
    where: /\.(ts|js|py|sh|json)$|run$/,
  },
  {
    pattern: /registry\.npmjs|registry\.yarnpkg|pypi\.org\/simple|files\.pythonhosted/,
    rule: "a registry's host",
    where: /^(?!tools\/check-text)/,
  },
  {
    pattern: /\b(TODO|FIXME|XXX)\b/,
    rule: "a note of work left undone; do it, or file an issue",
    where: /^(src|web)\//,
  },
  { pattern: /\b(test|it|describe)\.only\(/, rule: "a focused test, which silences the others", where: /\.test\.ts$/ },
];

/** Problems in one file's `text`, its path from the root being `file`. */
export function checkFile(file: string, text: string): Problem[] {
  const lines = text.split("\n");
  const problems: Problem[] = [];
  lines.forEach((content, index) => {
    for (const { pattern, rule, where } of forbidden)
      if (where.test(file) && pattern.test(content)) problems.push({ file, line: index + 1, message: `holds ${rule}` });
  });
  const isCode = /\.(ts|tsx|js)$/.test(file) && !isTestFile(file);
  if (isCode && lines.length - 1 > longest)
    problems.push({ file, line: longest, message: `${lines.length - 1} lines, the most is ${longest}: split by idea` });
  return problems;
}

/** Problems in the text of `package-lock.json`. Only the `node` package needs its install script. */
export function checkLock(text: string): Problem[] {
  const file = "package-lock.json";
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { resolved?: string; hasInstallScript?: boolean }>;
  };
  return Object.entries(packages).flatMap(([name, entry]) => {
    const message =
      entry.resolved !== undefined && !entry.resolved.startsWith("web")
        ? `"${name}" names the host it came from; delete its "resolved" line`
        : entry.hasInstallScript === true && name !== "node_modules/node"
          ? `"${name}" would run an install script where npm is older than 11; delete its "hasInstallScript" line`
          : undefined;
    return message === undefined ? [] : [{ file, line: 1, message }];
  });
}

/**
 * Checks the text of every file that git tracks or would track.
 *
 * @param from - Absolute root of the repository.
 * @returns One problem per line at fault.
 */
export function checkText(from: string): Problem[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: from,
    encoding: "utf8",
  });
  const files = listed.split("\n").filter((path) => textFile.test(path) && existsSync(resolve(from, path)));
  const problems = files
    .filter((path) => path !== "package-lock.json" && !/^fixtures\/.*\.json$/.test(path))
    .flatMap((path) => checkFile(path, readText(from, path)));
  return [...problems, ...checkLock(readText(from, "package-lock.json"))];
}
