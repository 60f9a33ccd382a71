/** Learns byte-pair merges from counted words, updating pair counts only where a merge changes something. */

import { Heap } from "./_heap.ts";
import { PairTable } from "./_pair-table.ts";

/** One learned merge; `id` is that of the token `left` + `right`, new or (rarely) learned before another way. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  readonly id: number;
}

/** Options of {@link learnMerges}. */
export interface LearnOptions {
  /** The tokens to start from, by id. */
  readonly alphabet: readonly string[];
  /** How many tokens to learn at most. */
  readonly tokens: number;
  /** The least count at which a pair is still merged. */
  readonly minFrequency: number;
  /** Called after each merge with the tokens learned so far; a promise is awaited, so it can yield to the event loop. */
  readonly onToken?: ((learned: number) => Promise<void> | void) | undefined;
}

/** A pair as it was when it joined the queue. It is out of date once its count has changed. */
interface Candidate {
  readonly pair: number;
  readonly count: number;
}

/** All adjacent pairs of all words: their counts, and the words they may be found in. */
class PairCounts {
  readonly left: number[] = [];
  readonly right: number[] = [];
  readonly total: number[] = [];
  readonly words: number[][] = [];
  readonly #index = new PairTable(2 ** 14);

  /** Adds `count` (which may be negative) for one occurrence in `word`, and returns the pair's index. */
  add(left: number, right: number, count: number, word: number): number {
    let pair = this.#index.get(left, right);
    if (pair < 0) {
      pair = this.left.length;
      this.#index.set(left, right, pair);
      this.left.push(left);
      this.right.push(right);
      this.total.push(0);
      this.words.push([]);
    }
    this.total[pair] = (this.total[pair] as number) + count;
    const words = this.words[pair] as number[];
    if (count > 0 && words.at(-1) !== word) words.push(word);
    return pair;
  }
}

/**
 * Merges the most frequent pair, again and again. Of pairs with equal counts the one with the smaller left id comes
 * first, then the smaller right id: the order of Hugging Face's trainer, so the merges are the same.
 *
 * @param words - Each word as ids of the alphabet, with its count. The counts are exact up to 2^53.
 * @returns The merges, by rank.
 */
export async function learnMerges(
  words: readonly { readonly symbols: ArrayLike<number>; readonly count: number }[],
  options: LearnOptions,
): Promise<Merge[]> {
  const names = [...options.alphabet];
  const ids = new Map(names.map((name, id) => [name, id]));
  const starts = new Uint32Array(words.length + 1);
  for (const [w, word] of words.entries()) starts[w + 1] = (starts[w] as number) + word.symbols.length;
  const symbols = new Int32Array(starts[words.length] as number);
  const lengths = Uint32Array.from(words, (word) => word.symbols.length);

  const pairs = new PairCounts();
  for (const [w, word] of words.entries()) {
    symbols.set(word.symbols, starts[w]);
    for (let i = 0; i + 1 < word.symbols.length; i++)
      pairs.add(word.symbols[i] as number, word.symbols[i + 1] as number, word.count, w);
  }
  const queue = new Heap<Candidate>((a, b) => {
    if (a.count !== b.count) return a.count > b.count;
    const [leftA, leftB] = [pairs.left[a.pair] as number, pairs.left[b.pair] as number];
    return leftA !== leftB ? leftA < leftB : (pairs.right[a.pair] as number) < (pairs.right[b.pair] as number);
  });
  const enqueue = (pair: number): void => {
    const count = pairs.total[pair] as number;
    if (count >= options.minFrequency && count > 0) queue.push({ pair, count });
  };
  for (let pair = 0; pair < pairs.left.length; pair++) enqueue(pair);

  const merges: Merge[] = [];
  while (names.length - options.alphabet.length < options.tokens) {
    const best = queue.pop();
    if (best === undefined) break;
    if (best.count !== pairs.total[best.pair]) {
      enqueue(best.pair);
      continue;
    }
    const left = pairs.left[best.pair] as number;
    const right = pairs.right[best.pair] as number;
    const name = `${names[left]}${names[right]}`;
    const id = ids.get(name) ?? names.push(name) - 1;
    ids.set(name, id);
    merges.push({ left, right, id });

    const raised = new Set<number>();
    for (const w of pairs.words[best.pair] as number[]) {
      const count = (words[w] as { count: number }).count;
      const start = starts[w] as number;
      const end = start + (lengths[w] as number);
      let out = start;
      for (let i = start; i < end; ) {
        if (i + 1 < end && symbols[i] === left && symbols[i + 1] === right) {
          if (out > start) {
            const before = symbols[out - 1] as number;
            pairs.add(before, left, -count, w);
            raised.add(pairs.add(before, id, count, w));
          }
          if (i + 2 < end) {
            const after = symbols[i + 2] as number;
            pairs.add(right, after, -count, w);
            raised.add(pairs.add(id, after, count, w));
          }
          symbols[out++] = id;
          i += 2;
        } else symbols[out++] = symbols[i++] as number;
      }
      lengths[w] = out - start;
    }
    pairs.total[best.pair] = 0;
    pairs.words[best.pair] = [];
    for (const pair of raised) enqueue(pair);
    await options.onToken?.(names.length - options.alphabet.length);
  }
  return merges;
}
