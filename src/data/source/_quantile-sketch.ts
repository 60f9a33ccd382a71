/** Ranks and quantiles of a stream of numbers in a few kilobytes. */

/** Numbers kept on the top level; the error of a rank is about 1.7 / size: 0.2 % of all. */
const size = 1024;
const shrink = 2 / 3;

/**
 * A KLL sketch: levels of samples, of which those on level `h` stand for 2^h numbers each. A level that is full is sorted and every other
 * sample goes one level up. Exact while there are no more numbers than samples; two sketches merge.
 *
 * Source: Karnin, Lang and Liberty, "Optimal Quantile Approximation in Streams", 2016, https://arxiv.org/abs/1603.05346. Differs: which
 * half goes up alternates instead of being drawn, so that the same data gives the same sketch.
 */
export class QuantileSketch {
  count = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;
  readonly #levels: Float64Array[] = [new Float64Array(size)];
  readonly #lengths: number[] = [0];
  readonly #parity: number[] = [0];
  #sorted: { readonly values: Float64Array; readonly weights: Float64Array } | undefined;

  /** Takes a number that is finite. */
  add(value: number): void {
    this.count++;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.#sorted = undefined;
    this.#push(0, value);
  }

  /** Takes what another sketch saw. */
  merge(other: QuantileSketch): void {
    for (const [level, values] of other.#levels.entries())
      for (let i = 0; i < (other.#lengths[level] as number); i++) this.#push(level, values[i] as number);
    this.count += other.count;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.#sorted = undefined;
  }

  #push(level: number, value: number): void {
    while (this.#levels.length <= level) {
      this.#levels.push(new Float64Array(size));
      this.#lengths.push(0);
      this.#parity.push(0);
    }
    const at = this.#lengths[level] as number;
    (this.#levels[level] as Float64Array)[at] = value;
    this.#lengths[level] = at + 1;
    const depth = this.#levels.length - 1 - level;
    if (at + 1 >= Math.max(8, Math.ceil(size * shrink ** depth))) this.#compact(level);
  }

  #compact(level: number): void {
    const length = this.#lengths[level] as number;
    const values = (this.#levels[level] as Float64Array).slice(0, length).sort();
    const odd = length % 2; // the last of an odd number stays
    this.#lengths[level] = odd;
    if (odd === 1) (this.#levels[level] as Float64Array)[0] = values[length - 1] as number;
    const first = this.#parity[level] as number;
    this.#parity[level] = 1 - first;
    for (let i = first; i < length - odd; i += 2) this.#push(level + 1, values[i] as number);
  }

  /** All samples in order, with the numbers that stand below or at each. */
  #ordered(): { readonly values: Float64Array; readonly weights: Float64Array } {
    if (this.#sorted !== undefined) return this.#sorted;
    const samples: [value: number, weight: number][] = this.#levels.flatMap((values, level) =>
      Array.from(values.subarray(0, this.#lengths[level]), (value): [number, number] => [value, 2 ** level]),
    );
    samples.sort((a, b) => a[0] - b[0]);
    let sum = 0;
    const weights = Float64Array.from(samples, ([, weight]) => (sum += weight));
    this.#sorted = { values: Float64Array.from(samples, ([value]) => value), weights };
    return this.#sorted;
  }

  /** Share of the numbers that are at most `value`. */
  rank(value: number): number {
    if (value >= this.max) return 1;
    if (value < this.min) return 0;
    const { values, weights } = this.#ordered();
    let [low, high] = [0, values.length]; // first sample above value
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[middle] as number) <= value) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (weights[low - 1] as number) / (weights.at(-1) as number);
  }

  /** The smallest number that a share of `probability` [0, 1] does not exceed. */
  quantile(probability: number): number {
    if (this.count === 0) return Number.NaN;
    const { values, weights } = this.#ordered();
    const wanted = probability * (weights.at(-1) as number);
    let [low, high] = [0, values.length - 1]; // first sample whose weight reaches what is wanted
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((weights[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return values[low] as number;
  }
}
