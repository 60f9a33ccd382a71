/** The thread of ONNX Runtime's WebAssembly build in Node. */

import { readFile } from "node:fs/promises";
import { serveEngine } from "../serve-engine.ts";
import { WebEngine } from "./engine.ts";

serveEngine(async ({ threads }: { readonly threads: number }) => {
  const engine = await WebEngine.start({ device: "wasm", threads, readModel: (path) => readFile(path) });
  return { engine, info: engine.info() };
});
