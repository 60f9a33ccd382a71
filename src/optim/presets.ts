/**
 * Optimizers with the defaults and the exact rule of other libraries, under those libraries' names. Options keep
 * Cameo's names. Each preset is a choice of knobs of {@link sgd} or {@link adam}; nothing here computes anything.
 */

import { type AdamOptions, adam, adamw } from "./adam.ts";
import { type SgdOptions, sgd } from "./sgd.ts";
import type { Scheduled, Transform } from "./transform.ts";

/** Options of {@link torch}'s sgd. */
export type SgdPresetOptions = Omit<SgdOptions, "velocity" | "decay">;

/** Options of the presets for Adam. */
export type AdamPresetOptions = Omit<AdamOptions, "epsilonForm" | "decay" | "weightDecay" | "mask">;

/** Options of the presets for Adam with weight decay. */
export type AdamDecayPresetOptions = Omit<AdamOptions, "epsilonForm" | "decay">;

/** Options of {@link tf1}'s momentum, which has no defaults for the first two. */
export type Tf1MomentumOptions = Required<Pick<SgdOptions, "learningRate" | "momentum">> & Pick<SgdOptions, "nesterov">;

/** Options of {@link optax}'s sgd, which has no default for the learning rate. */
export type OptaxSgdOptions = Required<Pick<SgdOptions, "learningRate">> & Pick<SgdOptions, "momentum" | "nesterov">;

/** Options of {@link keras}' sgd: decay is beside the step, not in the gradient, and the learning rate is 0.01. */
export type KerasSgdOptions = Omit<SgdOptions, "velocity" | "decay" | "dampening">;

/**
 * PyTorch 2: `torch.optim.SGD`, `Adam` (decay in the gradient) and `AdamW` (decay beside the step, 0.01). These are
 * Cameo's own defaults; the names are here so that a recipe can say what it follows.
 *
 * @source https://docs.pytorch.org/docs/stable/optim.html
 *
 * @example The same numbers as the plain functions
 * ```ts
 * import assert from "node:assert/strict";
 * import { adamw, torch } from "cameo/optim";
 *
 * assert.deepEqual(torch.adamW({ learningRate: 3e-4 }).scalars(7), adamw({ learningRate: 3e-4 }).scalars(7));
 * ```
 */
export const torch: {
  readonly sgd: (options?: SgdPresetOptions) => Transform;
  readonly adam: (options?: AdamDecayPresetOptions) => Transform;
  readonly adamW: (options?: AdamDecayPresetOptions) => Transform;
} = {
  sgd: (options = {}) => sgd({ learningRate: 1e-3, ...options, velocity: "gradient", decay: "coupled" }),
  adam: (options = {}) => adam({ ...options, epsilonForm: "outside", decay: "coupled" }),
  adamW: (options = {}) => adamw({ weightDecay: 0.01, ...options, epsilonForm: "outside", decay: "decoupled" }),
};

/**
 * TensorFlow 1: `tf.train.GradientDescentOptimizer`, `MomentumOptimizer` and `AdamOptimizer` (epsilon hat, 1e-8). They
 * follow the kernels, where these and the docstrings differ: lr·√(1 − beta2^t)/(1 − beta1^t). The kernel keeps powers
 * of the betas in float32; here they are doubles.
 *
 * @source https://www.tensorflow.org/api_docs/python/tf/compat/v1/train and tensorflow/core/kernels/training_ops.cc
 *
 * @example Epsilon hat makes the first step on a tiny gradient much shorter
 * ```ts
 * import assert from "node:assert/strict";
 * import { tf1, torch } from "cameo/optim";
 *
 * const [hat, outside] = [tf1.adam(), torch.adam()].map((optimizer) => optimizer.scalars(0).epsilon ?? 0);
 * assert.ok((hat ?? 0) > 31 * (outside ?? 0));
 * ```
 */
export const tf1: {
  readonly gradientDescent: (options: { readonly learningRate: Scheduled }) => Transform;
  readonly momentum: (options: Tf1MomentumOptions) => Transform;
  readonly adam: (options?: AdamPresetOptions) => Transform;
} = {
  gradientDescent: ({ learningRate }) => sgd({ learningRate }),
  momentum: (options) => sgd({ ...options, velocity: "gradient" }),
  adam: (options = {}) => adam({ ...options, epsilonForm: "hat" }),
};

/**
 * Keras 3: `keras.optimizers.SGD` (the learning rate goes into the velocity; rate 0.01), `Adam` (epsilon hat, 1e-7) and
 * `AdamW` (decay 0.004 beside the step).
 *
 * @source https://keras.io/api/optimizers/
 *
 * @example Decay 0.004, unlike PyTorch's 0.01
 * ```ts
 * import assert from "node:assert/strict";
 * import { keras } from "cameo/optim";
 *
 * assert.equal(keras.adamW({ learningRate: 1 }).scalars(0).decay, -0.004);
 * ```
 */
export const keras: {
  readonly sgd: (options?: KerasSgdOptions) => Transform;
  readonly adam: (options?: AdamDecayPresetOptions) => Transform;
  readonly adamW: (options?: AdamDecayPresetOptions) => Transform;
} = {
  sgd: (options = {}) => sgd({ learningRate: 0.01, ...options, velocity: "scaled", decay: "decoupled" }),
  adam: (options = {}) => adam({ epsilon: 1e-7, ...options, epsilonForm: "hat", decay: "decoupled" }),
  adamW: (options = {}) =>
    adamw({ epsilon: 1e-7, weightDecay: 0.004, ...options, epsilonForm: "hat", decay: "decoupled" }),
};

/**
 * Optax 0.2: `optax.sgd`, `adam` and `adamw` (decay 1e-4 beside the step). Optax has no default learning rate, and
 * writes the mean of gradients as beta1·m + (1 − beta1)·g, which differs from the form used here in the last bit. For
 * its `eps_root` use {@link adam} with `epsilonForm: "insideRoot"`.
 *
 * @source https://optax.readthedocs.io/en/latest/api/optimizers.html
 *
 * @example Decay 1e-4, unlike PyTorch's 0.01
 * ```ts
 * import assert from "node:assert/strict";
 * import { optax } from "cameo/optim";
 *
 * assert.equal(optax.adamw({ learningRate: 1 }).scalars(0).decay, -1e-4);
 * ```
 */
export const optax: {
  readonly sgd: (options: OptaxSgdOptions) => Transform;
  readonly adam: (options: AdamPresetOptions & { readonly learningRate: Scheduled }) => Transform;
  readonly adamw: (options: AdamDecayPresetOptions & { readonly learningRate: Scheduled }) => Transform;
} = {
  sgd: (options) => sgd({ ...options, velocity: "gradient" }),
  adam: (options) => adam({ ...options, epsilonForm: "outside" }),
  adamw: (options) => adamw({ weightDecay: 1e-4, ...options, epsilonForm: "outside", decay: "decoupled" }),
};
