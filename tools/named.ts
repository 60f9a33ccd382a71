/**
 * Runs the program behind a name, so that nobody needs to know where it lies: `npm run bench <name>` runs
 * `bench/<name>.bench.ts`, `npm run fixtures <name>` runs `fixtures/<name>/make.ts` or `make.py`. Without a name it lists them.
 * Programs see the package's sources under the package's own name.
 */

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { listFiles, root } from "./_files.ts";

const places: Readonly<Record<string, { readonly pattern: string; readonly name: RegExp }>> = {
  bench: { pattern: "bench/*.bench.ts", name: /^bench\/(.+)\.bench\.ts$/ },
  fixtures: { pattern: "fixtures/*/make.{ts,py}", name: /^fixtures\/(.+)\/make\.\w+$/ },
};

/** Paths of the programs of a kind by name, from `from`; empty for a kind that does not exist. */
export function programs(from: string, kind: string): Map<string, string> {
  const place = places[kind];
  const files = place === undefined ? [] : listFiles(from, place.pattern);
  return new Map(files.map((file) => [place?.name.exec(file)?.[1] ?? file, file]));
}

if (import.meta.main) {
  const [kind = "", name, ...rest] = process.argv.slice(2);
  const known = programs(root, kind);
  const path = known.get(name ?? "");
  const list = [...known.keys()].join(", ") || "none yet";
  if (path === undefined) {
    console.error(
      name === undefined ? `${kind}: ${list}` : `${kind}: cannot run "${name}": no such name, must be one of: ${list}`,
    );
    process.exit(2);
  }
  const [program, ...flags] = path.endsWith(".py") ? ["python3"] : [process.execPath, "--conditions=cameo-source"];
  process.exit(
    spawnSync(program, [...flags, resolve(root, path), ...rest], { cwd: root, stdio: "inherit" }).status ?? 1,
  );
}
