/** One number for the whole image, or one for each channel of colour. */

import { type Distribution, drawReal } from "../distribution.ts";
import type { Draw, Frame } from "../transform.ts";

/** Draws one number, or one per colour channel; alpha gets none. */
export function drawChannels(
  distribution: Distribution,
  perChannel: boolean,
  draw: Draw,
  { channels }: Frame,
): readonly number[] {
  const count = perChannel ? (channels === 4 ? 3 : channels) : 1;
  return Array.from({ length: count }, () => drawReal(distribution, draw));
}

/** The number of a channel. */
export function ofChannel(numbers: readonly number[], channel: number): number {
  return numbers[channel % numbers.length] as number;
}
