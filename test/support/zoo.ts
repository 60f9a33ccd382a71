/** Small models of every kind that this library trains, for tests that all of them pass on every target. Runs in browsers too. */

import { RandomStream } from "../../src/base/random.ts";
import type { Graph, Value } from "../../src/graph/graph.ts";
import { gelu, relu } from "../../src/nn/activations.ts";
import { batchNorm } from "../../src/nn/batch-norm.ts";
import { conv2d, convTranspose2d } from "../../src/nn/conv.ts";
import { dropout } from "../../src/nn/dropout.ts";
import { flatten } from "../../src/nn/flatten.ts";
import { groupNorm } from "../../src/nn/group-norm.ts";
import { flattenParameters, type Layer, layer } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/linear.ts";
import { lora } from "../../src/nn/lora.ts";
import { averagePool2d, globalAveragePool, maxPool2d } from "../../src/nn/pool.ts";
import { gru, lstm, type RecurrentInput, rnn } from "../../src/nn/recurrent.ts";
import { rmsNorm } from "../../src/nn/rms-norm.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { createBuilder } from "../../src/ops/registry.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { gpt } from "../../src/text/gpt.ts";
import type { Model } from "../../src/train/model.ts";
import { seedInput } from "../../src/train/step-graph.ts";
import { resnet18 } from "../../src/vision/resnet.ts";
import { blockModel, classifier, convModel, mlpModel } from "./models.ts";

/** A recurrent layer over [batch, 4, 3], its last output classified. */
function sequenceModel(
  make: (options: { inputs: number; hidden: number; returns: "last" }) => Layer<RecurrentInput>,
): Model {
  return classifier(
    sequential([make({ inputs: 3, hidden: 5, returns: "last" }), linear({ inputs: 5, outputs: 3 })]),
    [4, 3],
  );
}

/** A frozen network whose weights get adapters. */
function adapted(): Model {
  const g = createBuilder("base");
  const x = g.input("x", "float32", [4, 6]);
  const weight = (name: string, shape: readonly [number, number]): Value => g.constant(randomTensor(name, shape), name);
  const hidden = g.op("Relu", [g.op("MatMul", [x, weight("up", [6, 8])])]);
  g.output("scores", g.op("MatMul", [hidden, weight("down", [8, 3])]));
  const adapters = lora(g.build(), { rank: 2, dropout: 0.1 });
  const scores = layer({ adapters }, ({ adapters: apply }, input: Value) => apply([input])[0] as Value);
  return classifier(scores, [6]);
}

function randomTensor(name: string, shape: readonly number[]): Tensor {
  const stream = new RandomStream(5, name);
  return tensor(
    "float32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => stream.uniform(i) * 2 - 1),
  );
}

/** An autoencoder's shape: down, up, and norms that are not those of batches. */
function normedModel(): Model {
  const features = sequential([
    conv2d({ inputs: 2, outputs: 4, kernel: 3, stride: 2, padding: 1 }),
    groupNorm({ channels: 4, groups: 2 }),
    gelu(),
    convTranspose2d({ inputs: 4, outputs: 4, kernel: 2, stride: 2 }),
    averagePool2d({ kernel: 2 }),
  ]);
  return classifier(
    sequential([features, flatten(), rmsNorm(36), dropout(0.1), linear({ inputs: 36, outputs: 3 })]),
    [2, 6, 6],
  );
}

function batchNormModel(): Model {
  const features = sequential([
    conv2d({ inputs: 1, outputs: 4, kernel: 3, padding: "same" }),
    batchNorm(4),
    relu(),
    maxPool2d({ kernel: 3, stride: 2 }),
  ]);
  return classifier(sequential([features, globalAveragePool(), linear({ inputs: 4, outputs: 3 })]), [1, 7, 7]);
}

/** Models by name; each takes batches of four. */
export const zoo: Readonly<Record<string, () => Model>> = {
  adapted,
  batchNorm: batchNormModel,
  block: blockModel,
  cnn: convModel,
  gpt: () => gpt({ layers: 2, heads: 2, width: 8, context: 8, vocabulary: 13, dropout: 0.1 }),
  gru: () => sequenceModel(gru),
  lstm: () => sequenceModel(lstm),
  mlp: () => mlpModel(0.2),
  norms: normedModel,
  resnet: () => classifier(resnet18({ classes: 3, channels: 1 }), [1, 64, 64]),
  rnn: () => sequenceModel(rnn),
};

/** What a graph of a model is fed: its parameters as they are initialised, and random batches with classes 0, 1 and 2. */
export function feedsOf(model: Model, graph: Graph): Record<string, Tensor> {
  const parameters = flattenParameters(model.parameters);
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype, shape }): [string, Tensor] => {
      const stream = new RandomStream(3, name);
      const declared = parameters.get(name);
      if (declared !== undefined) {
        const data = new Float32Array(sizeOf(shape));
        declared.initialize(shape, data, stream);
        return [name, tensor(dtype, shape, data)];
      }
      const draw = (i: number): number => {
        if (name === seedInput) return 12345;
        return isFloat(dtype) ? stream.uniform(i) * 2 - 1 : Math.floor(stream.uniform(i) * 3);
      };
      return [
        name,
        tensor(
          dtype,
          shape,
          Array.from({ length: sizeOf(shape) }, (_, i) => draw(i)),
        ),
      ];
    }),
  );
}
