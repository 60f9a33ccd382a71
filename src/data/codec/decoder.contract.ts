/** What every decoder of strangers' bytes is held to: damage gives a CodecError, or bytes, and nothing else. */

import { expect } from "vitest";
import { isCameoError } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";

/** Changes of a few bits and bytes, a cut, a grown number: what disks, networks and people do to bytes. */
function damage(bytes: Uint8Array, random: RandomStream, round: number): Uint8Array {
  const at = (i: number, bound: number): number => random.integer(16 * round + i, Math.max(1, bound));
  const kind = at(0, 5);
  if (kind === 0) return bytes.slice(0, at(1, bytes.length));
  const damaged = bytes.slice();
  if (damaged.length === 0) return damaged;
  // Headers are short and matter most.
  const place = (i: number): number => at(i, at(i + 1, 2) === 0 ? Math.min(48, damaged.length) : damaged.length);
  if (kind === 1) damaged.fill(at(1, 256), place(2), place(2) + at(4, 9));
  else if (kind === 2) damaged[place(2)] = [0, 1, 127, 128, 255][at(1, 5)] as number;
  else
    for (let i = 0; i <= at(1, 3); i++) {
      const index = place(2 + 2 * i);
      damaged[index] = (damaged[index] as number) ^ (1 << at(8 + i, 8));
    }
  return damaged;
}

/**
 * Feeds a decoder damaged forms of sound bytes.
 *
 * @param name - Names the stream of random numbers.
 * @param samples - Sound inputs.
 * @param rounds - Damaged forms of each.
 * @param decode - Returns what it makes of the bytes, or throws.
 */
export async function expectNoCrash(
  name: string,
  samples: readonly Uint8Array[],
  rounds: number,
  decode: (bytes: Uint8Array) => unknown,
): Promise<void> {
  let refused = 0;
  for (const [index, sample] of samples.entries()) {
    const random = new RandomStream(index, `damage/${name}`);
    for (let round = 0; round < rounds; round++) {
      try {
        await decode(damage(sample, random, round));
      } catch (error) {
        refused++;
        if (!isCameoError(error, "codec")) expect.fail(`${name}, sample ${index}, round ${round}: ${String(error)}`);
      }
    }
  }
  expect(refused).toBeGreaterThan(0);
}
