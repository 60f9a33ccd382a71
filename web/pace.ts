/** How fast a run goes, and when it will be done. */

/** Time between two marks, and how far back they reach [ms]. */
const markEveryMs = 250;
const reachMs = 15_000;

/** Steps by wall-clock time: evaluations and samples between steps count, a pause does not. */
export class Pace {
  #marks: { readonly ms: number; readonly step: number }[] = [];

  /** A step is done. */
  add(step: number, ms: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && ms - last.ms < markEveryMs) return;
    this.#marks.push({ ms, step });
    while (ms - (this.#marks[0] as { ms: number }).ms > reachMs) this.#marks.shift();
  }

  /** What came before tells nothing: the run was paused, or has begun anew. */
  clear(): void {
    this.#marks = [];
  }

  /** Steps per second of late; NaN before it can be told. */
  get stepsPerSecond(): number {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (first === undefined || last === undefined || last.ms === first.ms) return Number.NaN;
    return ((last.step - first.step) / (last.ms - first.ms)) * 1000;
  }
}
