/** Whole training steps of a small model with every optimizer, and what they are fed. */

import type { Graph } from "../../src/graph/graph.ts";
import { adamw } from "../../src/optim/adam.ts";
import { averageWeights } from "../../src/optim/average-weights.ts";
import { chain } from "../../src/optim/chain.ts";
import { clipByGlobalNorm } from "../../src/optim/clip.ts";
import { eightBit } from "../../src/optim/eight-bit.ts";
import { lookahead } from "../../src/optim/lookahead.ts";
import { optimizerCases } from "../../src/optim/optimizers.cases.ts";
import { sam } from "../../src/optim/sam.ts";
import { sgd } from "../../src/optim/sgd.ts";
import type { Transform } from "../../src/optim/transform.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { wholeStepGraph } from "../../src/train/whole-step.ts";
import { mlpModel } from "./models.ts";
import { feedsOf } from "./zoo.ts";

const learningRate = 0.01;

/** Wrappers, which are not in the table of optimizers. */
const wrappers: Readonly<Record<string, () => Transform>> = {
  averageWeights: () => averageWeights(sgd({ learningRate })),
  clipByGlobalNorm: () => chain(clipByGlobalNorm(1), adamw({ learningRate })),
  eightBit: () => eightBit(adamw({ learningRate })),
  lookahead: () => lookahead(sgd({ learningRate })),
  sam: () => sam(sgd({ learningRate })),
};

/** Every optimizer of the table and every wrapper, by name. */
export const optimizers: readonly (readonly [name: string, make: () => Transform])[] = [
  ...optimizerCases.map(({ name, make }) => [name, () => make(() => learningRate)] as const),
  ...Object.entries(wrappers),
];

/** A step as one graph, with the state in which training begins. */
export interface OptimizerStep {
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

/** The first step of a small MLP. */
export function firstStep(optimizer: Transform): OptimizerStep {
  const model = mlpModel(0.1);
  const { graph, state, scalars } = wholeStepGraph(model, optimizer, 4);
  const feeds = feedsOf(model, graph);
  const set = (name: string, fill: number): void => {
    const { dtype, shape, data } = feeds[name] as Tensor;
    feeds[name] = tensor(dtype, shape, new Array<number>(data.length).fill(fill));
  };
  for (const { name, fill, copyOf } of state) {
    if (feeds[name] === undefined) continue;
    if (copyOf !== undefined) feeds[name] = feeds[copyOf] as Tensor;
    else if (fill !== null) set(name, fill);
  }
  for (const [name, value] of Object.entries(scalars(0))) set(name, value);
  return { graph, feeds };
}
