/**
 * Compiles the kernels: `kernels/<name>.ts` (AssemblyScript) → `src/data/kernels/<name>-wasm.ts`, the module as base64 text, so that it
 * loads in Node, in browsers and from the published package without a file beside it. `npm run kernels`, or with names.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { listFiles, type Problem, readText, root } from "./_files.ts";

/** The kernels of the repository. `_name.ts` is what they share. */
export function kernelNames(): string[] {
  return listFiles(root, "kernels/*.ts")
    .map((file) => basename(file, ".ts"))
    .filter((name) => !name.startsWith("_"));
}

/** Text of the file that holds the compiled kernel. */
export function compileKernel(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), "cameo-kernel-"));
  const file = join(folder, `${name}.wasm`);
  try {
    const compiler = resolve(root, "node_modules/assemblyscript/bin/asc.js");
    const flags = ["-O3", "--noAssert", "--runtime", "stub", "--exportStart", "", "--enable", "simd"];
    const { status, stderr } = spawnSync(
      process.execPath,
      [compiler, `kernels/${name}.ts`, "-o", file, "--use", "abort=", ...flags],
      { cwd: root, encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`kernels: cannot compile "${name}":\n${stderr}`);
    const base64 = readFileSync(file).toString("base64");
    return `/** \`kernels/${name}.ts\`, compiled by \`npm run kernels\`. */\nexport const wasm: string =\n  "${base64}";\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const outputOf = (name: string): string => `src/data/kernels/${name}-wasm.ts`;

/** One problem per kernel whose compiled form is not that of its source. */
export function checkKernels(): Problem[] {
  return kernelNames()
    .filter((name) => compileKernel(name) !== readText(root, outputOf(name)))
    .map((name) => ({ file: outputOf(name), line: 1, message: "is not its source compiled: run `npm run kernels`" }));
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  for (const name of wanted.length > 0 ? wanted : kernelNames())
    writeFileSync(resolve(root, outputOf(name)), compileKernel(name));
}
