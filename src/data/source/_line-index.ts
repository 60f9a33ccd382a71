/** Where rows begin in a file of records: one entry for many rows, and never more than some thousands of entries. */

const mostEntries = 2 ** 16;
const firstSpacingBytes = 2 ** 17;

/** A place where a row begins. */
export interface Place {
  readonly row: number;
  readonly byte: number;
}

/** Grows as far as its file was read; where it is full, every second entry goes. */
export class LineIndex {
  #rows: number[];
  #bytes: number[];
  #spacingBytes = firstSpacingBytes;
  #known: Place;
  /** Rows of the file, once it was read to its end. */
  numRows: number | undefined;

  /** @param firstByte - Where the first row begins: behind a header. */
  constructor(firstByte = 0) {
    this.#rows = [0];
    this.#bytes = [firstByte];
    this.#known = { row: 0, byte: firstByte };
  }

  /** The last row whose place is known. */
  get known(): Place {
    return this.#known;
  }

  /** Says where a row begins. Only the row after the last known one tells anything new. */
  add(row: number, byte: number): void {
    if (row !== this.#known.row + 1) return;
    this.#known = { row, byte };
    if (byte - (this.#bytes.at(-1) as number) < this.#spacingBytes) return;
    this.#rows.push(row);
    this.#bytes.push(byte);
    if (this.#rows.length <= mostEntries) return;
    this.#rows = this.#rows.filter((_, i) => i % 2 === 0);
    this.#bytes = this.#bytes.filter((_, i) => i % 2 === 0);
    this.#spacingBytes *= 2;
  }

  /** The last known place at or before a row, and the next one after it. */
  find(row: number): { readonly from: Place; readonly to: Place | undefined } {
    let [low, high] = [0, this.#rows.length]; // rows[low] <= row < rows[high]
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle] as number) <= row) low = middle;
      else high = middle;
    }
    const at = (i: number): Place | undefined =>
      i < this.#rows.length ? { row: this.#rows[i] as number, byte: this.#bytes[i] as number } : undefined;
    return { from: at(low) as Place, to: at(high) };
  }
}
