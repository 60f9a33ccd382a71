/** Adam and AdamW, with the epsilon and decay conventions of PyTorch, Optax, TF1 and Keras. */

import type { Value } from "../graph/graph.ts";
import { check, scheduleOf } from "./_check.ts";
import { addScaled, type DecayMask, masked } from "./_decay.ts";
import type { Scheduled, Transform } from "./transform.ts";

/** Options of {@link adam} and {@link adamw}; the defaults are PyTorch's. */
export interface AdamOptions {
  /**
   * Step size, or a function of the step.
   * @defaultValue 1e-3
   */
  readonly learningRate?: Scheduled;
  /**
   * [0, 1) Decay of the mean of gradients.
   * @defaultValue 0.9
   */
  readonly beta1?: number;
  /**
   * [0, 1) Decay of the mean of squared gradients.
   * @defaultValue 0.999
   */
  readonly beta2?: number;
  /**
   * Keeps the denominator away from zero; below its size a gradient hardly moves the parameter.
   * @defaultValue 1e-8
   */
  readonly epsilon?: number;
  /**
   * Where epsilon stands. With v̂ = v/(1 − beta2^t): `"outside"` √v̂ + ε (PyTorch, Optax; Algorithm 1 of the paper),
   * `"hat"` √v̂ + ε/√(1 − beta2^t) (TF1, Keras, ONNX; the paper's "epsilon hat"), `"insideRoot"` √(v̂ + ε) (Optax's
   * `eps_root`).
   * @defaultValue "outside"
   */
  readonly epsilonForm?: "outside" | "hat" | "insideRoot";
  /**
   * Pull towards zero, relative to the parameter.
   * @defaultValue 0 for adam, 0.01 for adamw
   */
  readonly weightDecay?: number;
  /**
   * `"coupled"` adds the decay to the gradient, where the denominator rescales it; `"decoupled"` moves the parameter by
   * `−learningRate·weightDecay·p` beside the step.
   * @defaultValue "coupled" for adam, "decoupled" for adamw
   */
  readonly decay?: "coupled" | "decoupled";
  /**
   * Picks the parameters that decay, usually `({ shape }) => shape.length >= 2`: matrices, but not biases and norms.
   * @defaultValue all of them
   */
  readonly mask?: DecayMask;
}

/**
 * Adam: steps of about the learning rate in every coordinate, whatever the size of the gradient.
 *
 * Prefer {@link adamw} where weights decay. `m` moves by `m + (1 − beta1)(g − m)`, as in PyTorch, TF1 and Keras; Optax
 * writes `beta1·m + (1 − beta1)·g`, which differs in the last bit. Bias corrections are computed on the host in double
 * and folded into two scalars, so the graph has eleven elementwise nodes; the result is the formula's, not an
 * approximation.
 *
 * ```text
 * m ← beta1·m + (1 − beta1)·g          v ← beta2·v + (1 − beta2)·g²
 * u ← −learningRate · m/(1 − beta1^t) / (√(v/(1 − beta2^t)) + epsilon)                    t = 1, 2, …
 *   = −a · m / (√v + e),   a = learningRate·√(1 − beta2^t)/(1 − beta1^t),   e = epsilon·√(1 − beta2^t)
 * ```
 *
 * @param options - See {@link AdamOptions}.
 * @returns A transformation with the slots `m` and `v`. Memory: two extra numbers per parameter.
 * @throws RangeError if a beta is outside [0, 1), epsilon is not positive, or a rate or decay is negative.
 * @source Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, https://arxiv.org/abs/1412.6980,
 * Algorithm 1, and the end of section 2 for "epsilon hat".
 *
 * @example Two slots per parameter
 * ```ts
 * import assert from "node:assert/strict";
 * import { adam } from "cameo/optim";
 *
 * const optimizer = adam({ learningRate: (step) => 1e-3 / (1 + step) });
 * assert.deepEqual(Object.keys(optimizer.slots), ["m", "v"]);
 * ```
 */
export function adam(options: AdamOptions = {}): Transform {
  return create("adam", { ...options, decay: options.decay ?? "coupled" });
}

/**
 * Adam with decoupled weight decay.
 *
 * The usual first choice for transformers and for anything with embeddings. The decay is multiplied by the learning
 * rate (as in PyTorch, Optax and Keras); the paper multiplies it by the schedule factor alone, so published decay
 * values may need dividing by the base rate.
 *
 * ```text
 * m ← beta1·m + (1 − beta1)·g          v ← beta2·v + (1 − beta2)·g²
 * u ← −learningRate · ( m/(1 − beta1^t) / (√(v/(1 − beta2^t)) + epsilon) + weightDecay·p )
 * ```
 *
 * @param options - See {@link AdamOptions}.
 * @returns A transformation with the slots `m` and `v`. Memory: two extra numbers per parameter.
 * @throws RangeError if a beta is outside [0, 1), epsilon is not positive, or a rate or decay is negative.
 * @source Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, https://arxiv.org/abs/1711.05101,
 * Algorithm 2. Differs: see above.
 *
 * @example Biases and norms do not decay
 * ```ts
 * import assert from "node:assert/strict";
 * import { adamw } from "cameo/optim";
 *
 * const optimizer = adamw({ weightDecay: 0.1, mask: ({ shape }) => shape.length >= 2 });
 * const matrix = optimizer.forParameter?.({ path: "up.weight", shape: [4, 4], dtype: "float32" });
 * const bias = optimizer.forParameter?.({ path: "up.bias", shape: [4], dtype: "float32" });
 * assert.equal("decay" in (matrix?.scalars(0) ?? {}), true);
 * assert.equal("decay" in (bias?.scalars(0) ?? {}), false);
 * ```
 */
export function adamw(options: AdamOptions = {}): Transform {
  return create("adamw", { ...options, weightDecay: options.weightDecay ?? 0.01, decay: options.decay ?? "decoupled" });
}

function create(name: string, options: AdamOptions): Transform {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, mask } = options;
  check(name, { beta1, beta2 }, "must be in [0, 1)");
  check(name, { epsilon }, "must be positive");
  check(name, { weightDecay }, "must be at least 0");
  if (weightDecay === 0) return build(name, options);
  return masked(build(name, options), () => build(name, { ...options, weightDecay: 0 }), mask);
}

function build(name: string, options: AdamOptions): Transform {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, epsilonForm = "outside", weightDecay = 0, decay } = options;
  const learningRate = scheduleOf(name, "learningRate", options.learningRate ?? 1e-3);
  const coupled = decay === "coupled" && weightDecay !== 0;
  const decoupled = decay === "decoupled" && weightDecay !== 0;

  return {
    name,
    slots: { m: { fill: 0 }, v: { fill: 0 } },
    elementwise: true,
    scalars(step) {
      const rate = learningRate(step);
      const correction1 = 1 - beta1 ** (step + 1);
      const correction2 = 1 - beta2 ** (step + 1);
      const root = Math.sqrt(correction2);
      return {
        negativeRate: (-rate * root) / correction1,
        // Multiplying numerator and denominator of the formula by √(1 − beta2^t) leaves v as it is and moves the
        // correction here.
        epsilon: epsilonForm === "hat" ? epsilon : epsilonForm === "outside" ? epsilon * root : epsilon * correction2,
        ...(decoupled && { decay: -rate * weightDecay }),
      };
    },
    update({ g, gradient: received, parameter, state, scalars }) {
      const number = (value: number): Value => g.scalar(value, parameter.dtype);
      const epsilonValue = scalars.epsilon as Value;
      const gradient = coupled ? addScaled(g, received, parameter, number(weightDecay)) : received;
      const m = addScaled(g, state.m as Value, g.op("Sub", [gradient, state.m as Value]), number(1 - beta1));
      const squared = g.op("Mul", [g.op("Mul", [gradient, gradient]), number(1 - beta2)]);
      const v = addScaled(g, squared, state.v as Value, number(beta2));
      const denominator =
        epsilonForm === "insideRoot"
          ? g.op("Sqrt", [g.op("Add", [v, epsilonValue])])
          : g.op("Add", [g.op("Sqrt", [v]), epsilonValue]);
      const step = g.op("Mul", [g.op("Div", [m, denominator]), scalars.negativeRate as Value]);
      return { update: decoupled ? addScaled(g, step, parameter, scalars.decay as Value) : step, state: { m, v } };
    },
  };
}
