/** A queue from one producer to one `for await` loop. */

import { explain } from "./errors.ts";

/** Values pushed on one side come out of the iterator on the other, in order; nothing is lost before the loop begins. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #taken = false;
  readonly #onLeave: () => void;

  /** @param onLeave - Called when the consumer leaves its loop early. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  push(value: T): void {
    if (this.#closed) return;
    this.#waiting.push(value);
    this.#wake?.();
  }

  /** No more values will come. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    if (this.#taken)
      throw new TypeError(
        explain({
          api: "run",
          action: "iterate",
          received: "it has been iterated already",
          rule: "a run can be iterated once",
          hint: "keep its events, or start a new run",
        }),
      );
    this.#taken = true;
    let finished = false;
    try {
      for (;;) {
        for (let value = this.#waiting.shift(); value !== undefined; value = this.#waiting.shift()) yield value;
        if (this.#closed) {
          finished = true;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      if (!finished) this.#onLeave();
    }
  }
}
