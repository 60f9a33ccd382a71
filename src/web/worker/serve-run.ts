/** The worker's side of a run: answers the messages of its page. */

import { toErrorRecord } from "../../base/error-record.ts";
import { explain, UsageError } from "../../base/errors.ts";
import type { Answer, Request } from "../protocol.ts";
import { GptSession, type SessionTools } from "./_gpt-session.ts";
import { Turns } from "./_turns.ts";

/** The way to the page. */
export interface PagePort {
  postMessage(answer: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

export type { SessionTools };

/**
 * Serves one run: what the script of a worker that `trainGpt` is given does.
 *
 * @param port - The way to the page: `self`, in a worker.
 * @param tools - What stands in for parts of the browser, in tests.
 *
 * @example The script of a worker
 * ```ts skip: needs a worker of a browser
 * import { type PagePort, serveRun } from "cameo/web/worker";
 *
 * serveRun(globalThis as unknown as PagePort);
 * ```
 */
export function serveRun(port: PagePort, tools?: SessionTools): void {
  const answer = (message: Answer): void => port.postMessage(message);
  const generations = new Map<number, AbortController>();
  let session: GptSession | undefined;
  let over: Promise<void> | undefined;

  const begin = (options: ConstructorParameters<typeof GptSession>[0]): void => {
    session = new GptSession(options, (event) => answer({ event }), tools);
    over = session.run().catch((error) => answer({ failed: toErrorRecord(error) }));
  };
  const generate = async (run: GptSession, id: number, [prompt, options]: GenerateArguments): Promise<void> => {
    const controller = new AbortController();
    generations.set(id, controller);
    const turns = new Turns();
    const onPiece = async (piece: string): Promise<void> => {
      if (piece !== "") answer({ id, piece });
      await turns.next(); // a page that has read enough says so meanwhile
    };
    try {
      await run.generate(prompt, options, onPiece, controller.signal);
    } finally {
      turns.close();
      generations.delete(id);
    }
  };
  const perform = (request: Exclude<Request, { call: "cancel" }>): unknown => {
    if (request.call === "begin") return begin(...request.args);
    if (session === undefined)
      throw new UsageError(
        explain({
          api: "trainGpt",
          action: request.call,
          received: "no run has begun",
          rule: "the first message begins one",
        }),
      );
    const { desk } = session;
    switch (request.call) {
      case "pause":
        return desk.pause();
      case "play":
        return desk.play();
      case "step":
        return desk.step();
      case "stop":
        return desk.stop();
      case "checkpoint":
        return desk.ask((at) => at.checkpoint());
      case "generate":
        return generate(session, request.id, request.args);
      case "exportOnnx":
        return session.exportOnnx();
      case "exportRun":
        return session.exportRun();
      case "close":
        desk.close();
        return over;
    }
  };
  port.addEventListener("message", async ({ data }) => {
    const request = data as Request;
    const { id } = request;
    if (request.call === "cancel") return generations.get(id)?.abort();
    try {
      answer({ id, value: await perform(request) });
    } catch (error) {
      answer({ id, error: toErrorRecord(error) });
    }
  });
}

type GenerateArguments = Extract<Request, { call: "generate" }>["args"];
