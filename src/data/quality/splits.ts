/** Train, validation and test sets without leakage: by the hash of a group, never by chance per row. */

import { explain } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";

/**
 * Divides groups among splits by a hash, so that all rows of a group (a patient, a web site, a conversation) are in one split, and a row
 * never changes its split when others are added.
 *
 * @param shares - Share of each split (0, 1]; they add up to 1.
 * @param options - `seed` [0, 2^53), 0 when absent.
 * @returns The split of a group, by its name or number.
 * @throws RangeError if the shares are not positive or do not add up to 1.
 *
 * @example All rows of one user go together
 * ```ts
 * import assert from "node:assert/strict";
 * import { hashSplit } from "cameo/data/quality";
 *
 * const splitOf = hashSplit({ train: 0.9, test: 0.1 });
 * assert.equal(splitOf("user-17"), splitOf("user-17"));
 * const test = Array.from({ length: 10_000 }, (_, i) => splitOf(i)).filter((name) => name === "test");
 * assert.ok(Math.abs(test.length - 1000) < 120);
 * ```
 */
export function hashSplit<Name extends string>(
  shares: Readonly<Record<Name, number>>,
  options: { readonly seed?: number } = {},
): (group: string | number | bigint) => Name {
  const entries = Object.entries(shares) as [Name, number][];
  const sum = entries.reduce((total, [, share]) => total + share, 0);
  if (entries.length === 0 || entries.some(([, share]) => !(share > 0)) || Math.abs(sum - 1) > 1e-9)
    throw new RangeError(
      explain({
        api: "hashSplit",
        action: "use shares",
        received: `got ${JSON.stringify(shares)}`,
        rule: "must be positive and add up to 1",
      }),
    );
  const seed = options.seed ?? 0;
  return (group) => {
    // A stream's name is hashed into the counter of Philox: one number of it is a hash of the name under the seed.
    let left = new RandomStream(seed, `split/${group}`).uniform(0);
    for (const [name, share] of entries) {
      if (left < share) return name;
      left -= share;
    }
    return (entries.at(-1) as [Name, number])[0];
  };
}
