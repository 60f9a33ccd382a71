/** Where a page's wishes wait until the loop is between two steps. */

import type { LoopSession } from "../../train/loop-options.ts";
import type { WebState } from "../web-event.ts";
import { Turns } from "./_turns.ts";

/** Lets a loop run, stand still, take one step, or do something else between two steps. */
export class Desk {
  readonly #tell: (state: WebState) => void;
  readonly #turns = new Turns();
  readonly #stop = new AbortController();
  readonly #waiting: { work(session: LoopSession): Promise<void>; reject(error: unknown): void }[] = [];
  readonly #steps: PromiseWithResolvers<void>[] = [];
  #paused: boolean;
  #closed = false;
  #stepping: PromiseWithResolvers<void> | undefined;
  #state: WebState = "preparing";
  #wake: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param paused - Stand still before the first step.
   * @param tell - Told whenever the loop does something else.
   */
  constructor(paused: boolean, tell: (state: WebState) => void) {
    this.#paused = paused;
    this.#tell = tell;
  }

  /** Ends the loop before its next step. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Does something between two steps, also after the last one. */
  ask<T>(work: (session: LoopSession) => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({ work: (session) => work(session).then(resolve, reject), reject });
    this.#wake?.();
    return promise;
  }

  /** Stands still; resolves when it does. */
  pause(): Promise<void> {
    this.#paused = true;
    return this.ask(async (session) => {
      if (!session.over) this.enter("paused");
    });
  }

  play(): void {
    this.#paused = false;
    this.#wake?.();
  }

  /** Takes one step and stands still; resolves when it does. */
  step(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    this.#paused = true;
    const step = Promise.withResolvers<void>();
    this.#steps.push(step);
    this.#wake?.();
    return step.promise;
  }

  stop(): void {
    this.#stop.abort();
    this.#wake?.();
  }

  /** Ends the waiting after the last step. */
  close(): void {
    this.#closed = true;
    this.stop();
  }

  /** The loop begins again from its last checkpoint: a step that was under way is still to be taken. */
  recover(): void {
    if (this.#stepping !== undefined) this.#steps.unshift(this.#stepping);
    this.#stepping = undefined;
    this.enter("recovering");
  }

  /** Says what the loop does, where that is new. */
  enter(state: WebState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#tell(state);
  }

  /** Nothing will be done any more: whoever waits is told why. */
  fail(error: unknown): void {
    this.#failure = { error };
    for (const { reject } of [...this.#waiting.splice(0), ...this.#steps.splice(0)]) reject(error);
    this.#stepping?.reject(error);
    this.#turns.close();
  }

  /** The loop's `attend`: returns when the next step may begin; after the last one, when the page needs the model no more. */
  async attend(session: LoopSession): Promise<void> {
    // Messages of the page arrive only when this thread has nothing to do, and a runtime that shares it may never wait for anything.
    await this.#turns.next();
    this.#stepping?.resolve();
    this.#stepping = undefined;
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        await next.work(session);
        continue;
      }
      if (session.over) {
        for (const step of this.#steps.splice(0)) step.resolve();
        if (this.#closed) return;
      } else {
        if (this.#stop.signal.aborted) return;
        this.#stepping = this.#steps.shift();
        if (this.#stepping !== undefined) return;
        if (!this.#paused) return this.enter("running");
        this.enter("paused");
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
  }
}
