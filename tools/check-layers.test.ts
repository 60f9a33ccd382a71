import { expect, test } from "vitest";
import { makeTree } from "./_tree.ts";
import { checkLayers, importsOf } from "./check-layers.ts";

const manifest = '{ "dependencies": { "zod": "1" }, "peerDependencies": { "koffi": "1" } }';

/** The messages for a tree of sources. */
function messages(files: Readonly<Record<string, string>>): string[] {
  const problems = checkLayers(makeTree({ "package.json": manifest, ...files }));
  return problems.map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

test("importsOf finds every way to name another file, and nothing in comments", () => {
  const text = [
    'import type { A } from "./a.ts";',
    'export {\n  b,\n} from "./b.ts";',
    'import "./c.ts";',
    ' * import { no } from "./docstring.ts";',
    "/*",
    'import "./commented.ts";',
    "*/",
    '// import "./no.ts";',
    'const d = await import("./d.ts");',
    'new Worker(new URL("./e.ts", import.meta.url));',
  ].join("\n");
  expect(importsOf(text).map(({ specifier, line }) => [specifier, line])).toEqual([
    ["./a.ts", 1],
    ["./b.ts", 2],
    ["./c.ts", 5],
    ["./d.ts", 11],
    ["./e.ts", 12],
  ]);
});

test("checkLayers accepts imports of lower layers, of the same folder, of dependencies and of Node", () => {
  const found = messages({
    "src/base/a.ts": 'import { readFile } from "node:fs/promises";\nexport const a = readFile;',
    "src/nn/_b.ts": 'import { a } from "../base/a.ts";\nexport const b = a;',
    "src/nn/c.ts": 'import { z } from "zod";\nexport { b } from "./_b.ts";',
    "src/nn/index.ts": 'export { b } from "./c.ts";',
    "src/index.ts": 'export * as nn from "./nn/index.ts";',
    "src/base/a.test.ts": 'import "../cli/main.ts";',
  });
  expect(found).toEqual([]);
});

test("checkLayers refuses a higher layer and a sibling, types included", () => {
  const found = messages({
    "src/base/a.ts": 'import type { B } from "../nn/b.ts";',
    "src/nn/b.ts": 'export type B = 1;\nimport "../optim/c.ts";',
    "src/optim/c.ts": "export {};",
  });
  expect(found).toEqual([
    "src/base/a.ts:1: base (layer 0) imports nn (layer 5); imports go to lower layers only",
    "src/nn/b.ts:2: nn (layer 5) imports optim (layer 5); imports go to lower layers only",
  ]);
});

test("checkLayers refuses what is private, an index, test code, and a folder that is in no layer", () => {
  const found = messages({
    "src/base/_a.ts": "export {};",
    "src/tensor/b.ts":
      'import "../base/_a.ts";\nimport "../base/index.ts";\nimport "./b.cases.ts";\nimport "../../test/x.ts";',
    "src/utils/c.ts": 'import "../base/c.ts";',
  });
  expect(found).toEqual([
    'src/tensor/b.ts:1: imports "src/base/_a.ts", which is private to its folder',
    'src/tensor/b.ts:2: imports "src/base/index.ts"; import the file that defines the name',
    'src/tensor/b.ts:3: imports "src/tensor/b.cases.ts", which is test code',
    'src/tensor/b.ts:4: imports "test/x.ts", which is outside src',
    'src/utils/c.ts:1: folder "utils" is in no layer',
  ]);
});

test("checkLayers refuses undeclared packages, packages away from home, and the package's own name", () => {
  const found = messages({
    "src/nn/a.ts": 'import "left-pad/x";\nimport "koffi";\nimport "cameo/optim";',
    "src/runtime/b.ts": 'await import("koffi");',
  });
  expect(found).toEqual([
    'src/nn/a.ts:1: imports "left-pad", which package.json names neither as dependency nor as peer',
    'src/nn/a.ts:2: imports "koffi"; only runtime and distributed may',
    'src/nn/a.ts:3: imports "cameo/optim"; inside src import the file that defines the name',
  ]);
});

test("checkLayers names the files of a cycle; imports of types close none", () => {
  const cycle = { "src/base/a.ts": 'import "./b.ts";', "src/base/b.ts": 'import "./c.ts";' };
  expect(messages({ ...cycle, "src/base/c.ts": 'import "./a.ts";' })).toEqual([
    "src/base/a.ts:1: import cycle: src/base/a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts",
  ]);
  expect(messages({ ...cycle, "src/base/c.ts": 'import type { A } from "./a.ts";' })).toEqual([]);
});
