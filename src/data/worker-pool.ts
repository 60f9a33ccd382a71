/** Threads for work that fills a core: decoding, hashing, augmenting. Tasks go to the thread that has least to do. */

import { availableParallelism } from "node:os";
import { type MessagePort, parentPort, type Transferable, Worker } from "node:worker_threads";
import { explain, messageOf, RuntimeError } from "../base/errors.ts";

type Request = { readonly id: number; readonly task: unknown } | "close";

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
  /** Whether tasks that are under way when the pool is disposed have something to close; else threads are ended at once. @defaultValue false */
  readonly closes?: boolean;
}

interface Thread<Result> {
  readonly worker: Worker;
  readonly pending: Map<number, PromiseWithResolvers<Result>>;
  /** Settles when it has ended. */
  readonly exit: Promise<void>;
  hasEnded: boolean;
}

/** Time for a thread to close what it has open before it is ended all the same [ms]. */
const closingMs = 2000;

/**
 * A pool of worker threads. The module it runs calls {@link serve}.
 *
 * Dispose it; an idle pool does not keep the process alive. A worker that dies rejects its tasks; the next task that it would have got starts
 * another, so that one that cannot start is tried once a task and no more.
 */
export class WorkerPool<Task, Result> implements AsyncDisposable {
  readonly size: number;
  readonly #start: () => Worker;
  readonly #closes: boolean;
  readonly #threads: Thread<Result>[] = [];
  #next = 0;
  #closed = false;

  /**
   * @param module - URL of the worker's file beside the caller, without its extension: `new URL("./decode-worker", import.meta.url)`.
   * @param options - See {@link WorkerPoolOptions}.
   */
  constructor(module: URL, options: WorkerPoolOptions = {}) {
    const { size = availableParallelism(), setup, closes = false } = options;
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
    this.#closes = closes;
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#start = () =>
      new Worker(new URL(`${module.href}.${extension}`), {
        name: "cameo-data",
        // Flags of the main thread such as --input-type forbid a worker to start; where sources run, the package's name means them.
        execArgv: extension === "ts" ? ["--conditions=cameo-source"] : [],
        workerData: setup,
      });
    for (let i = 0; i < size; i++) this.#threads.push(this.#thread());
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
    const id = this.#next++;
    const waiting = Promise.withResolvers<Result>();
    try {
      const thread = this.#leastBusy();
      // Before it counts as pending: what cannot be copied throws here, and must not keep the thread awake.
      thread.worker.postMessage({ id, task } satisfies Request, transfer as Transferable[]);
      thread.pending.set(id, waiting);
      thread.worker.ref();
    } catch (error) {
      waiting.reject(error);
    }
    return waiting.promise;
  }

  /** The thread that has least to do, which is one that ended if there is any: it is replaced. */
  #leastBusy(): Thread<Result> {
    const least = this.#threads.reduce((a, b) => (b.pending.size < a.pending.size ? b : a));
    if (!least.hasEnded) return least;
    const next = this.#thread();
    this.#threads[this.#threads.indexOf(least)] = next;
    return next;
  }

  #thread(): Thread<Result> {
    const worker = this.#start();
    worker.unref();
    const ended = Promise.withResolvers<void>();
    const thread: Thread<Result> = { worker, pending: new Map(), exit: ended.promise, hasEnded: false };
    const { pending } = thread;
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
      pending.clear();
      thread.hasEnded = true;
      ended.resolve();
    });
    return thread;
  }

  /** Ends the threads; tasks under way are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all(
      this.#threads.map(async ({ worker, pending, exit }) => {
        if (this.#closes && pending.size > 0) {
          worker.postMessage("close" satisfies Request);
          const timer = setTimeout(() => void worker.terminate(), closingMs);
          await exit;
          clearTimeout(timer);
        } else await worker.terminate();
      }),
    );
  }
}

/**
 * Answers the tasks of a {@link WorkerPool}: the one call of a worker's file.
 *
 * @param work - Does a task. Returns the answer, and the buffers to transfer with it.
 * @param close - Called when a pool that `closes` is disposed while tasks are under way: ends them, and closes what they have open.
 */
export function serve<Task, Result>(
  work: (
    task: Task,
  ) => Promise<readonly [Result, (readonly Transferable[])?]> | readonly [Result, (readonly Transferable[])?],
  close: () => Promise<void> | void = () => {},
): void {
  const port = parentPort as MessagePort;
  port.on("message", async (request: Request) => {
    if (request === "close") {
      try {
        await close();
      } finally {
        process.exit();
      }
    }
    const { id, task } = request;
    const fail = (message: string, fields: object): void =>
      port.postMessage({ id, failure: { message, fields } } satisfies Answer);
    try {
      const [result, transfer = []] = await work(task as Task);
      port.postMessage({ id, result } satisfies Answer, transfer as Transferable[]);
    } catch (error) {
      const message = messageOf(error);
      try {
        fail(message, error instanceof Error ? Object.fromEntries(Object.entries(error)) : {});
      } catch {
        fail(message, {}); // a field that cannot be copied is not worth the thread
      }
    }
  });
}
