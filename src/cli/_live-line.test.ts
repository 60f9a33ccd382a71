import { expect, test } from "vitest";
import { LiveLine } from "./_live-line.ts";
import { styleOf } from "./_style.ts";

function drawn(isTTY: boolean, use: (line: LiveLine) => void): string {
  let text = "";
  const output = { isTTY, columns: 12, write: (part: string) => (text += part) };
  const line = new LiveLine(output, styleOf(output, {}));
  use(line);
  line[Symbol.dispose]();
  return text;
}

test("a line is cut to the terminal and taken away", () => {
  expect(drawn(true, (line) => line.show(["reading", "", "123,456 rows"]))).toBe("\r\u001b[2Kreading  12\r\u001b[2K");
});

test("it is drawn at once, and then after a pause", () => {
  const text = drawn(true, (line) => {
    line.show(["a"]);
    line.show(["b"]);
  });
  expect(text).toBe("\r\u001b[2Ka\r\u001b[2K");
});

test("elsewhere than on a terminal, and before the first call, there is nothing", () => {
  expect(drawn(false, (line) => line.show(["a"]))).toBe("");
  expect(drawn(true, () => {})).toBe("");
});
