/** Medians and ranges of measured times. */

function quantile(values: readonly number[], share: number): number {
  const order = [...values].sort((a, b) => a - b);
  return order[Math.min(order.length - 1, Math.floor(share * order.length))] as number;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** 10th and 90th percentile. */
export function range(values: readonly number[]): [number, number] {
  return [quantile(values, 0.1), quantile(values, 0.9)];
}
