/**
 * TensorFlow.js on its wasm backend, with threads where the page has them. What that backend has no kernels for is written in others.
 * Legend: B batch, T context, C width.
 */

import { getThreadsCount, setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { type StartContender, timed } from "./contender.ts";
import { adamOptions, type HostArray, initialWeights, oneHot, type WebTask } from "./tasks.ts";

type Weights = ReadonlyMap<string, tf.Variable>;

const at = (w: Weights, path: string): tf.Variable => w.get(path) as tf.Variable;

/** x [rows, inputs] times a weight [outputs, inputs], and a bias where there is one. */
function linear(w: Weights, path: string, x: tf.Tensor): tf.Tensor {
  const y = tf.matMul(x as tf.Tensor2D, at(w, `${path}.weight`) as unknown as tf.Tensor2D, false, true);
  const bias = w.get(`${path}.bias`);
  return bias === undefined ? y : tf.add(y, bias);
}

function mlp(w: Weights, x: tf.Tensor): tf.Tensor {
  const rows = tf.reshape(x, [x.shape[0] as number, 784]);
  return linear(w, "dense3", tf.relu(linear(w, "dense2", tf.relu(linear(w, "dense1", rows)))));
}

/**
 * A convolution with "same" padding, whose weight gradient is a product for each position of the kernel: the backend has no
 * Conv2DBackpropFilter.
 */
const conv = tf.customGrad((...args: unknown[]) => {
  const [x, weight, save] = args as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
  save([x, weight]);
  const [size, , inputs, outputs] = weight.shape;
  const [batch, height, width] = x.shape;
  const pad = (size - 1) / 2;
  const gradFunc = (dy: tf.Tensor4D, saved: tf.Tensor[]) => {
    const [x, weight] = saved as [tf.Tensor4D, tf.Tensor4D];
    const rows = tf.reshape(dy, [batch * height * width, outputs]) as tf.Tensor2D;
    const padded = tf.pad(x, [
      [0, 0],
      [pad, pad],
      [pad, pad],
      [0, 0],
    ]);
    const products: tf.Tensor[] = [];
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) {
        const window = tf.slice(padded, [0, i, j, 0], [batch, height, width, inputs]);
        products.push(tf.matMul(tf.reshape(window, [batch * height * width, inputs]) as tf.Tensor2D, rows, true));
      }
    return [
      tf.conv2dTranspose(dy, weight, [batch, height, width, inputs], 1, "same"),
      tf.reshape(tf.stack(products), weight.shape),
    ];
  };
  return { value: tf.conv2d(x, weight, 1, "same"), gradFunc };
});

function cnn(w: Weights, x: tf.Tensor): tf.Tensor {
  for (const path of ["conv1", "conv2"]) {
    const y = tf.add(conv(x, at(w, `${path}.weight`)), at(w, `${path}.bias`)) as tf.Tensor4D;
    x = tf.relu(tf.maxPool(y, 2, 2, "valid"));
  }
  return linear(w, "dense2", tf.relu(linear(w, "dense1", tf.reshape(x, [x.shape[0] as number, 64 * 7 * 7]))));
}

function norm(w: Weights, path: string, x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), at(w, `${path}.weight`));
}

const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

function gpt(w: Weights, tokens: tf.Tensor, mask: tf.Tensor, task: WebTask): tf.Tensor {
  const [batch, context] = task.inputs.shape as [number, number];
  const { layers, heads } = task;
  const width = at(w, "wpe.weight").shape[1] as number;
  const rows = batch * context;
  // Tokens are one-hot rows: the gradient of a lookup needs UnsortedSegmentSum, which the backend lacks.
  const embedded = tf.matMul(tokens as tf.Tensor2D, at(w, "wte.weight") as unknown as tf.Tensor2D);
  let x = tf.reshape(tf.add(tf.reshape(embedded, [batch, context, width]), at(w, "wpe.weight")), [rows, width]);
  for (let layer = 0; layer < layers; layer++) {
    const path = `blocks.${layer}`;
    const qkv = linear(w, `${path}.attention.qkv`, norm(w, `${path}.ln1`, x));
    const [q, k, v] = tf
      .split(qkv, 3, 1)
      .map((part) => tf.transpose(tf.reshape(part, [batch, context, heads, width / heads]), [0, 2, 1, 3])) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const attention = tf.softmax(tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads)), mask));
    const mixed = tf.reshape(tf.transpose(tf.matMul(attention, v), [0, 2, 1, 3]), [rows, width]);
    x = tf.add(x, linear(w, `${path}.attention.output`, mixed));
    x = tf.add(x, linear(w, `${path}.mlp.down`, gelu(linear(w, `${path}.mlp.up`, norm(w, `${path}.ln2`, x)))));
  }
  return tf.matMul(norm(w, "norm", x) as tf.Tensor2D, at(w, "wte.weight") as unknown as tf.Tensor2D, false, true);
}

/** What is added to the scores of positions: nothing up to oneself, a large negative number behind. */
function causalMask(context: number): tf.Tensor {
  const values = Float32Array.from({ length: context * context }, (_, i) =>
    i % context <= Math.floor(i / context) ? 0 : -1e9,
  );
  return tf.tensor(values, [context, context]);
}

/** Images and weights of convolutions have their channels last here. */
function channelsLast(path: string, { shape, data }: HostArray): tf.Tensor {
  const value = tf.tensor(data, [...shape]);
  if (/^conv\d\.weight$/.test(path)) return tf.transpose(value, [2, 3, 1, 0]);
  if (path !== "dense1.weight" || shape[1] !== 64 * 7 * 7) return value;
  const [outputs] = shape as [number];
  return tf.reshape(tf.transpose(tf.reshape(value, [outputs, 64, 7, 7]), [0, 2, 3, 1]), [outputs, 64 * 7 * 7]);
}

/** Starts TensorFlow.js. */
export const startTensorFlow: StartContender = async (task) => {
  setWasmPaths(new URL("/node_modules/@tensorflow/tfjs-backend-wasm/dist/", location.origin).href);
  const cores = navigator.hardwareConcurrency;
  // The backend takes half the cores at most, because many have two threads; here it may have them all, as the others do.
  Object.defineProperty(navigator, "hardwareConcurrency", { value: 2 * cores });
  setThreadsCount(cores);
  await tf.setBackend("wasm");
  const { learningRate, beta1, beta2, epsilon } = adamOptions;
  const rows = task.labels.data.length;
  const labels = tf.tensor2d(oneHot(task.labels.data, task.classes), [rows, task.classes]);
  const inputs =
    task.name === "gpt"
      ? tf.tensor2d(oneHot(task.inputs.data as Int32Array, task.classes), [rows, task.classes])
      : tf.transpose(tf.tensor(task.inputs.data, [...task.inputs.shape]), [0, 2, 3, 1]);
  const mask = causalMask(task.inputs.shape[1] as number);
  const weights: Weights = new Map(
    [...initialWeights(task.model)].map(([path, value]) => [path, tf.variable(channelsLast(path, value), true, path)]),
  );
  const scores = (): tf.Tensor =>
    task.name === "mlp"
      ? mlp(weights, inputs)
      : task.name === "cnn"
        ? cnn(weights, inputs)
        : gpt(weights, inputs, mask, task);
  const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
  const notes = { mlp: {}, gpt: { note: "lookup as one-hot product" }, cnn: { note: "weight gradients as products" } };
  return {
    name: `TensorFlow.js ${tf.version_core} wasm`,
    threads: getThreadsCount(),
    ...notes[task.name],
    run: timed(() => {
      const cost = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, scores()) as tf.Scalar, true, [
        ...weights.values(),
      ]) as tf.Scalar;
      const [loss] = cost.dataSync();
      cost.dispose();
      return Number(loss);
    }),
  };
};
