/** Results that are made before they are asked for, as many as memory allows. */

/** Makes result number `index`, and says how much memory it took. */
type Make<Result> = (index: number) => Promise<{ readonly result: Result; readonly sizeBytes: number }>;

/** Most results ahead, however small they are. */
const maxAhead = 64;

/**
 * Results in ascending order, made ahead. Each is handed out once; one that is asked for out of turn is made then, and the rest is dropped
 * until the order is ascending again.
 */
export class ReadAhead<Result> {
  readonly #make: Make<Result>;
  readonly #limitBytes: number;
  /** Numbers from this one on are not made ahead. */
  readonly #end: number;
  readonly #pending = new Map<number, Promise<Result>>();
  #largestBytes: number;
  /** The one that was asked for last. */
  #last: number | undefined;

  /**
   * @param make - Makes one.
   * @param limitBytes - Memory of all that are made or under way [bytes], but for one that is asked for.
   * @param expectedBytes - Memory of one, at least; what one really took counts from then on.
   * @param end - Number after the last.
   */
  constructor(make: Make<Result>, limitBytes: number, expectedBytes: number, end: number = Number.POSITIVE_INFINITY) {
    this.#make = make;
    this.#limitBytes = limitBytes;
    this.#largestBytes = Math.max(1, expectedBytes);
    this.#end = end;
  }

  /** The result with a number. */
  async get(index: number): Promise<Result> {
    const pending = this.#start(index);
    this.#pending.delete(index);
    for (const other of this.#pending.keys())
      if (other < index || other > index + maxAhead) this.#pending.delete(other);
    // Who jumps about gets no more than is asked for: what is under way cannot be called back, and would pile up.
    if (this.#last === undefined || index === this.#last + 1) this.#fillUp(index);
    this.#last = index;
    return pending;
  }

  #fillUp(index: number): void {
    const fit = Math.floor(this.#limitBytes / this.#largestBytes);
    const last = Math.min(this.#end - 1, index + Math.min(maxAhead, fit));
    for (let next = index + 1; next <= last; next++)
      if (!this.#pending.has(next)) this.#pending.set(next, this.#start(next));
  }

  #start(index: number): Promise<Result> {
    const known = this.#pending.get(index);
    if (known !== undefined) return known;
    const made = this.#make(index).then(({ result, sizeBytes }) => {
      this.#largestBytes = Math.max(this.#largestBytes, sizeBytes);
      return result;
    });
    made.catch(() => {}); // seen by whoever asks for it
    return made;
  }

  /** Forgets what was made. */
  clear(): void {
    this.#pending.clear();
  }
}
