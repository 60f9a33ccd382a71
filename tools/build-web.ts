/**
 * Bundles `cameo/web` for pages without a bundler: `dist/web/cameo-web.js`, and `dist/web/cameo-worker.js`, which it starts. A worker knows no
 * import map, so it must hold all that it runs; only ONNX Runtime's own files stay outside, and lie beside the scripts.
 *
 * It also turns the worker's name in the compiled modules into that of the compiled file: bundlers look for exactly that expression.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type InlineConfig, type Plugin } from "vite";

const root = resolve(import.meta.dirname, "..");

/** Puts the plain script's way to the worker in place of the bundlers'. */
const plainWorker: Plugin = {
  name: "plain-worker",
  enforce: "pre",
  resolveId: (id, importer) =>
    importer !== undefined && id === "./default-worker.ts" ? resolve(importer, "../plain-worker.ts") : null,
};

/** ONNX Runtime is imported from the folder that the page names, so its package is never asked for. */
const noPackagedEngine: Plugin = {
  name: "no-packaged-engine",
  enforce: "pre",
  resolveId: (id) => (id.startsWith("onnxruntime-web/") ? { id, external: true } : null),
};

function settings(entry: string, name: string, outDir: string): InlineConfig {
  return {
    root,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    plugins: [plainWorker, noPackagedEngine],
    resolve: { conditions: ["cameo-source", "module", "browser", "import"] },
    build: {
      outDir,
      emptyOutDir: false,
      target: "es2023",
      minify: true,
      sourcemap: false,
      lib: { entry: join(root, entry), formats: ["es"], fileName: () => name },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  };
}

/**
 * Writes both scripts.
 *
 * @param outDir - Where.
 * @returns Their paths.
 */
export async function buildWeb(outDir: string = join(root, "dist", "web")): Promise<string[]> {
  const scripts: [entry: string, name: string][] = [
    ["src/web/index.ts", "cameo-web.js"],
    ["src/web/worker/start.ts", "cameo-worker.js"],
  ];
  for (const [entry, name] of scripts) await build(settings(entry, name, outDir));
  return scripts.map(([, name]) => join(outDir, name));
}

/** Names the compiled worker in a compiled module that names its source. */
export function nameCompiledWorker(path: string): void {
  const text = readFileSync(path, "utf8");
  const named = text.replace(/(new URL\("\.\/worker\/start)\.ts"/, '$1.js"');
  if (named === text) throw new Error(`${path} does not name the worker as build-web.ts expects`);
  writeFileSync(path, named);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of await buildWeb()) console.log(path);
  nameCompiledWorker(join(root, "dist", "web", "default-worker.js"));
}
