/**
 * All checks, or those named: `npm run check`, `npm run check layers docs`. Each prints one line when it passes, and else one
 * line per problem; the exit code is 1 if any failed.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Problem, root } from "./_files.ts";
import { checkKernels } from "./build-kernels.ts";
import { checkDocs } from "./check-docs.ts";
import { checkExports } from "./check-exports.ts";
import { checkLayers } from "./check-layers.ts";
import { checkText } from "./check-text.ts";
import { allExamples, checkExamples, outputFolder, writeExamples } from "./doctest.ts";
import { checkSize } from "./size.ts";

/** Runs a program of the project's own `node_modules` and lets it print; true if it succeeded. */
function runs(program: string, ...args: string[]): boolean {
  const path = resolve(root, "node_modules", program);
  if (!existsSync(path)) throw new Error(`check: cannot run "${program}": it is not installed, \`npm ci\` installs it`);
  return spawnSync(process.execPath, [path, ...args], { cwd: root, stdio: "inherit" }).status === 0;
}

const tsc = (...args: string[]): boolean => runs("typescript/bin/tsc", ...args);

function passes(problems: readonly Problem[]): boolean {
  for (const { file, line, message } of problems) console.log(`${file}:${line}: ${message}`);
  return problems.length === 0;
}

const checks: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
  types: () => [tsc("-p", "tsconfig.json"), tsc("-p", "web")].every(Boolean),
  lint: () => runs("@biomejs/biome/bin/biome", "check", "--error-on-warnings"),
  layers: () => passes(checkLayers(root)),
  text: () => passes(checkText(root)),
  kernels: () => passes(checkKernels()),
  size: () => passes(checkSize(root)),
  docs: () => passes(checkDocs(root)),
  examples: () => {
    const examples = allExamples(root);
    writeExamples(root, examples);
    return passes(checkExamples(examples)) && tsc("-p", outputFolder);
  },
  exports: async () => tsc("-p", "tsconfig.build.json") && passes(await checkExports(root)),
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => checks[name] === undefined);
if (unknown !== undefined) {
  console.error(`check: cannot run "${unknown}": no such check, must be one of ${Object.keys(checks).join(", ")}`);
  process.exit(2);
}
const failed: string[] = [];
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const passed = await check();
  console.log(`${passed ? "ok  " : "FAIL"} ${name}`);
  if (!passed) failed.push(name);
}
process.exitCode = failed.length > 0 ? 1 : 0;
