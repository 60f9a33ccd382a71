/** From numbers to pixels, and the round numbers at which an axis is labelled. */

/** How an axis is divided. */
export type ScaleKind = "linear" | "log";

/** A mapping from a range of numbers to a range of pixels. */
export interface Scale {
  (value: number): number;
  /** The number at a pixel. */
  invert(pixel: number): number;
}

/** Maps `[from, to]` to `[begin, end]`. The range of a logarithmic scale is positive. */
export function scale(
  kind: ScaleKind,
  [from, to]: readonly [number, number],
  [begin, end]: readonly [number, number],
): Scale {
  const [forward, back] = kind === "log" ? [Math.log, Math.exp] : [identity, identity];
  const [low, high] = [forward(from), forward(to)];
  const span = high - low || 1;
  const map = (value: number): number => begin + ((forward(value) - low) / span) * (end - begin);
  return Object.assign(map, {
    invert: (pixel: number): number => back(low + ((pixel - begin) / (end - begin || 1)) * span),
  });
}

const identity = (value: number): number => value;

/** Round numbers in `[from, to]`, about `about` of them: multiples of 1, 2 or 5 times a power of ten. */
export function ticks(kind: ScaleKind, [from, to]: readonly [number, number], about: number): number[] {
  if (!(to > from)) return [from];
  if (kind === "log" && to / from >= 4) return logTicks(from, to, about);
  const rough = (to - from) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const distance = (factor: number): number => Math.abs(Math.log((factor * power) / rough));
  const step = power * [1, 2, 5, 10].reduce((best, factor) => (distance(factor) < distance(best) ? factor : best));
  const first = Math.ceil(from / step - 1e-9);
  const number = Math.floor(to / step + 1e-9) - first + 1;
  return Array.from({ length: number }, (_, i) => tidy((first + i) * step));
}

function logTicks(from: number, to: number, about: number): number[] {
  const within = (factors: readonly number[]): number[] => {
    const found: number[] = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++)
      for (const factor of factors) {
        const value = tidy(factor * 10 ** power);
        if (value >= from && value <= to) found.push(value);
      }
    return found;
  };
  const dense = within([1, 2, 3, 5, 7]);
  return dense.length <= about * 1.5 ? dense : within(within([1, 2, 5]).length <= about * 1.5 ? [1, 2, 5] : [1]);
}

/** Without the last digits, in which sums of binary fractions differ from what was meant. */
const tidy = (value: number): number => Number(value.toPrecision(12));
