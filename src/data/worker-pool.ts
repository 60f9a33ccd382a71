/** Threads for work that fills a core: decoding, hashing, augmenting. Tasks go to the thread that has least to do. */

import { availableParallelism } from "node:os";
import { type MessagePort, parentPort, type Transferable, Worker } from "node:worker_threads";
import { explain, messageOf, RuntimeError } from "../base/errors.ts";

interface Request {
  readonly id: number;
  readonly task: unknown;
}

type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: { readonly message: string; readonly fields: object } };

/** Options of {@link WorkerPool}. */
export interface WorkerPoolOptions {
  /**
   * Threads, at least 1.
   * @defaultValue all cores
   */
  readonly size?: number;
  /** Given to each worker when it starts; copied. */
  readonly setup?: unknown;
}

interface Thread<Result> {
  readonly worker: Worker;
  readonly pending: Map<number, PromiseWithResolvers<Result>>;
}

/**
 * A pool of worker threads. The module it runs calls {@link serve}.
 *
 * Dispose it; an idle pool does not keep the process alive. A worker that dies rejects its tasks and is replaced.
 */
export class WorkerPool<Task, Result> implements AsyncDisposable {
  readonly size: number;
  readonly #start: () => Worker;
  readonly #threads: Thread<Result>[] = [];
  #next = 0;
  #closed = false;

  /**
   * @param module - URL of the worker's file beside the caller, without its extension: `new URL("./decode-worker", import.meta.url)`.
   * @param options - See {@link WorkerPoolOptions}.
   */
  constructor(module: URL, options: WorkerPoolOptions = {}) {
    const { size = availableParallelism(), setup } = options;
    if (!Number.isInteger(size) || size < 1 || size > 512)
      throw new RangeError(
        explain({
          api: "WorkerPool",
          action: "use size",
          received: `got ${size}`,
          rule: "must be an integer in [1, 512]",
        }),
      );
    this.size = size;
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#start = () =>
      new Worker(new URL(`${module.href}.${extension}`), {
        name: "cameo-data",
        // Flags of the main thread such as --input-type forbid a worker to start; where sources run, the package's name means them.
        execArgv: extension === "ts" ? ["--conditions=cameo-source"] : [],
        workerData: setup,
      });
    for (let i = 0; i < size; i++) this.#threads.push(this.#thread(i));
  }

  /**
   * Runs a task.
   *
   * @param task - Copied to the worker, except what is transferred.
   * @param transfer - Buffers that the worker takes over.
   * @returns What the worker answers. Rejects with what it threw: a RuntimeError with the same message and fields.
   */
  run(task: Task, transfer: readonly Transferable[] = []): Promise<Result> {
    if (this.#closed) return Promise.reject(new RuntimeError("WorkerPool: cannot run: the pool is disposed"));
    const thread = this.#threads.reduce((least, each) => (each.pending.size < least.pending.size ? each : least));
    const id = this.#next++;
    const waiting = Promise.withResolvers<Result>();
    thread.pending.set(id, waiting);
    thread.worker.ref();
    try {
      thread.worker.postMessage({ id, task } satisfies Request, transfer as Transferable[]);
    } catch (error) {
      thread.pending.delete(id);
      waiting.reject(error);
    }
    return waiting.promise;
  }

  #thread(index: number): Thread<Result> {
    const worker = this.#start();
    worker.unref();
    const pending = new Map<number, PromiseWithResolvers<Result>>();
    worker.on("message", (answer: Answer) => {
      const waiting = pending.get(answer.id);
      pending.delete(answer.id);
      if (pending.size === 0) worker.unref();
      if ("failure" in answer)
        waiting?.reject(Object.assign(new RuntimeError(answer.failure.message), answer.failure.fields));
      else waiting?.resolve(answer.result as Result);
    });
    let cause: unknown;
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("exit", (code) => {
      const reason = cause === undefined ? `it ended with code ${code}` : messageOf(cause);
      for (const { reject } of pending.values())
        reject(new RuntimeError(`WorkerPool: cannot finish a task: its thread failed: ${reason}`, { cause }));
      if (!this.#closed) this.#threads[index] = this.#thread(index);
    });
    return { worker, pending };
  }

  /** Ends the threads; tasks under way are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

/**
 * Answers the tasks of a {@link WorkerPool}: the one call of a worker's file.
 *
 * @param work - Does a task. Returns the answer, and the buffers to transfer with it.
 */
export function serve<Task, Result>(
  work: (
    task: Task,
  ) => Promise<readonly [Result, (readonly Transferable[])?]> | readonly [Result, (readonly Transferable[])?],
): void {
  const port = parentPort as MessagePort;
  port.on("message", async ({ id, task }: Request) => {
    try {
      const [result, transfer = []] = await work(task as Task);
      port.postMessage({ id, result } satisfies Answer, transfer as Transferable[]);
    } catch (error) {
      const fields = error instanceof Error ? Object.fromEntries(Object.entries(error)) : {};
      port.postMessage({ id, failure: { message: messageOf(error), fields } } satisfies Answer);
    }
  });
}
