/** A set of row numbers as ranges: rows that are damaged come in runs, and a run may be a billion rows long. */

/** See the top of the file. */
export class RowRanges {
  /** Start and end of each range, ascending; no two touch. */
  readonly #bounds: number[] = [];

  /** Adds the rows from `start` to before `end`. Returns how many of them are new. */
  add(start: number, end: number): number {
    const bounds = this.#bounds;
    const first = this.#firstFrom(start); // the first range that ends at `start` or behind it
    let next = first;
    let [low, high, known] = [start, end, 0];
    for (; next < bounds.length && (bounds[next] as number) <= end; next += 2) {
      const [from, to] = [bounds[next] as number, bounds[next + 1] as number];
      known += Math.max(0, Math.min(end, to) - Math.max(start, from));
      low = Math.min(low, from);
      high = Math.max(high, to);
    }
    bounds.splice(first, next - first, low, high);
    return end - start - known;
  }

  #firstFrom(row: number): number {
    let [low, high] = [0, this.#bounds.length / 2];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#bounds[2 * middle + 1] as number) < row) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}
