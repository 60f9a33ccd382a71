/** How far two distributions are apart, and whether that matters. */

/** How a column of the sample differs from the population. */
export type Verdict = "alike" | "shifted" | "different" | "too few to tell";

/** A share of rows in the population and (weighted by 1 over inclusion probability) in the sample. */
export interface SharePair {
  readonly population: number;
  readonly sample: number;
}

/** P-values below this are not chance. */
const significant = 0.01;

/** Effects below the first are alike whatever the p-value, those above the second different. */
export const effectLimits = { psi: [0.1, 0.25], ks: [0.05, 0.15] } as const;

/** Both unlikely by chance and large enough to matter, or not. */
export function verdictOf(pValue: number, effect: number, [small, large]: readonly [number, number]): Verdict {
  if (pValue >= significant) return effect > large ? "too few to tell" : "alike";
  return effect < small ? "alike" : effect < large ? "shifted" : "different";
}

/** Share of a bucket in the index; empty ones count as half a row, or the logarithm would be infinite. */
export function stability(sample: number, population: number, sampleRows: number, populationRows: number): number {
  const a = Math.max(sample, 0.5 / sampleRows);
  const b = Math.max(population, 0.5 / populationRows);
  return (a - b) * Math.log(a / b);
}

/** Pearson's statistic; classes of which fewer than five are expected are taken together, as is usual. */
export function chiSquare(
  pairs: readonly SharePair[],
  rows: number,
): { readonly statistic: number; readonly degreesOfFreedom: number } {
  const isRare = ({ population }: SharePair): boolean => population * rows < 5;
  const bins = pairs.filter((pair) => !isRare(pair));
  const rare = pairs.filter(isRare);
  if (rare.length > 0) {
    const sum = (key: keyof SharePair): number => rare.reduce((total, pair) => total + pair[key], 0);
    bins.push({ population: sum("population"), sample: sum("sample") });
  }
  const used = bins.filter(({ population }) => population > 0);
  const statistic = used.reduce(
    (sum, { population, sample }) => sum + (rows * (sample - population) ** 2) / population,
    0,
  );
  // Rows of classes that the population does not have can be no sample of it.
  const impossible = bins.some(({ population, sample }) => population === 0 && sample > 0);
  return {
    statistic: impossible ? Number.POSITIVE_INFINITY : statistic,
    degreesOfFreedom: Math.max(0, used.length - 1),
  };
}
