/** Files with seeded damage, for the tests of everything that reads bytes it was not given by a friend. */

import { RandomStream } from "../base/random.ts";

/** Options of {@link damaged}. */
export interface DamageOptions {
  readonly rounds: number;
  /** Bytes from the start that mutations fall on: the header, where damage does most. @defaultValue all */
  readonly within?: number;
}

/** Copies of a file: every third cut at random, most of them with up to four random bytes. The same for the same content and options. */
export function* damaged(bytes: Uint8Array, { rounds, within }: DamageOptions): Generator<Uint8Array<ArrayBuffer>> {
  const random = new RandomStream(rounds, `damage ${bytes.length}`);
  for (let round = 0; round < rounds; round++) {
    const draw = (which: number, bound: number): number => random.integer(round * 16 + which, bound);
    const copy = Uint8Array.from(round % 3 === 0 ? bytes.subarray(0, draw(0, bytes.length)) : bytes);
    const reach = Math.min(copy.length, within ?? copy.length);
    for (let hit = 0; hit < round % 5 && reach > 0; hit++) copy[draw(1 + hit * 2, reach)] = draw(2 + hit * 2, 256);
    yield copy;
  }
}
