/** The optimizer table: every row is held against the fixture of its name and against every property. */

import { adam, adamw } from "./adam.ts";
import { chain } from "./chain.ts";
import { clipByGlobalNorm, clipByNorm, clipByValue } from "./clip.ts";
import { groups } from "./groups.ts";
import { keras, optax, tf1, torch } from "./presets.ts";
import { scale, scaleBySchedule } from "./scale.ts";
import { sgd } from "./sgd.ts";
import type { ParameterSpec, Schedule, Transform } from "./transform.ts";
import { addDecayedWeights } from "./weight-decay.ts";

/** A row of the table. */
export interface OptimizerCase {
  /** Also the name of the fixture's row: the library, its function, and what is special. */
  readonly name: string;
  readonly make: (learningRate: Schedule) => Transform;
  /** Numbers kept per parameter. */
  readonly slots: number;
  /** Elementwise nodes that one parameter costs, the final addition included. */
  readonly nodes: number;
  /**
   * Why the float32 numbers may be further from the reference than a few units in the last place. `"factor"`: the
   * library rounds 1 − learningRate·weightDecay to float32 and multiplies by it, an error of up to half a unit at
   * every step. `"cancels"`: the gradient and the coupled decay cancel, and the velocity or mean is what is left.
   */
  readonly rounding?: "factor" | "cancels";
  /** Which parameters shrink without a gradient. */
  readonly decays?: (parameter: ParameterSpec) => boolean;
}

const all = (): boolean => true;
const matrices = ({ shape }: ParameterSpec): boolean => shape.length >= 2;

/** All rows. */
export const optimizerCases: readonly OptimizerCase[] = [
  { name: "torch.sgd", make: (learningRate) => torch.sgd({ learningRate }), slots: 0, nodes: 2 },
  {
    name: "torch.sgd momentum",
    make: (learningRate) => torch.sgd({ learningRate, momentum: 0.9 }),
    slots: 1,
    nodes: 4,
  },
  {
    name: "torch.sgd dampening",
    make: (learningRate) => torch.sgd({ learningRate, momentum: 0.9, dampening: 0.5 }),
    slots: 1,
    nodes: 5,
  },
  {
    name: "torch.sgd nesterov",
    make: (learningRate) => torch.sgd({ learningRate, momentum: 0.9, nesterov: true }),
    slots: 1,
    nodes: 6,
  },
  {
    name: "torch.sgd decay",
    make: (learningRate) => torch.sgd({ learningRate, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    slots: 1,
    nodes: 8,
    rounding: "cancels",
    decays: all,
  },
  { name: "torch.adam", make: (learningRate) => torch.adam({ learningRate }), slots: 2, nodes: 12 },
  {
    name: "torch.adam betas",
    make: (learningRate) => torch.adam({ learningRate, beta1: 0.8, beta2: 0.95, epsilon: 1e-4 }),
    slots: 2,
    nodes: 12,
  },
  {
    name: "torch.adam decay",
    make: (learningRate) => torch.adam({ learningRate, weightDecay: 0.1 }),
    slots: 2,
    nodes: 14,
    rounding: "cancels",
    decays: all,
  },
  {
    name: "torch.adamW",
    make: (learningRate) => torch.adamW({ learningRate }),
    slots: 2,
    nodes: 14,
    rounding: "factor",
    decays: all,
  },
  {
    name: "torch.adamW decay",
    make: (learningRate) => adamw({ learningRate, weightDecay: 0.3, beta2: 0.95 }),
    slots: 2,
    nodes: 14,
    rounding: "factor",
    decays: all,
  },
  {
    name: "torch.adamW masked",
    make: (learningRate) => torch.adamW({ learningRate, weightDecay: 0.3, mask: matrices }),
    slots: 2,
    nodes: 14,
    rounding: "factor",
    decays: matrices,
  },
  {
    name: "torch.clip_grad_norm_ sgd",
    make: (learningRate) => chain(clipByGlobalNorm(1), sgd({ learningRate, momentum: 0.9 })),
    slots: 1,
    nodes: 8,
  },
  {
    name: "torch.clip_grad_norm_ adamW",
    make: (learningRate) => chain(clipByGlobalNorm(1), adamw({ learningRate })),
    slots: 2,
    nodes: 18,
    rounding: "factor",
    decays: all,
  },
  {
    name: "torch.clip_grad_norm_ each",
    make: (learningRate) => chain(clipByNorm(1), sgd({ learningRate })),
    slots: 0,
    nodes: 7,
  },
  {
    name: "torch.clip_grad_value_ sgd",
    make: (learningRate) => chain(clipByValue(0.5), sgd({ learningRate })),
    slots: 0,
    nodes: 3,
  },
  {
    name: "torch.groups",
    make: (learningRate) =>
      groups(
        [{ match: /^layer\./, transform: sgd({ learningRate, momentum: 0.9 }) }],
        sgd({ learningRate, momentum: 0.5, weightDecay: 0.1 }),
      ),
    slots: 1,
    nodes: 6,
    decays: ({ path }) => !path.startsWith("layer."),
  },

  { name: "optax.sgd", make: (learningRate) => optax.sgd({ learningRate }), slots: 0, nodes: 2 },
  {
    name: "optax.sgd momentum",
    make: (learningRate) => optax.sgd({ learningRate, momentum: 0.9 }),
    slots: 1,
    nodes: 4,
  },
  {
    name: "optax.sgd nesterov",
    make: (learningRate) => optax.sgd({ learningRate, momentum: 0.9, nesterov: true }),
    slots: 1,
    nodes: 6,
  },
  { name: "optax.adam", make: (learningRate) => optax.adam({ learningRate }), slots: 2, nodes: 12 },
  {
    name: "optax.adam root",
    make: (learningRate) => adam({ learningRate, epsilonForm: "insideRoot" }),
    slots: 2,
    nodes: 12,
  },
  { name: "optax.adamw", make: (learningRate) => optax.adamw({ learningRate }), slots: 2, nodes: 14, decays: all },
  {
    name: "optax.adamw masked",
    make: (learningRate) => optax.adamw({ learningRate, weightDecay: 0.3, mask: matrices }),
    slots: 2,
    nodes: 14,
    decays: matrices,
  },
  {
    name: "optax.clip_by_global_norm",
    make: (learningRate) => chain(clipByGlobalNorm(1, { epsilon: 0 }), optax.sgd({ learningRate })),
    slots: 0,
    nodes: 5,
  },
  {
    name: "optax.chain",
    make: (learningRate) =>
      chain(
        addDecayedWeights(0.1, { mask: matrices }),
        scaleBySchedule((step) => -learningRate(step)),
        scale(0.5),
      ),
    slots: 0,
    nodes: 5,
    decays: matrices,
  },

  { name: "tf1.gradientDescent", make: (learningRate) => tf1.gradientDescent({ learningRate }), slots: 0, nodes: 2 },
  { name: "tf1.momentum", make: (learningRate) => tf1.momentum({ learningRate, momentum: 0.9 }), slots: 1, nodes: 4 },
  {
    name: "tf1.momentum nesterov",
    make: (learningRate) => tf1.momentum({ learningRate, momentum: 0.9, nesterov: true }),
    slots: 1,
    nodes: 6,
  },
  { name: "tf1.adam", make: (learningRate) => tf1.adam({ learningRate }), slots: 2, nodes: 12 },
  {
    name: "keras.sgd momentum",
    make: (learningRate) => keras.sgd({ learningRate, momentum: 0.9 }),
    slots: 1,
    nodes: 4,
  },
  {
    name: "keras.sgd nesterov",
    make: (learningRate) => keras.sgd({ learningRate, momentum: 0.9, nesterov: true }),
    slots: 1,
    nodes: 6,
  },
  {
    name: "keras.sgd decay",
    make: (learningRate) => keras.sgd({ learningRate, momentum: 0.9, weightDecay: 0.1 }),
    slots: 1,
    nodes: 6,
    decays: all,
  },
  { name: "keras.adam", make: (learningRate) => keras.adam({ learningRate }), slots: 2, nodes: 12 },
  { name: "keras.adamW", make: (learningRate) => keras.adamW({ learningRate }), slots: 2, nodes: 14, decays: all },
];
