/** Activation functions as layers without parameters, and by name. */

import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { requireThat } from "./_check.ts";
import { type Layer, layer } from "./layer.ts";

/** Names of the activation functions that layers take as an option. */
export type Activation =
  | "relu"
  | "gelu"
  | "geluTanh"
  | "silu"
  | "tanh"
  | "sigmoid"
  | "softplus"
  | "leakyRelu"
  | "elu"
  | "selu"
  | "mish"
  | "hardSwish"
  | "identity";

const functions: Readonly<Record<Activation, (g: Builder, x: Value) => Value>> = {
  relu: (g, x) => g.op("Relu", [x]),
  gelu: (g, x) => g.op("Gelu", [x]),
  geluTanh: (g, x) => g.op("Gelu", [x], { approximate: "tanh" }),
  silu: (g, x) => g.op("Mul", [x, g.op("Sigmoid", [x])]),
  tanh: (g, x) => g.op("Tanh", [x]),
  sigmoid: (g, x) => g.op("Sigmoid", [x]),
  softplus: (g, x) => g.op("Softplus", [x]),
  leakyRelu: (g, x) => g.op("LeakyRelu", [x], { alpha: 0.01 }),
  elu: (g, x) => g.op("Elu", [x], { alpha: 1 }),
  selu: (g, x) => g.op("Selu", [x]),
  mish: (g, x) => g.op("Mish", [x]),
  hardSwish: (g, x) => g.op("HardSwish", [x]),
  identity: (_, x) => x,
};

/**
 * The activation function of a name, as a layer: for models whose activation is an option.
 *
 * @shape x [...] → [...]
 * @param name - One of {@link Activation}; parameters of functions are PyTorch's defaults.
 * @throws RangeError if there is no function of that name.
 */
export function activation(name: Activation): Layer {
  requireThat(
    Object.hasOwn(functions, name),
    "activation",
    "name",
    `"${name}"`,
    `must be one of ${Object.keys(functions).join(", ")}`,
  );
  const apply = functions[name];
  return layer({}, (_, x: Value, { g }) => apply(g, x));
}

/**
 * max(x, 0).
 *
 * @shape x [...] → [...]
 */
export function relu(): Layer {
  return activation("relu");
}

/** Options of {@link gelu}. */
export interface GeluOptions {
  /**
   * `"none"` computes x·Φ(x) with the error function; `"tanh"` an approximation within 5e-4 that GPT-2 was trained with.
   * @defaultValue "none"
   */
  readonly approximate?: "none" | "tanh";
}

/**
 * x·Φ(x), where Φ is the normal distribution function: the activation of GPT and BERT.
 *
 * @shape x [...] → [...]
 * @param options - See {@link GeluOptions}.
 * @source Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016, https://arxiv.org/abs/1606.08415, section 2.
 */
export function gelu(options: GeluOptions = {}): Layer {
  return activation(options.approximate === "tanh" ? "geluTanh" : "gelu");
}

/**
 * x·sigmoid(x), also called Swish: the activation of Llama.
 *
 * @shape x [...] → [...]
 * @source Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units", 2017, https://arxiv.org/abs/1702.03118, eq. 9.
 */
export function silu(): Layer {
  return activation("silu");
}

/**
 * Hyperbolic tangent, in (−1, 1).
 *
 * @shape x [...] → [...]
 */
export function tanh(): Layer {
  return activation("tanh");
}

/**
 * 1/(1 + e^−x), in (0, 1).
 *
 * @shape x [...] → [...]
 */
export function sigmoid(): Layer {
  return activation("sigmoid");
}

/**
 * log(1 + e^x): a smooth relu, always positive.
 *
 * @shape x [...] → [...]
 */
export function softplus(): Layer {
  return activation("softplus");
}

/**
 * x above 0, slope·x below.
 *
 * @shape x [...] → [...]
 * @param slope - Slope below 0.
 */
export function leakyRelu(slope = 0.01): Layer {
  requireThat(Number.isFinite(slope), "leakyRelu", "slope", slope, "must be finite");
  return layer({}, (_, x: Value, { g }) => g.op("LeakyRelu", [x], { alpha: slope }));
}

/**
 * x above 0, alpha·(e^x − 1) below.
 *
 * @shape x [...] → [...]
 * @param alpha - How far below 0 it goes, positive.
 * @source Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units", 2016,
 * https://arxiv.org/abs/1511.07289, eq. 16.
 */
export function elu(alpha = 1): Layer {
  requireThat(alpha > 0, "elu", "alpha", alpha, "must be positive");
  return layer({}, (_, x: Value, { g }) => g.op("Elu", [x], { alpha }));
}

/**
 * e^x/Σ e^x along one axis. Losses take logits and need no softmax before them.
 *
 * @shape x [...] → [...]
 * @param axis - Axis that sums to 1.
 */
export function softmax(axis = -1): Layer {
  return layer({}, (_, x: Value, { g }) => g.op("Softmax", [x], { axis }));
}
