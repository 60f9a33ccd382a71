import type { Draw } from "./transform.ts";

/** The items in a random order, each order equally likely. */
export function shuffled<T>(items: readonly T[], draw: Draw): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = draw.integer(0, last);
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}
