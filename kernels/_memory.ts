/** What every kernel exports beside its functions. */

/** First byte that the host may use. */
export function heapBase(): usize {
  return __heap_base;
}
