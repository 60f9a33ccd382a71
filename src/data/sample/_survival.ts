/** Tail probabilities of the two test statistics. Checked against SciPy. */

/**
 * Probability that a Kolmogorov variate is above x (`scipy.stats.kstwobign.sf`).
 *
 * @source Marsaglia, Tsang and Wang, "Evaluating Kolmogorov's Distribution", 2003, https://doi.org/10.18637/jss.v008.i18, the two limits.
 */
export function kolmogorovSurvival(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  if (x < 1.1) {
    for (let j = 1; j <= 9; j += 2) sum += Math.exp((-j * j * Math.PI * Math.PI) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let j = 1; j <= 6; j++) sum += (j % 2 === 1 ? 2 : -2) * Math.exp(-2 * j * j * x * x);
  return sum;
}

/**
 * P-value of the two-sided two-sample Kolmogorov–Smirnov test.
 *
 * @source Stephens, "EDF Statistics for Goodness of Fit and Some Comparisons", 1974, https://doi.org/10.2307/2286009: the correction that
 * makes the limit good from a size of about 4.
 */
export function ksPValue(statistic: number, sizeA: number, sizeB: number): number {
  const size = Math.sqrt((sizeA * sizeB) / (sizeA + sizeB));
  return Math.min(1, Math.max(0, kolmogorovSurvival((size + 0.12 + 0.11 / size) * statistic)));
}

/** Probability that a chi-square variate is above x (`scipy.stats.chi2.sf`). */
export function chiSquareSurvival(x: number, degreesOfFreedom: number): number {
  return upperGamma(degreesOfFreedom / 2, x / 2);
}

/**
 * Regularised upper incomplete gamma function Q(a, x): the series below a + 1, the continued fraction above.
 *
 * @source NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov/8, 8.7.1 and 8.9.2 (by Lentz's method).
 */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let k = 1; term > sum * 1e-17; k++) {
      term *= x / (a + k);
      sum += term;
    }
    return 1 - front * sum;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let k = 1; k < 100_000; k++) {
    const factor = -k * (k - a);
    b += 2;
    d = 1 / (factor * d + b);
    c = b + factor / c;
    value *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return front * value;
}

/** Stirling's series, after moving the argument to where it is exact. @source DLMF 5.11.1. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift += Math.log(z);
  const r = 1 / (z * z);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360360))))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
