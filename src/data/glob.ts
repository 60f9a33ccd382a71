/** What globs and names of files mean, for everything that looks for data. */

import { resolve, sep } from "node:path";

/** Signs of a glob. */
export const globMagic: RegExp = /[*?[\]{}]/;

/** Whether a path below what the user named is one that nobody means: hidden, or installed packages. */
export function isSetAside(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

/** The folder before a pattern's first wildcard, and the names set aside as a rule that the pattern spells out. */
export function globParts(pattern: string): { readonly base: string; readonly named: ReadonlySet<string> } {
  const parts = pattern.split(/[\\/]/);
  const fixed = parts.findIndex((part) => globMagic.test(part));
  return {
    base: resolve(parts.slice(0, fixed).join(sep) || (pattern.startsWith("/") ? sep : ".")),
    named: new Set(parts.filter(isSetAside)),
  };
}
