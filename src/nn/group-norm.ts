import type { Value } from "../graph/graph.ts";
import { requireChannels, requirePositive, requireThat } from "./_check.ts";
import { ones, zeros } from "./initialize.ts";
import { type Layer, layer, parameter } from "./layer.ts";

/** Options of {@link groupNorm}. */
export interface GroupNormOptions {
  /** Channels of the input. */
  readonly channels: number;
  /** Groups of neighbouring channels that share statistics; divides `channels`. */
  readonly groups: number;
  /**
   * Added to the variance, positive.
   * @defaultValue 1e-5
   */
  readonly epsilon?: number;
}

/**
 * Normalises groups of channels of each sample to mean 0 and variance 1, then scales and shifts each channel.
 *
 * Use it in place of {@link batchNorm} when batches are small: samples do not see each other, and training and inference
 * compute the same. One group is layer normalisation over channels and space; as many groups as channels is instance
 * normalisation.
 *
 * @shape x [batch, channels, ...] → the same; weight [channels], bias [channels]
 * @param options - See {@link GroupNormOptions}.
 * @returns The layer, with parameters `weight` and `bias`.
 * @throws RangeError if a size is not a positive integer, `groups` does not divide `channels` or `epsilon` is not positive.
 * ShapeError when applied to an input with other channels or without spatial axes.
 * @source Wu and He, "Group Normalization", 2018, https://arxiv.org/abs/1803.08494, eq. 7.
 */
export function groupNorm(options: GroupNormOptions): Layer {
  const { channels, groups, epsilon = 1e-5 } = options;
  requirePositive("groupNorm", { channels, groups });
  requireThat(channels % groups === 0, "groupNorm", "groups", groups, `must divide ${channels} channels`);
  requireThat(epsilon > 0, "groupNorm", "epsilon", epsilon, "must be positive");
  return layer(
    { weight: parameter([channels], ones()), bias: parameter([channels], zeros()) },
    ({ weight, bias }, x: Value, scope) => {
      requireChannels("groupNorm", scope, x, channels, { least: 1, most: Infinity });
      return scope.g.op("GroupNormalization", [x, weight, bias], { num_groups: groups, epsilon });
    },
  );
}
