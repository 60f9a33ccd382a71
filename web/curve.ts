/** A curve of any length in bounded memory: neighbours are merged as it grows, and what they spanned is kept. */

/** A stretch of steps and the values on it. */
export interface CurvePoint {
  /** First and last step of the stretch. */
  first: number;
  last: number;
  min: number;
  max: number;
  mean: number;
  /** Values in the mean. */
  count: number;
}

/** Points at which neighbours are merged. A chart has fewer pixels than this. */
const mostPoints = 1024;

/** Values by step, appended in order. */
export class Curve {
  /** Read it; add through {@link Curve.add}. */
  readonly points: CurvePoint[] = [];
  /** Values that a full point holds: doubles with each merging. */
  #stride = 1;
  readonly #most: number;

  constructor(most: number = mostPoints) {
    this.#most = most;
  }

  /** Appends a value; one that is not finite cannot be drawn and is left out. */
  add(step: number, value: number): void {
    if (!Number.isFinite(value)) return;
    const last = this.points.at(-1);
    if (last !== undefined && last.count < this.#stride) {
      last.last = step;
      last.min = Math.min(last.min, value);
      last.max = Math.max(last.max, value);
      last.mean += (value - last.mean) / ++last.count;
      return;
    }
    if (this.points.length >= this.#most) {
      this.#halve();
      this.add(step, value);
    } else this.points.push({ first: step, last: step, min: value, max: value, mean: value, count: 1 });
  }

  /** Forgets what came after a step: a run that was continued goes on from its checkpoint. */
  truncate(step: number): void {
    while ((this.points.at(-1)?.first ?? 0) > step) this.points.pop();
  }

  /** The point whose stretch is nearest to a step. */
  at(step: number): CurvePoint | undefined {
    let [low, high] = [0, this.points.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.points[middle] as CurvePoint).last < step) low = middle + 1;
      else high = middle;
    }
    const [point, before] = [this.points[low], this.points[low - 1]];
    return before !== undefined && point !== undefined && step - before.last < point.first - step ? before : point;
  }

  #halve(): void {
    const { points } = this;
    for (let i = 0; i < points.length; i += 2) points[i >> 1] = merged(points[i] as CurvePoint, points[i + 1]);
    points.length = Math.ceil(points.length / 2);
    this.#stride *= 2;
  }

  /** As JSON; {@link Curve.from} takes it back. */
  toJSON(): { stride: number; points: CurvePoint[] } {
    return { stride: this.#stride, points: this.points };
  }

  static from(saved: { stride: number; points: readonly CurvePoint[] }, most?: number): Curve {
    const curve = new Curve(most);
    curve.#stride = saved.stride;
    curve.points.push(...saved.points);
    return curve;
  }
}

function merged(a: CurvePoint, b: CurvePoint | undefined): CurvePoint {
  if (b === undefined) return a;
  const count = a.count + b.count;
  return {
    first: a.first,
    last: b.last,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    mean: a.mean + ((b.mean - a.mean) * b.count) / count,
    count,
  };
}

/**
 * Means of a curve with their noise taken out: at each point the straight line that fits its neighbours best, so that it neither lags
 * behind nor bends at the ends.
 *
 * @param points - Of a curve.
 * @param share - Neighbours to each side, as a share of all points.
 */
export function smoothed(points: readonly CurvePoint[], share: number): number[] {
  const reach = Math.max(2, Math.round(points.length * share));
  return points.map((_, i) => {
    const [from, to] = [Math.max(0, i - reach), Math.min(points.length - 1, i + reach)];
    let [sum, product, square] = [0, 0, 0];
    const middle = (from + to) / 2;
    for (let j = from; j <= to; j++) {
      const { mean } = points[j] as CurvePoint;
      sum += mean;
      product += (j - middle) * mean;
      square += (j - middle) ** 2;
    }
    return sum / (to - from + 1) + (square === 0 ? 0 : (product / square) * (i - middle));
  });
}
