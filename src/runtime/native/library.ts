/** Finds the ONNX Runtime shared library that the `onnxruntime-node` package ships. */

import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { explain, RuntimeError } from "../../base/errors.ts";

const installCommand = "npm install onnxruntime-node koffi";

/**
 * Path of the library: the environment variable `CAMEO_ONNXRUNTIME` if set (a build with CUDA, say), else the one in
 * `onnxruntime-node`.
 *
 * @throws RuntimeError naming the install command when there is none for this platform.
 */
export function findLibrary(): string {
  const chosen = process.env.CAMEO_ONNXRUNTIME;
  if (chosen !== undefined && chosen !== "") {
    if (!existsSync(chosen))
      throw missing(`CAMEO_ONNXRUNTIME is "${chosen}"`, "it must name an existing shared library");
    return chosen;
  }
  let packageFile: string;
  try {
    packageFile = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  } catch (cause) {
    throw missing("the package onnxruntime-node is not installed", `install it: ${installCommand}`, cause);
  }
  const bin = join(dirname(packageFile), "bin");
  for (const abi of existsSync(bin) ? readdirSync(bin) : []) {
    const folder = join(bin, abi, process.platform, process.arch);
    if (!existsSync(folder)) continue;
    const file = readdirSync(folder).find((name) => /^(lib)?onnxruntime(\.so|\.dll$|.*\.dylib$)/.test(name));
    if (file !== undefined) return join(folder, file);
  }
  throw missing(
    `onnxruntime-node has no library for ${process.platform}-${process.arch}`,
    "use a platform that it ships",
  );
}

function missing(received: string, rule: string, cause?: unknown): RuntimeError {
  return new RuntimeError(explain({ api: "runtime.cpu", action: "load ONNX Runtime", received, rule }), { cause });
}
