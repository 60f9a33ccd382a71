import { expect, test } from "vitest";
import { makeTree } from "./_tree.ts";
import { cap, checkSize, countLines, sizes } from "./size.ts";

test("countLines counts neither blank lines nor comments", () => {
  expect(countLines("/**\n * Doc.\n */\nconst a = 1; // kept\n\n// no\n  /* no */\nconst b = 2;\n")).toBe(2);
});

test("sizes adds up the code of each folder, largest first, without tests", () => {
  const from = makeTree({
    "src/index.ts": "a();\n",
    "src/nn/a.ts": "a();\nb();\n",
    "src/nn/deep/b.ts": "c();\n",
    "src/nn/a.test.ts": "d();\n",
    "src/nn/a.cases.ts": "e();\n",
  });
  expect(sizes(from)).toEqual([
    { folder: "src/nn", files: 2, lines: 3 },
    { folder: "src", files: 1, lines: 1 },
  ]);
});

test("checkSize complains above the cap only", () => {
  expect(checkSize(makeTree({ "src/a.ts": "a();\n".repeat(cap) }))).toEqual([]);
  expect(checkSize(makeTree({ "src/a.ts": "a();\n".repeat(cap + 1) }))).toHaveLength(1);
});
