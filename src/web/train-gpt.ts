/** Trains a GPT in a worker of the page. */

import { Channel } from "../base/channel.ts";
import { fromErrorRecord } from "../base/error-record.ts";
import { explain, RuntimeError } from "../base/errors.ts";
import type { DoneEvent } from "../base/events.ts";
import { defaultEngine, defaultWorker } from "./default-worker.ts";
import type { Answer, BeginOptions, Calls } from "./protocol.ts";
import type { WebEvent, WebState } from "./web-event.ts";
import type { GenerateOptions, RunWorker, WebGptOptions } from "./web-options.ts";

/**
 * A run in a worker. Iterate it once for its events; leaving the loop stops it. When it is over the model is still there: it writes
 * and can be exported until the run is disposed.
 */
export interface WebRun extends AsyncIterable<WebEvent>, AsyncDisposable {
  /** The last event. Rejects with what made the run fail. */
  readonly result: Promise<DoneEvent>;
  /** Stands still after the step under way; resolves when it does. */
  pause(): Promise<void>;
  /** Goes on. */
  play(): Promise<void>;
  /** Takes one step and stands still; resolves when it does. */
  step(): Promise<void>;
  /** Ends the run after the step under way, with a checkpoint; resolves after the last event. */
  stop(): Promise<void>;
  /** Writes a checkpoint now. */
  checkpoint(): Promise<void>;
  /**
   * Continues a prompt with the model as it is, between two steps. Leaving the loop ends the writing.
   *
   * @param prompt - Text to continue; it is not repeated.
   * @param options - See {@link GenerateOptions}.
   */
  generate(prompt: string, options?: GenerateOptions): AsyncIterable<string>;
  /** The model as an `.onnx` file for any ONNX Runtime; its tokenizer is in `metadata_props` under `cameo.tokenizer`. */
  exportOnnx(): Promise<Blob>;
  /**
   * The run as a zip of a folder with recipe, tokens, tokenizer and a checkpoint of now. `importRun` takes it back, and unpacked
   * it is a folder for `cameo train --resume`.
   */
  exportRun(): Promise<Blob>;
}

/**
 * Trains a GPT on a text, in a dedicated worker, so that the page answers all the time.
 *
 * A run with a name is kept in the browser: it writes checkpoints as its recipe says, and one when the page is hidden. If its GPU is lost it
 * goes on from the last checkpoint. The heap of the engine never shrinks: dispose a run to give its memory back.
 *
 * @param options - See {@link WebGptOptions}.
 * @returns The run, already under way.
 * @throws Nothing; `result` rejects with UsageError, DataError, CheckpointError or RuntimeError when it cannot start or go on.
 *
 * @example Ten steps
 * ```ts skip: needs a browser
 * import { trainGpt } from "cameo/web";
 *
 * await using run = trainGpt({ text: "to be or not to be, ".repeat(50), recipe: { tokenizer: "character", context: 16, steps: 10 } });
 * for await (const event of run) if (event.type === "step") console.log(event.step, event.loss);
 * const { loss } = await run.result;
 * console.assert(loss < 4);
 * for await (const piece of run.generate("to be")) console.log(piece);
 * ```
 */
export function trainGpt(options: WebGptOptions): WebRun {
  return new WorkerRun(options);
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onPiece?(piece: string): void;
}

class WorkerRun implements WebRun {
  readonly #worker: RunWorker;
  readonly #channel = new Channel<WebEvent>(() => this.stop().catch(() => {}));
  readonly #done = Promise.withResolvers<DoneEvent>();
  readonly #waiting = new Map<number, Waiting>();
  #state: WebState | "over" = "preparing";
  #failure: Error | undefined;
  #next = 0;
  readonly #stopWatching: () => void;

  constructor(options: WebGptOptions) {
    this.result.catch(() => {}); // reported to whoever awaits it; not a second time as unhandled
    this.#worker = (options.worker ?? defaultWorker)();
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data as Answer));
    this.#worker.addEventListener("error", ({ message }) => this.#fail(workerFailed(message)));
    this.#stopWatching = onHidden(() => {
      if (this.#state === "running" || this.#state === "paused") this.checkpoint().catch(() => {}); // the run says itself what is wrong
    });
    this.#call("begin", beginOptions(options)).catch((error) => this.#fail(error));
  }

  get result(): Promise<DoneEvent> {
    return this.#done.promise;
  }

  pause = (): Promise<void> => this.#call("pause");
  play = (): Promise<void> => this.#call("play");
  step = (): Promise<void> => this.#call("step");
  checkpoint = (): Promise<void> => this.#call("checkpoint");
  exportOnnx = (): Promise<Blob> => this.#call("exportOnnx");
  exportRun = (): Promise<Blob> => this.#call("exportRun");

  async stop(): Promise<void> {
    await this.#call("stop");
    await this.result;
  }

  async *generate(prompt: string, options: GenerateOptions = {}): AsyncGenerator<string, void, undefined> {
    const id = this.#next;
    const pieces = new Channel<string>(() => this.#worker.postMessage({ id, call: "cancel" }));
    const whole = this.#request("generate", [prompt, options], (piece) => pieces.push(piece));
    whole.catch(() => {}).finally(() => pieces.close());
    yield* pieces;
    await whole;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WebEvent, void, undefined> {
    yield* this.#channel;
    await this.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that is still being made ready has nothing to lose; one that ran gives everything back before its thread ends.
    if (this.#state !== "preparing") {
      if (this.#state !== "over") await this.stop().catch(() => {});
      await this.#call("close").catch(() => {});
    }
    this.#fail(new RuntimeError("trainGpt: cannot go on: the run is disposed, start a new one"));
    this.#worker.terminate();
  }

  #call<Name extends keyof Calls>(call: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    return this.#request(call, args) as Promise<ReturnType<Calls[Name]>>;
  }

  #request(call: string, args: readonly unknown[], onPiece?: (piece: string) => void): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject, ...(onPiece === undefined ? {} : { onPiece }) });
    this.#worker.postMessage({ id, call, args });
    return promise;
  }

  #receive(answer: Answer): void {
    if ("event" in answer) this.#hear(answer.event);
    else if ("failed" in answer) this.#fail(fromErrorRecord(answer.failed));
    else this.#settle(answer);
  }

  #settle(answer: Extract<Answer, { readonly id: number }>): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    if ("piece" in answer) {
      waiting.onPiece?.(answer.piece);
      return;
    }
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting.reject(fromErrorRecord(answer.error));
    else waiting.resolve(answer.value);
  }

  #hear(event: WebEvent): void {
    if (event.type === "state") this.#state = event.state;
    this.#channel.push(event);
    if (event.type !== "done") return;
    this.#state = "over";
    this.#done.resolve(event);
    this.#channel.close();
  }

  /** Nothing more will come: whoever waits is told why. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#state = "over";
    this.#stopWatching();
    this.#done.reject(error);
    this.#channel.close();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function beginOptions(options: WebGptOptions): BeginOptions {
  const { text, recipe, device = "auto", threads, precision, name, resume = false, paused = false } = options;
  const engine = options.engine === undefined ? defaultEngine : new URL(options.engine, baseUrl()).href;
  return {
    device,
    resume,
    paused,
    ...(text === undefined ? {} : { text }),
    ...(recipe === undefined ? {} : { recipe }),
    ...(threads === undefined ? {} : { threads }),
    ...(precision === undefined ? {} : { precision }),
    ...(name === undefined ? {} : { name }),
    ...(engine === undefined ? {} : { engine }),
  };
}

/** What relative URLs of a page are relative to; the worker's own would be another. */
function baseUrl(): string | undefined {
  const { document } = globalThis as { readonly document?: { readonly baseURI: string } };
  return document?.baseURI;
}

/** Calls `work` whenever the page is hidden; the browser may end it from then on. Returns what ends the watching. */
function onHidden(work: () => void): () => void {
  const { document } = globalThis as {
    readonly document?: EventTarget & { readonly visibilityState: "visible" | "hidden" };
  };
  const listener = (): void => {
    if (document?.visibilityState === "hidden") work();
  };
  document?.addEventListener("visibilitychange", listener);
  return () => document?.removeEventListener("visibilitychange", listener);
}

function workerFailed(message: string | undefined): RuntimeError {
  return new RuntimeError(
    explain({
      api: "trainGpt",
      action: "start its worker",
      received: message || "the browser does not say why",
      rule: "the worker's script must be on the page's own server and reachable",
      hint: "with a bundler that does not see it, give options.worker",
    }),
  );
}
