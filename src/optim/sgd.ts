/** Stochastic gradient descent, with the momentum conventions of PyTorch, TF1, Optax and Keras. */

import { explain } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import { check, scheduleOf } from "./_check.ts";
import { addScaled, type DecayMask, masked } from "./_decay.ts";
import type { Scheduled, Transform, UpdateContext, UpdateResult } from "./transform.ts";

/** Options of {@link sgd}; the defaults are PyTorch's. */
export interface SgdOptions {
  /**
   * Step size, or a function of the step.
   * @defaultValue 1e-3
   */
  readonly learningRate?: Scheduled;
  /**
   * [0, 1] Share of the velocity that survives a step. 0 keeps no velocity at all.
   * @defaultValue 0
   */
  readonly momentum?: number;
  /**
   * [0, 1] Share of the gradient that does not enter the velocity, from the second step on.
   * @defaultValue 0
   */
  readonly dampening?: number;
  /**
   * Looks one step of momentum ahead. Needs momentum and no dampening.
   * @defaultValue false
   */
  readonly nesterov?: boolean;
  /**
   * Pull towards zero, relative to the parameter.
   * @defaultValue 0
   */
  readonly weightDecay?: number;
  /**
   * `"coupled"` adds the decay to the gradient, so that momentum carries it; `"decoupled"` moves the parameter by
   * `−learningRate·weightDecay·p` beside the step.
   * @defaultValue "coupled"
   */
  readonly decay?: "coupled" | "decoupled";
  /**
   * What the velocity averages. `"gradient"` (PyTorch, TF1, Optax): gradients, the learning rate comes last. `"scaled"`
   * (Keras): steps, so steps taken before a change of the learning rate echo at their old size.
   * @defaultValue "gradient"
   */
  readonly velocity?: "gradient" | "scaled";
  /**
   * Picks the parameters that decay.
   * @defaultValue all of them
   */
  readonly mask?: DecayMask;
}

/**
 * Stochastic gradient descent with optional momentum, Nesterov momentum and weight decay.
 *
 * Where a few per cent of final accuracy matter more than quick progress (convolutional networks, long schedules), and
 * where memory is short: one number per parameter with momentum, none without. As in PyTorch the first step puts the
 * whole gradient into the velocity, dampening or not. The two kinds of velocity agree while the learning rate is
 * constant and only then: after a tenfold drop Keras' form travels well over half as far again.
 *
 * ```text
 * g ← g + weightDecay·p                              (coupled)
 * v ← momentum·v + (1 − dampening)·g                 v = g on the first step
 * d ← g + momentum·v  if nesterov, else v
 * u ← −learningRate·d                                velocity: "gradient"
 *
 * v ← momentum·v − learningRate·g                    velocity: "scaled"
 * u ← momentum·v − learningRate·g  if nesterov, else v
 * ```
 *
 * @param options - See {@link SgdOptions}.
 * @returns A transformation with the slot `velocity` where there is momentum. Memory: one extra number per parameter.
 * @throws RangeError if a coefficient is out of range, or if Nesterov momentum is asked for without momentum or with
 * dampening, or a scaled velocity with dampening.
 * @source Polyak, "Some methods of speeding up the convergence of iteration methods", 1964,
 * https://doi.org/10.1016/0041-5553(64)90137-5; Nesterov's form as in Sutskever, Martens, Dahl and Hinton, "On the
 * importance of initialization and momentum in deep learning", 2013,
 * https://proceedings.mlr.press/v28/sutskever13.html. Differs: `velocity: "gradient"` keeps the learning rate out of
 * the velocity, as PyTorch does.
 *
 * @example Momentum keeps one slot
 * ```ts
 * import assert from "node:assert/strict";
 * import { sgd } from "cameo/optim";
 *
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
 * assert.deepEqual(Object.keys(optimizer.slots), ["velocity"]);
 * assert.equal(optimizer.scalars(0).negativeRate, -0.1);
 * ```
 */
export function sgd(options: SgdOptions = {}): Transform {
  const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0, velocity = "gradient", mask } = options;
  check("sgd", { momentum, dampening }, "must be in [0, 1]");
  check("sgd", { weightDecay }, "must be at least 0");
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new RangeError(
      explain({
        api: "sgd",
        action: "use Nesterov momentum",
        received: `got momentum ${momentum} and dampening ${dampening}`,
        rule: "momentum must be positive and dampening 0",
      }),
    );
  if (velocity === "scaled" && dampening !== 0)
    throw new RangeError(
      explain({
        api: "sgd",
        action: "use a scaled velocity",
        received: `got dampening ${dampening}`,
        rule: "dampening must be 0",
      }),
    );
  if (weightDecay === 0) return build(options);
  return masked(build(options), () => build({ ...options, weightDecay: 0 }), mask);
}

function build(options: SgdOptions): Transform {
  const {
    momentum = 0,
    dampening = 0,
    nesterov = false,
    weightDecay = 0,
    decay = "coupled",
    velocity = "gradient",
  } = options;
  const learningRate = scheduleOf("sgd", "learningRate", options.learningRate ?? 1e-3);
  const decoupled = decay === "decoupled" && weightDecay !== 0;
  const dampens = momentum !== 0 && dampening !== 0;

  return {
    name: "sgd",
    slots: momentum === 0 ? {} : { velocity: { fill: 0 } },
    elementwise: true,
    scalars(step) {
      const rate = learningRate(step);
      return {
        negativeRate: -rate,
        ...(dampens && { gain: step === 0 ? 1 : 1 - dampening }),
        ...(decoupled && { decay: -rate * weightDecay }),
      };
    },
    update(context) {
      const { g, parameter, scalars } = context;
      const gradient =
        decay === "coupled" && weightDecay !== 0
          ? addScaled(g, context.gradient, parameter, g.scalar(weightDecay, parameter.dtype))
          : context.gradient;
      const rule = momentum === 0 ? plain : velocity === "gradient" ? gradientVelocity : scaledVelocity;
      const { update, state } = rule({ ...context, gradient }, momentum, nesterov);
      return { update: decoupled ? addScaled(g, update, parameter, scalars.decay as Value) : update, state };
    },
  };
}

type Rule = (context: UpdateContext, momentum: number, nesterov: boolean) => UpdateResult;

const plain: Rule = ({ g, gradient, scalars }) => ({
  update: g.op("Mul", [gradient, scalars.negativeRate as Value]),
  state: {},
});

/** The learning rate comes last. `gain` is there only with dampening. */
const gradientVelocity: Rule = ({ g, gradient, state, scalars }, momentum, nesterov) => {
  const keep = g.scalar(momentum, gradient.dtype);
  const fresh = scalars.gain === undefined ? gradient : g.op("Mul", [gradient, scalars.gain]);
  const velocity = g.op("Add", [g.op("Mul", [state.velocity as Value, keep]), fresh]);
  const direction = nesterov ? addScaled(g, gradient, velocity, keep) : velocity;
  return { update: g.op("Mul", [direction, scalars.negativeRate as Value]), state: { velocity } };
};

/** The learning rate goes into the velocity. */
const scaledVelocity: Rule = ({ g, gradient, state, scalars }, momentum, nesterov) => {
  const keep = g.scalar(momentum, gradient.dtype);
  const step = g.op("Mul", [gradient, scalars.negativeRate as Value]);
  const velocity = addScaled(g, step, state.velocity as Value, keep);
  return { update: nesterov ? addScaled(g, step, velocity, keep) : velocity, state: { velocity } };
};
