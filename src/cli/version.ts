/** The package's version. */

import { readFileSync } from "node:fs";

/** Version in package.json, which lies two folders up from `src/cli` and from `dist/cli`. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
