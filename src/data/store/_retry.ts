/** One request to a server, tried again where that can help. */

import { DataError, explain, messageOf } from "../../base/errors.ts";
import { ReadError } from "./read-error.ts";

/** How often and how patiently a server is asked. */
export interface RequestOptions {
  /** Further tries after one that failed; a stream that got on starts counting anew. @defaultValue 5 */
  readonly retries?: number;
  /** Longest pause before the first further try [ms]; it doubles with each, up to 20 s. @defaultValue 250 */
  readonly retryDelayMs?: number;
  /** Longest time without a byte [ms]. @defaultValue 30,000 */
  readonly timeoutMs?: number;
  /** Ranges of one read that are under way at once. @defaultValue 4 */
  readonly parallelRanges?: number;
  /** Bytes of a range. @defaultValue 8,388,608 */
  readonly rangeBytes?: number;
}

/** {@link RequestOptions} with their defaults. */
export type RequestPlan = Required<RequestOptions>;

/** Fills in the defaults. */
export function requestPlan(options: RequestOptions): RequestPlan {
  return {
    retries: options.retries ?? 5,
    retryDelayMs: options.retryDelayMs ?? 250,
    timeoutMs: options.timeoutMs ?? 30_000,
    parallelRanges: Math.max(1, options.parallelRanges ?? 4),
    rangeBytes: Math.max(1, options.rangeBytes ?? 2 ** 23),
  };
}

/** A request; S3 also has a query beside the location. */
export interface SendInit extends RequestInit {
  readonly query?: string;
}

/** Sends a request; how it is signed is the sender's business. */
export type Send = (location: string, init: SendInit) => Promise<Response>;

/** Statuses that may pass: too early, too many, and what overloaded servers and their proxies say. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

const longestPauseMs = 20_000;

/** A clock that ends a request when nothing arrives. */
export class Idle implements Disposable {
  readonly #control = new AbortController();
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  /** Aborts with the caller's signal too. */
  readonly signal: AbortSignal;

  constructor(timeoutMs: number, outer: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.signal = outer === undefined ? this.#control.signal : AbortSignal.any([this.#control.signal, outer]);
    this.restart();
  }

  /** Something arrived, or is waited for again. */
  restart(): void {
    this.stop();
    this.#timer = setTimeout(() => this.#control.abort(new Error(`no byte in ${this.#timeoutMs} ms`)), this.#timeoutMs);
  }

  /** Nothing is waited for: the reader is busy with what it has. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

/** Counts tries of one piece of work and waits between them. */
export class Tries {
  readonly #plan: RequestPlan;
  #failed = 0;

  constructor(plan: RequestPlan) {
    this.#plan = plan;
  }

  /** The work got on: later failures start counting anew. */
  succeed(): void {
    this.#failed = 0;
  }

  /**
   * Waits until it is time for another try.
   *
   * @param location - What is read.
   * @param error - Why the last try failed.
   * @param signal - Ends the waiting.
   * @throws ReadError "remote" if there were too many tries; the error itself if no further try can help; the signal's reason.
   */
  async again(location: string, error: unknown, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (error instanceof DataError) throw error;
    if (this.#failed++ >= this.#plan.retries)
      throw new ReadError(
        { code: "remote", source: location, detail: causeText(error) },
        `must answer within ${this.#failed} tries`,
        { cause: error },
      );
    // Half of the pause is drawn, so that readers that failed together do not come back together.
    const pauseMs = Math.min(longestPauseMs, this.#plan.retryDelayMs * 2 ** (this.#failed - 1));
    const askedMs = error instanceof PassingError ? Math.min(longestPauseMs, error.pauseMs) : 0;
    await pause(Math.max(askedMs, pauseMs * (0.5 + Math.random() / 2)), signal);
  }
}

/** A refusal that may pass. */
class PassingError extends Error {
  /** When the server asked to come back [ms]. */
  readonly pauseMs: number;

  constructor(response: Response) {
    super(statusText(response));
    this.pauseMs = Number(response.headers.get("retry-after") ?? 0) * 1000 || 0;
  }
}

/** Waits, or rejects with the signal's reason. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** `fetch` hides why it failed in a chain of causes; the last one says it. */
export function causeText(error: unknown): string {
  for (let at = error; ; ) {
    if (!(at instanceof Error)) return messageOf(at);
    if (at.cause === undefined) return at.message || at.name;
    at = at.cause;
  }
}

/**
 * Sends a request once. Throws what {@link Tries.again} takes.
 *
 * @param send - Sends it.
 * @param location - Of what.
 * @param init - The request.
 * @param idle - Ends it when nothing arrives; watches over the body too, as long as it is not disposed.
 * @returns The answer, whatever its status says, except one that may pass.
 */
export async function sendOnce(send: Send, location: string, init: SendInit, idle: Idle): Promise<Response> {
  const response = await send(location, { ...init, signal: idle.signal });
  if (!passingStatuses.has(response.status)) return response;
  await response.body?.cancel();
  throw new PassingError(response);
}

/**
 * Sends a request and uses its answer, again and again until that works.
 *
 * @param send - Sends it.
 * @param location - Of what; named by errors.
 * @param init - The request. Its body, if any, can be sent several times.
 * @param plan - How patiently.
 * @param use - What to do with the answer. A DataError that it throws is final.
 * @param signal - Of the caller.
 */
export async function request<Result>(
  send: Send,
  location: string,
  init: SendInit,
  plan: RequestPlan,
  use: (response: Response) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const tries = new Tries(plan);
  for (;;) {
    using idle = new Idle(plan.timeoutMs, signal);
    try {
      return await use(await sendOnce(send, location, init, idle));
    } catch (error) {
      idle.stop();
      await tries.again(location, error, signal);
    }
  }
}

/** `503 Service Unavailable`. */
export function statusText(response: Response): string {
  return `the server answered ${response.status} ${response.statusText}`.trimEnd();
}

/** The error of an answer that no further try would change. */
export function refused(location: string, response: Response): DataError {
  const { status } = response;
  const received = status === 404 || status === 410 ? "there is no such object" : statusText(response);
  const rule = status === 401 || status === 403 ? "must be open to these credentials" : "must exist";
  return new DataError(explain({ api: "data", action: `read "${location}"`, received, rule }), { source: location });
}
