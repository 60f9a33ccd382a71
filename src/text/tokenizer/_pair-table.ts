/**
 * A hash table from a pair of ids to an integer. A `Map` would need a string or a double as key, and this lookup is the
 * inner loop of encoding and of training.
 */
export class PairTable {
  #left: Int32Array;
  #right: Int32Array;
  #value: Int32Array;
  #mask: number;
  #size = 0;

  /** @param expected - Number of pairs to make room for; the table grows past it. */
  constructor(expected = 0) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, expected * 2)));
    this.#left = new Int32Array(capacity).fill(-1);
    this.#right = new Int32Array(capacity);
    this.#value = new Int32Array(capacity);
    this.#mask = capacity - 1;
  }

  /** The value of a pair, or -1. */
  get(left: number, right: number): number {
    const slot = this.#find(left, right);
    return this.#left[slot] === -1 ? -1 : (this.#value[slot] as number);
  }

  set(left: number, right: number, value: number): void {
    const slot = this.#find(left, right);
    if (this.#left[slot] === -1) {
      if (++this.#size * 2 > this.#mask) {
        this.#rehash();
        this.set(left, right, value);
        return;
      }
      this.#left[slot] = left;
      this.#right[slot] = right;
    }
    this.#value[slot] = value;
  }

  /** The slot that holds the pair, or the free one where it belongs. */
  #find(left: number, right: number): number {
    let hash = Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & this.#mask;
    while (this.#left[slot] !== -1 && (this.#left[slot] !== left || this.#right[slot] !== right))
      slot = (slot + 1) & this.#mask;
    return slot;
  }

  #rehash(): void {
    const [left, right, value] = [this.#left, this.#right, this.#value];
    this.#left = new Int32Array(left.length * 2).fill(-1);
    this.#right = new Int32Array(left.length * 2);
    this.#value = new Int32Array(left.length * 2);
    this.#mask = left.length * 2 - 1;
    this.#size = 0;
    for (let i = 0; i < left.length; i++)
      if (left[i] !== -1) this.set(left[i] as number, right[i] as number, value[i] as number);
  }
}
