/** A list of ids that grows in place; the output side of every encoder. */
export class IdBuffer {
  #ids = new Uint32Array(256);
  #length = 0;

  push(id: number): void {
    if (this.#length === this.#ids.length) this.#grow(this.#length + 1);
    this.#ids[this.#length++] = id;
  }

  /** Appends `count` ids of `from`, starting at `start`. */
  append(from: ArrayLike<number>, start: number, count: number): void {
    if (this.#length + count > this.#ids.length) this.#grow(this.#length + count);
    const ids = this.#ids;
    let at = this.#length;
    for (let i = start; i < start + count; i++) ids[at++] = from[i] as number;
    this.#length = at;
  }

  /** The ids so far, as an array of their own; the buffer is then empty. */
  take(): Uint32Array {
    const taken = this.#ids.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #grow(needed: number): void {
    const larger = new Uint32Array(Math.max(needed, this.#ids.length * 2));
    larger.set(this.#ids.subarray(0, this.#length));
    this.#ids = larger;
  }
}
