/**
 * The list of entries is the promise to users: `exports` in package.json names exactly the folders of `src` that have an
 * `index.ts`, every entry does nothing but re-export, and the built package is one that npm's consumers can load.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { blankComments, lineAt, listFiles, type Problem, readText } from "./_files.ts";

const file = "package.json";

type Exports = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** Conditions of the entry with this subpath, in the order in which Node must try them. */
export function expectedConditions(subpath: string): Readonly<Record<string, string>> {
  const folder = subpath === "." ? "" : subpath.slice(1);
  return {
    "cameo-source": `./src${folder}/index.ts`,
    types: `./dist${folder}/index.d.ts`,
    default: `./dist${folder}/index.js`,
  };
}

/** Differences between the exports map and the entries that exist. */
export function checkMap(exports: Exports, entries: readonly string[]): Problem[] {
  const subpaths = entries.map((entry) => entry.replace(/^src/, ".").replace(/\/index\.ts$/, ""));
  const line = 1;
  const missing = subpaths
    .filter((subpath) => exports[subpath] === undefined)
    .map((subpath) => ({ file, line, message: `exports lacks "${subpath}", which has an index.ts` }));
  const wrong = Object.entries(exports)
    .filter(([subpath]) => subpath !== "./package.json")
    .flatMap(([subpath, conditions]) => {
      const expected = expectedConditions(subpath);
      const message = !subpaths.includes(subpath)
        ? `exports has "${subpath}", but there is no ${expected["cameo-source"]}`
        : JSON.stringify(conditions) !== JSON.stringify(expected)
          ? `exports "${subpath}" is not ${JSON.stringify(expected)}, in this order`
          : undefined;
      return message === undefined ? [] : [{ file, line, message }];
    });
  return [...missing, ...wrong];
}

/** Statements of an entry that are anything else than a re-export. */
export function checkEntry(entry: string, text: string): Problem[] {
  const code = blankComments(text);
  const rest = code.replace(/^export\s[^;"']*?\sfrom\s*["'][^"']+["'];?/gm, (statement) =>
    statement.replace(/[^\n]/g, " "),
  );
  const at = rest.search(/\S/);
  return at < 0
    ? []
    : [{ file: entry, line: lineAt(rest, at), message: "an entry only re-exports; move this to a file of its own" }];
}

/** Imports every built entry in plain Node, as an installed package would be. */
function checkBuilt(from: string, exports: Exports): Problem[] {
  const subpaths = Object.keys(exports).filter((subpath) => subpath !== "./package.json");
  return subpaths.flatMap((subpath) => {
    const built = expectedConditions(subpath).default ?? "";
    const code = `await import(${JSON.stringify(`cameo${subpath.slice(1)}`)})`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
      cwd: from,
      encoding: "utf8",
    });
    const reason = /^\w*Error.*$/m.exec(stderr)?.[0] ?? stderr.trim();
    return status === 0 ? [] : [{ file: built, line: 1, message: `cannot be imported: ${reason}` }];
  });
}

/**
 * Checks the package's entries. Needs a build: publint and Node look at the files that would be published.
 *
 * @param from - Absolute root of the repository.
 * @returns One problem per entry at fault, and what publint says.
 */
export async function checkExports(from: string): Promise<Problem[]> {
  const manifest = JSON.parse(readText(from, file)) as { exports: Exports };
  const entries = listFiles(from, "src/{index.ts,*/index.ts,*/*/index.ts}");
  const own = [
    ...checkMap(manifest.exports, entries),
    ...entries.flatMap((entry) => checkEntry(entry, readText(from, entry))),
  ];
  if (own.length > 0) return own;
  if (!existsSync(resolve(from, "dist/index.js")))
    return [{ file: "dist", line: 1, message: "is missing; run `npm run build`" }];
  const { messages, pkg } = await publint({ pkgDir: from, level: "warning", strict: true, pack: false });
  const linted = messages.map((message) => ({
    file,
    line: 1,
    message: formatMessage(message, pkg, { color: false }) ?? message.code,
  }));
  return [...linted, ...checkBuilt(from, manifest.exports)];
}
