import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./_files.ts";
import { makeTree } from "./_tree.ts";
import { checkDocs } from "./check-docs.ts";

/** The messages for one file of `src/<folder>`, exported by that folder's entry. */
function messages(path: string, text: string): string[] {
  const entry = path.replace(/[^/]*$/, "index.ts");
  const config = {
    compilerOptions: { module: "nodenext", strict: true, allowImportingTsExtensions: true, noEmit: true },
    include: ["src"],
  };
  const from = makeTree({
    [path]: text,
    [entry]: `export * from "./${path.split("/").at(-1)}";`,
    "tsconfig.json": JSON.stringify(config),
  });
  symlinkSync(join(root, "node_modules"), join(from, "node_modules"));
  return checkDocs(from).map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

test("checkDocs accepts documented functions, options and classes", () => {
  const text = `
/** Options of {@link scale}. */
export interface ScaleOptions {
  /** Factor. */
  readonly by: number;
}
/**
 * Scales \`x\`.
 * @param options - See {@link ScaleOptions}.
 */
export function scale(x: number, options: ScaleOptions): number { return x * options.by; }
/** Counts up from \`start\`. */
export class Counter {
  constructor(start: number) { this.#count = start; }
  #count: number;
  /** The next number. */
  next(): number { return ++this.#count; }
}
`;
  expect(messages("src/base/scale.ts", text)).toEqual([]);
});

test("checkDocs names what is undocumented: a symbol, a method, a parameter, a property of options", () => {
  const text = `
export const one = 1;
/** Has a method. */
export class A {
  go(): void {}
}
/** Adds. */
export const add = (left: number, right: number): number => left + right;
/** Options. */
export interface GoOptions { fast: boolean }
`;
  expect(messages("src/base/a.ts", text)).toEqual([
    'src/base/a.ts:2: "one" has no docstring',
    'src/base/a.ts:5: "A.go" has no docstring',
    'src/base/a.ts:8: "add" does not say what parameter "left" is',
    'src/base/a.ts:8: "add" does not say what parameter "right" is',
    'src/base/a.ts:10: "GoOptions.fast" has no comment',
  ]);
});

test("checkDocs wants @source of optimizers and norms, and @shape where nn takes values", () => {
  const optimizer =
    "/** A type. */\nexport type Transform = 1;\n/** Descends. */\nexport const sgd = (): Transform => 1;";
  expect(messages("src/optim/sgd.ts", optimizer)).toEqual(['src/optim/sgd.ts:4: "sgd" has no @source']);
  const norm =
    "/** A type. */\nexport type Value = 1;\n/** Normalises `x`. */\nexport const norm = (x: Value): Value => x;";
  expect(messages("src/nn/layer-norm.ts", norm)).toEqual([
    'src/nn/layer-norm.ts:4: "norm" has no @source',
    'src/nn/layer-norm.ts:4: "norm" has no @shape',
  ]);
});
