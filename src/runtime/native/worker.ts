/** The thread of ONNX Runtime's library. */

import { serveEngine } from "../serve-engine.ts";
import { NativeEngine, type NativeEngineOptions } from "./engine.ts";

serveEngine(async (options: NativeEngineOptions) => {
  const engine = await NativeEngine.start(options);
  return { engine, info: engine.info() };
});
