/** Progress on one line of a terminal, which is gone when the work is done. */

import type { Style } from "./_style.ts";
import type { Output } from "./command.ts";

/** Time between two drawings [ms]. */
const pauseMs = 100;

/** A line that is drawn over itself; nothing where the output is no terminal. Dispose it: an error must not begin in its middle. */
export class LiveLine implements Disposable {
  readonly #output: Output;
  readonly #isLive: boolean;
  #shownMs = Number.NEGATIVE_INFINITY;
  #isOpen = false;

  constructor(output: Output, style: Style) {
    this.#output = output;
    this.#isLive = style.isLive;
  }

  /** Draws the line, ten times a second at most; parts that are empty are left out. */
  show(parts: readonly string[]): void {
    const now = performance.now();
    if (!this.#isLive || now - this.#shownMs < pauseMs) return;
    this.#shownMs = now;
    this.#isOpen = true;
    const text = parts.filter((part) => part !== "").join("  ");
    this.#output.write(`\r\u001b[2K${text.slice(0, (this.#output.columns ?? 80) - 1)}`);
  }

  /** Takes the line away; the next one is drawn at once. */
  [Symbol.dispose](): void {
    if (this.#isOpen) this.#output.write("\r\u001b[2K");
    this.#isOpen = false;
    this.#shownMs = Number.NEGATIVE_INFINITY;
  }
}
