/** The number itself, or the next one if it is even: sides of kernels that have a middle. */
export function odd(size: number): number {
  return size % 2 === 0 ? size + 1 : size;
}
