/** The few forms of YAML that stand at the head of a data set's README. */

/** What a document holds. */
export type YamlValue = string | readonly YamlValue[] | { readonly [key: string]: YamlValue };

interface Line {
  readonly indent: number;
  readonly text: string;
}

/** The part between `---` lines at the start of a text; undefined if there is none. */
export function frontMatter(text: string): string | undefined {
  return /^---\r?\n(.*?)\r?\n---(\r?\n|$)/s.exec(text)?.[1];
}

/** Reads maps, lists and scalars, block or inline; every scalar is text. What is none of these is passed over. */
export function parseYaml(text: string): YamlValue {
  const lines = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("#"))
    .map((line): Line => ({ indent: line.search(/\S/), text: line.trim() }));
  return block(lines, 0);
}

const mostDepth = 50;

function block(lines: readonly Line[], depth: number): YamlValue {
  const [first] = lines;
  if (first === undefined || depth > mostDepth) return "";
  // The lines of the block itself, each with those that belong to it.
  const parts: { readonly head: Line; readonly body: Line[] }[] = [];
  for (const line of lines) {
    const isItem = line.text.startsWith("- ") || line.text === "-";
    const isBody =
      line.indent > first.indent || (isItem && !first.text.startsWith("-") && line.indent === first.indent);
    if (isBody) parts.at(-1)?.body.push(line);
    else parts.push({ head: line, body: [] });
  }
  if (/^-( |$)/.test(first.text))
    return parts.map(({ head, body }) => {
      const inner = head.text.slice(1).trim();
      const indent = head.indent + head.text.length - inner.length;
      return keyOf(inner) === undefined ? scalar(inner) : block([{ indent, text: inner }, ...body], depth + 1);
    });
  const map: Record<string, YamlValue> = {};
  for (const { head, body } of parts) {
    const found = keyOf(head.text);
    if (found !== undefined) map[found.key] = found.rest === "" ? block(body, depth + 1) : scalar(found.rest);
  }
  return map;
}

function keyOf(text: string): { readonly key: string; readonly rest: string } | undefined {
  const found = /^("[^"]*"|'[^']*'|[^\s"'[{][^:]*?)\s*:(?:\s+(.*))?$/.exec(text);
  return found === null ? undefined : { key: unquoted(found[1] as string), rest: found[2] ?? "" };
}

function scalar(text: string): YamlValue {
  const list = /^\[(.*)\]$/.exec(text)?.[1];
  if (list === undefined) return unquoted(text);
  return list.trim() === "" ? [] : list.split(",").map((item) => unquoted(item.trim()));
}

function unquoted(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text.replace(/\s+#.*$/, "");
}
