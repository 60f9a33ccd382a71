/** Flags that count. */

import { type Arguments, usageError } from "./command.ts";

/**
 * The number of a flag.
 *
 * @param command - Whose flag it is, for messages.
 * @param name - Of the flag.
 * @param least - Smallest that it takes.
 * @param most - Largest that it takes.
 * @returns Undefined where the flag is absent and has no default.
 */
export function wholeNumber(
  command: string,
  args: Arguments,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const value = args.number(name);
  if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most))
    throw usageError(command, `use --${name}`, `got ${value}`, `must be an integer in [${least}, ${most}]`);
  return value;
}

/** A seed that the flag `seed` gives, or its default. */
export function seedOf(command: string, args: Arguments): number {
  const seed = args.number("seed") as number;
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw usageError(command, "use --seed", `got ${seed}`, "must be an integer in [0, 2^53)");
  return seed;
}
