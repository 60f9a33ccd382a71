/** Files that an index names, by the location of the index. */

/**
 * The location of a file in the folder of `index`, or below it.
 *
 * @param index - Location of the index: a path or a URL.
 * @param name - What the index says.
 * @returns The location, or undefined for a name that leaves the folder.
 */
export function besideOf(index: string, name: string): string | undefined {
  if (name === "" || /^[/\\]|^[A-Za-z]+:|\0/.test(name) || name.split(/[/\\]/).includes("..")) return undefined;
  if (!/^https?:/i.test(index)) return index.replace(/[^\\/]*$/, "") + name;
  const url = new URL(index);
  url.pathname = url.pathname.replace(/[^/]*$/, "") + name.split("/").map(encodeURIComponent).join("/");
  return url.href;
}
