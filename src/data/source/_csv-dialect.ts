/** How a CSV is written: its delimiter, and what a number looks like. */

import { DataError, explain } from "../../base/errors.ts";

const delimiters = [",", "\t", ";", "|"];

/**
 * The delimiter that divides the lines of a text most evenly: of those that occur in most lines the same number of times, the one that
 * makes most cells. A file of one column has a comma.
 */
export function sniffDelimiter(text: string): string {
  // Cells in quotes may hold any sign. The last line may be cut.
  const lines = text
    .replace(/"(?:[^"]|"")*"/g, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const whole = lines.length > 1 ? lines.slice(0, Math.min(100, lines.length - 1)) : lines;
  let best = { delimiter: ",", score: 0 };
  for (const delimiter of delimiters) {
    const counts = new Map<number, number>();
    for (const line of whole) {
      const count = line.split(delimiter).length - 1;
      counts.set(count, (counts.get(count) ?? 0) + 1);
    }
    const [most = [0, 0]] = [...counts].sort((a, b) => b[1] - a[1]);
    const score = most[0] === 0 ? 0 : (most[1] / whole.length) * (1 + Math.log2(1 + most[0]) / 100);
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

/** Checks a delimiter that a user gives. */
export function checkDelimiter(delimiter: string, source: string): void {
  if (/^[^"\r\n\u0080-\u{10ffff}]$/u.test(delimiter)) return;
  throw new DataError(
    explain({
      api: "openSource",
      action: `open "${source}"`,
      received: `got the delimiter ${JSON.stringify(delimiter)}`,
      rule: "must be one ASCII sign that is no quote and no line end",
    }),
    { source },
  );
}

/**
 * The cells of a record, or what is wrong with it. `csv-parse` does the same in five times the time, and a test holds the two together;
 * that all records are found first is what keeps it short.
 */
export function splitRow(text: string, delimiter: string): string[] | string {
  if (!text.includes('"')) return text.split(delimiter);
  const cells: string[] = [];
  for (let at = 0; ; ) {
    let end: number;
    if (text[at] === '"') {
      end = text.indexOf('"', at + 1);
      let isDoubled = false;
      while (end >= 0 && text[end + 1] === '"') {
        isDoubled = true;
        end = text.indexOf('"', end + 2);
      }
      if (end < 0) return "a quote that is never closed";
      const cell = text.slice(at + 1, end);
      cells.push(isDoubled ? cell.replaceAll('""', '"') : cell);
      end++;
      if (end < text.length && text[end] !== delimiter) return "text after a closing quote";
    } else {
      end = text.indexOf(delimiter, at);
      if (end < 0) end = text.length;
      const cell = text.slice(at, end);
      if (cell.includes('"')) return "a quote inside of a cell without quotes";
      cells.push(cell);
    }
    if (end === text.length) return cells;
    at = end + 1;
  }
}

const number = /^\s*[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?|nan)\s*$/i;

/** Whether a cell is written like a number. Leading zeros are not: they belong to codes and telephone numbers. */
export function isNumber(text: string): boolean {
  return number.test(text) && !/^\s*[+-]?0\d/.test(text);
}
