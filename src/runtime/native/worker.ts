/** The engine's worker thread: takes one request at a time, so that the main thread never waits in native code. */

import { parentPort } from "node:worker_threads";
import { Engine } from "./engine.ts";
import type { Answer, Envelope } from "./protocol.ts";

const port = parentPort;
if (port === null) throw new Error("runtime/native/worker.ts runs in a worker thread only");

let engine: Engine | undefined;

async function answer(request: Envelope): Promise<unknown> {
  if (request.type === "start") {
    engine = await Engine.start(request.threads, request.ownPool);
    return undefined;
  }
  if (engine === undefined) throw new Error("the engine has not started");
  switch (request.type) {
    case "load":
      return engine.load(request.model, request.options);
    case "prepare":
      return engine.prepare(request.calls);
    case "run":
      return engine.run(request.plan);
    case "runFree":
      return engine.runFree(request.session, request.inputs, request.outputs);
    case "releaseSession":
      return engine.releaseSession(request.session);
    case "releasePlan":
      return engine.releasePlan(request.plan);
    case "stop":
      return engine.stop();
  }
}

port.on("message", async (request: Envelope) => {
  let reply: Answer;
  try {
    reply = { id: request.id, result: await answer(request) };
  } catch (error) {
    reply = { id: request.id, error: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(reply);
});
