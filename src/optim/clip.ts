/** Bounds on gradients. */

import { explain, GraphError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { check } from "./_check.ts";
import type { Transform } from "./transform.ts";

/** Options of {@link clipByGlobalNorm} and {@link clipByNorm}. */
export interface ClipOptions {
  /**
   * Added to the norm before dividing. PyTorch's 1e-6 leaves a clipped gradient slightly short of the limit, visibly so
   * only for tiny limits; 0 is TF's and Optax' rule.
   * @defaultValue 1e-6
   */
  readonly epsilon?: number;
}

/**
 * Clips each element to [−limit, limit], as `clip_grad_value_` of PyTorch and `clip` of Optax do.
 *
 * It changes the direction of the gradient; prefer {@link clipByGlobalNorm} unless reproducing a recipe.
 *
 * @param limit - Largest magnitude that passes.
 * @throws RangeError if the limit is not positive.
 * @source PyTorch `torch.nn.utils.clip_grad_value_`, https://docs.pytorch.org/docs/stable/nn.html.
 *
 * @example One node per parameter, no state
 * ```ts
 * import assert from "node:assert/strict";
 * import { clipByValue } from "cameo/optim";
 *
 * assert.deepEqual(clipByValue(0.5).slots, {});
 * ```
 */
export function clipByValue(limit: number): Transform {
  check("clipByValue", { limit }, "must be positive");
  return {
    name: "clipByValue",
    slots: {},
    elementwise: true,
    scalars: () => ({}),
    update({ g, gradient }) {
      const bounds = [g.scalar(-limit, gradient.dtype), g.scalar(limit, gradient.dtype)];
      return { update: g.op("Clip", [gradient, ...bounds]), state: {} };
    },
  };
}

/**
 * Scales the gradient of each parameter down to L2 norm `max` on its own.
 *
 * One wild layer then cannot silence the others, but the direction of the whole step changes. `tf.clip_by_norm` with
 * `epsilon: 0`.
 *
 * @param max - Largest norm that passes unchanged.
 * @param options - See {@link ClipOptions}.
 * @throws RangeError if `max` is not positive or epsilon is negative.
 * @source Pascanu, Mikolov and Bengio, "On the difficulty of training Recurrent Neural Networks", 2013,
 * https://arxiv.org/abs/1211.5063, Algorithm 1. Differs: per parameter, and epsilon.
 *
 * @example It sees each parameter in its own shape
 * ```ts
 * import assert from "node:assert/strict";
 * import { clipByNorm } from "cameo/optim";
 *
 * assert.equal(clipByNorm(1).elementwise, false);
 * ```
 */
export function clipByNorm(max: number, options: ClipOptions = {}): Transform {
  const epsilon = epsilonOf("clipByNorm", max, options);
  return {
    name: "clipByNorm",
    slots: {},
    elementwise: false,
    scalars: () => ({}),
    update({ g, gradient }) {
      const norm = g.op("ReduceL2", [gradient], { keepdims: 0 });
      return { update: scaleTo(g, gradient, norm, max, epsilon), state: {} };
    },
  };
}

/**
 * Scales all gradients by one factor so that their joint L2 norm is at most `max`.
 *
 * The usual guard against exploding gradients: the direction of the step stays. It must come first in a chain, and
 * follows PyTorch:
 *
 * ```text
 * u ← g · min(1, max / (norm + epsilon))                       norm: of all gradients together
 * ```
 *
 * TF1's `clip_by_global_norm` and `optax.clip_by_global_norm` have no epsilon and leave gradients at the limit
 * untouched (`epsilon: 0`). With a NaN or infinite norm TF1 makes every gradient NaN; here, as in PyTorch and Optax,
 * an infinite norm makes infinite entries NaN and the others 0, and a NaN norm makes all NaN.
 *
 * @param max - Largest norm that passes unchanged.
 * @param options - See {@link ClipOptions}.
 * @throws RangeError if `max` is not positive or epsilon is negative.
 * @source Pascanu, Mikolov and Bengio, "On the difficulty of training Recurrent Neural Networks", 2013,
 * https://arxiv.org/abs/1211.5063, Algorithm 1. Differs: epsilon, as in PyTorch.
 *
 * @example First in a chain
 * ```ts
 * import assert from "node:assert/strict";
 * import { chain, clipByGlobalNorm, sgd } from "cameo/optim";
 *
 * assert.equal(chain(clipByGlobalNorm(1), sgd()).needsGlobalNorm, true);
 * assert.throws(() => chain(sgd(), clipByGlobalNorm(1)), RangeError);
 * ```
 */
export function clipByGlobalNorm(max: number, options: ClipOptions = {}): Transform {
  const epsilon = epsilonOf("clipByGlobalNorm", max, options);
  return {
    name: "clipByGlobalNorm",
    slots: {},
    elementwise: true,
    needsGlobalNorm: true,
    scalars: () => ({}),
    update({ g, gradient, globalNorm }) {
      if (globalNorm === null)
        throw new GraphError(
          explain({
            api: "clipByGlobalNorm",
            action: `clip "${gradient.name}"`,
            received: "got no global norm",
            rule: "needsGlobalNorm asks for one",
          }),
        );
      return { update: scaleTo(g, gradient, globalNorm, max, epsilon), state: {} };
    },
  };
}

function epsilonOf(api: string, max: number, { epsilon = 1e-6 }: ClipOptions): number {
  check(api, { max }, "must be positive");
  check(api, { epsilon }, "must be at least 0");
  return epsilon;
}

/** A norm of 0 gives max/0 = ∞ without epsilon, and the minimum is 1 all the same. */
function scaleTo(g: Builder, gradient: Value, norm: Value, max: number, epsilon: number): Value {
  const number = (value: number): Value => g.scalar(value, gradient.dtype);
  const divisor = epsilon === 0 ? norm : g.op("Add", [norm, number(epsilon)]);
  return g.op("Mul", [gradient, g.op("Min", [g.op("Div", [number(max), divisor]), number(1)])]);
}
