/** The most frequent values of a stream. */

const kept = 1024;

/**
 * Counts of values, the rare ones given up when there are too many (Misra and Gries, "Finding repeated elements", 1982). Counts are exact
 * while there are few values, else too low by at most `error`.
 */
export class TopValues<Value> {
  readonly #counts = new Map<Value, number>();
  error = 0;

  /** Takes a value. */
  add(value: Value, times = 1): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + times);
    if (this.#counts.size >= 2 * kept) this.#shrink();
  }

  /** Takes what another counter saw. */
  merge(other: TopValues<Value>): void {
    for (const [value, count] of other.#counts) this.add(value, count);
    this.error += other.error;
  }

  #shrink(): void {
    const counts = Float64Array.from(this.#counts.values()).sort();
    const least = counts[counts.length - kept - 1] as number;
    for (const [value, count] of this.#counts)
      if (count > least) this.#counts.set(value, count - least);
      else this.#counts.delete(value);
    this.error += least;
  }

  /** The most frequent values that are surely more frequent than what was given up. */
  top(most: number): { readonly value: Value; readonly count: number }[] {
    return [...this.#counts]
      .filter(([, count]) => count > this.error)
      .sort((a, b) => b[1] - a[1])
      .slice(0, most)
      .map(([value, count]) => ({ value, count }));
  }
}
