/** Small models and data sets for tests of differentiation and training. */

import { RandomStream } from "../../src/base/random.ts";
import type { Value } from "../../src/graph/graph.ts";
import { relu } from "../../src/nn/activations.ts";
import { attention } from "../../src/nn/attention.ts";
import { conv2d } from "../../src/nn/conv.ts";
import { crossEntropy } from "../../src/nn/cross-entropy.ts";
import { dropout } from "../../src/nn/dropout.ts";
import { flatten } from "../../src/nn/flatten.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { layerNorm } from "../../src/nn/layer-norm.ts";
import { linear } from "../../src/nn/linear.ts";
import { mlp } from "../../src/nn/mlp.ts";
import { maxPool2d } from "../../src/nn/pool.ts";
import { residual } from "../../src/nn/residual.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import type { Batch, Dataset, Model } from "../../src/train/model.ts";

/** Cross-entropy of a layer that maps `x` [batch, ...sample] to scores [batch, classes]. */
export function classifier(layer: Layer, sample: Shape): Model {
  return {
    name: "classifier",
    config: {},
    parameters: layer.parameters,
    inputs: (batchSize) => ({
      x: { dtype: "float32", shape: [batchSize, ...sample] },
      labels: { dtype: "int64", shape: [batchSize] },
    }),
    tokens: (batchSize) => batchSize,
    loss: (scope, { x, labels }) => crossEntropy(scope.g, layer.apply(scope, x as Value), labels as Value),
  };
}

/** Two linear layers. */
export function mlpModel(rate = 0): Model {
  return classifier(mlp({ inputs: 6, hidden: 16, outputs: 3, activation: "tanh", dropout: rate }), [6]);
}

/** A convolution, a pool and a linear layer over 6×6 images. */
export function convModel(): Model {
  const features = sequential([
    conv2d({ inputs: 1, outputs: 4, kernel: 3, padding: "same" }),
    relu(),
    maxPool2d({ kernel: 2 }),
  ]);
  return classifier(sequential([features, flatten(), linear({ inputs: 36, outputs: 3 })]), [1, 6, 6]);
}

/** One block of a transformer over sequences [length, batch, width]; the loss is the mean of its squares. */
export function blockModel(length = 3, width = 4): Model {
  const block = sequential({
    attention: residual(sequential({ norm: layerNorm(width), mix: attention({ width, heads: 2 }) })),
    mlp: residual(sequential({ norm: layerNorm(width), dropout: dropout(0) })),
  });
  return {
    name: "block",
    config: {},
    parameters: block.parameters,
    inputs: (batchSize) => ({ x: { dtype: "float32", shape: [length, batchSize, width] } }),
    tokens: (batchSize) => length * batchSize,
    loss: (scope, { x }) => {
      const y = block.apply(scope, x as Value);
      return scope.g.op("ReduceMean", [scope.g.op("Mul", [y, y])], { keepdims: 0 });
    },
  };
}

/**
 * Samples of three classes whose means differ: sample `i` is noise around a fixed direction of its class. Batches are functions of their
 * index, and batch `i` of size `n` holds the samples [i·n, (i+1)·n).
 */
export function classificationData(sample: Shape, noise = 0.5, classes = 3): Dataset {
  const size = sizeOf(sample);
  const directions = new RandomStream(11, "directions");
  const stream = new RandomStream(11, "samples");
  const batch = (index: number, batchSize: number): Batch => {
    const x = new Float32Array(batchSize * size);
    const labels = new BigInt64Array(batchSize);
    for (let row = 0; row < batchSize; row++) {
      const number = index * batchSize + row;
      const label = number % classes;
      labels[row] = BigInt(label);
      for (let k = 0; k < size; k++)
        x[row * size + k] = directions.normal(label * size + k) + noise * stream.normal(number * size + k);
    }
    return { x, labels };
  };
  return {
    batch,
    evaluation: (_, index, batchSize) => (index < 4 ? batch(1_000_000 + index, batchSize) : null),
    fingerprint: "classes",
  };
}
