import { expect, test } from "vitest";
import { checkEntry, checkMap, expectedConditions } from "./check-exports.ts";

test("expectedConditions puts the sources before the types before the build", () => {
  expect(Object.entries(expectedConditions("./optim"))).toEqual([
    ["cameo-source", "./src/optim/index.ts"],
    ["types", "./dist/optim/index.d.ts"],
    ["default", "./dist/optim/index.js"],
  ]);
  expect(expectedConditions(".").default).toBe("./dist/index.js");
});

test("checkMap accepts a map that equals the entries", () => {
  const exports = {
    ".": expectedConditions("."),
    "./nn": expectedConditions("./nn"),
    "./package.json": "./package.json",
  };
  expect(checkMap(exports, ["src/index.ts", "src/nn/index.ts"])).toEqual([]);
});

test("checkMap names the entry that is missing, too many, or in the wrong order", () => {
  const { types = "", ...others } = expectedConditions("./nn");
  const exports = { "./nn": { types, ...others }, "./gone": expectedConditions("./gone") };
  expect(checkMap(exports, ["src/index.ts", "src/nn/index.ts"]).map(({ message }) => message)).toEqual([
    'exports lacks ".", which has an index.ts',
    expect.stringMatching(/^exports "\.\/nn" is not .*in this order$/),
    'exports has "./gone", but there is no ./src/gone/index.ts',
  ]);
});

test("checkEntry lets an entry re-export, and nothing else", () => {
  const entry = '/** The optimizers. */\n\nexport { adam } from "./adam.ts";\nexport type * from "./transform.ts";\n';
  expect(checkEntry("src/optim/index.ts", entry)).toEqual([]);
  expect(checkEntry("src/optim/index.ts", `${entry}export const rate = 1;\n`)).toEqual([
    { file: "src/optim/index.ts", line: 5, message: "an entry only re-exports; move this to a file of its own" },
  ]);
});
