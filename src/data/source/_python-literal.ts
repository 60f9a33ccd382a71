/** Reads the Python literals that headers of NumPy hold: dictionaries, tuples, lists, strings, integers, True, False and None. */

/** What a literal holds; a dictionary is a Map, a tuple and a list are arrays. */
export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | Map<string, PythonLiteral>;

const token = /\s*(?:([{}()[\],:])|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+)L?|(True|False|None))/y;

const words: ReadonlyMap<string, boolean | null> = new Map([
  ["True", true],
  ["False", false],
  ["None", null],
]);

/** Nesting that a header of NumPy can need; deeper text is no header. */
const deepest = 32;

/** The value of a literal, or undefined where the text is none. */
export function parsePythonLiteral(text: string): PythonLiteral | undefined {
  let at = 0;
  const next = (): RegExpExecArray | undefined => {
    token.lastIndex = at;
    const found = token.exec(text) ?? undefined;
    at = token.lastIndex;
    return found;
  };
  const isNext = (sign: string): boolean => {
    const before = at;
    if (next()?.[1] === sign) return true;
    at = before;
    return false;
  };
  const value = (depth: number): PythonLiteral | undefined => {
    const [, sign, single, double, digits, word] = next() ?? [];
    if (depth > deepest) return undefined;
    if (digits !== undefined) return Number(digits);
    if (word !== undefined) return words.get(word);
    if (sign === "{") return dictionary(depth);
    if (sign === "(" || sign === "[") return list(depth, sign === "(" ? ")" : "]");
    return (single ?? double)?.replace(/\\(.)/g, "$1");
  };
  const list = (depth: number, end: string): PythonLiteral[] | undefined => {
    const items: PythonLiteral[] = [];
    while (!isNext(end)) {
      const item = value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      if (!isNext(",")) return isNext(end) ? items : undefined;
    }
    return items;
  };
  const dictionary = (depth: number): Map<string, PythonLiteral> | undefined => {
    const entries = new Map<string, PythonLiteral>();
    while (!isNext("}")) {
      const key = value(depth + 1);
      const item = isNext(":") ? value(depth + 1) : undefined;
      if (typeof key !== "string" || item === undefined) return undefined;
      entries.set(key, item);
      if (!isNext(",")) return isNext("}") ? entries : undefined;
    }
    return entries;
  };
  const result = value(0);
  return text.slice(at).trim() === "" ? result : undefined;
}
