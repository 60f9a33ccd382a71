/** The worker's side of `worker-engine.ts`: takes one request at a time and answers it. */

import { type MessagePort, parentPort } from "node:worker_threads";
import { messageOf, type RuntimeError } from "../base/errors.ts";
import type { Engine, EngineInfo } from "./engine.ts";
import type { EngineAnswer, EngineRequest, Started } from "./worker-engine.ts";

/**
 * Serves engines to the thread that made this worker.
 *
 * @param start - Starts an engine with the options it was asked for.
 */
export function serveEngine<Options>(
  start: (options: Options) => Promise<{ readonly engine: Engine; readonly info: EngineInfo }>,
): void {
  const port = parentPort as MessagePort | null;
  if (port === null) throw new Error("serveEngine runs in a worker thread only");
  const engines: Engine[] = [];
  const answer = async ({ engine: number, method, args }: EngineRequest): Promise<unknown> => {
    if (method === "start") {
      const { engine, info } = await start(args[0] as Options);
      return { engine: engines.push(engine) - 1, info } satisfies Started;
    }
    const engine = engines[number];
    if (engine === undefined) throw new Error("the engine has not started");
    return await (engine[method] as (...args: readonly unknown[]) => unknown).apply(engine, args as unknown[]);
  };
  let last: Promise<void> = Promise.resolve();
  port.on("message", (request: EngineRequest) => {
    last = last.then(async () => {
      let reply: EngineAnswer;
      try {
        reply = { id: request.id, result: await answer(request) };
      } catch (error) {
        const { reason } = error as Partial<RuntimeError>;
        reply = { id: request.id, error: messageOf(error), ...(reason === undefined ? {} : { reason }) };
      }
      port.postMessage(reply, transferable("result" in reply ? reply.result : undefined));
    });
  });
}

/** Memory of arrays that were made for this answer: it moves instead of being copied. */
function transferable(result: unknown): ArrayBuffer[] {
  const arrays = ArrayBuffer.isView(result)
    ? [result]
    : Array.isArray(result)
      ? result.flatMap((item) => (ArrayBuffer.isView(item?.data) ? [item.data as ArrayBufferView] : []))
      : [];
  return [...new Set(arrays.map(({ buffer }) => buffer))].filter((buffer) => buffer instanceof ArrayBuffer);
}
