/** jax-js on its wasm backend: the whole step, optimizer included, under `jit`. Legend: B batch, T context, C width. */

import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { type StartContender, timed } from "./contender.ts";
import { adamOptions, type HostArray, initialWeights, oneHot, type WebTask } from "./tasks.ts";

type Weights = Record<string, np.Array>;

/** Parameters and Adam's moments. */
type State = { p: Weights; m: Weights; v: Weights };

/** Numbers on the device. */
const upload = ({ shape, data }: HostArray<Float32Array | Int32Array>): np.Array =>
  np.array(data as Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>).reshape([...shape]);

const at = (w: Weights, path: string): np.Array => (w[path] as np.Array).ref;

/** x [..., inputs] times a weight [outputs, inputs], and a bias where there is one. */
function linear(w: Weights, path: string, x: np.Array): np.Array {
  const y = np.matmul(x, np.transpose(at(w, `${path}.weight`)));
  return `${path}.bias` in w ? y.add(at(w, `${path}.bias`)) : y;
}

function mlp(w: Weights, x: np.Array): np.Array {
  const rows = x.reshape([x.shape[0] as number, 784]);
  return linear(w, "dense3", nn.relu(linear(w, "dense2", nn.relu(linear(w, "dense1", rows)))));
}

function cnn(w: Weights, x: np.Array): np.Array {
  const batch = x.shape[0] as number;
  for (const path of ["conv1", "conv2"]) {
    const bias = at(w, `${path}.bias`);
    const y = lax.convGeneralDilated(x, at(w, `${path}.weight`), [1, 1], "SAME");
    const [, channels, height, width] = y.shape as [number, number, number, number];
    const tiles = y.add(bias.reshape([channels, 1, 1])).reshape([batch, channels, height / 2, 2, width / 2, 2]);
    x = nn.relu(np.max(np.max(tiles, 5), 3));
  }
  return linear(w, "dense2", nn.relu(linear(w, "dense1", x.reshape([batch, 64 * 7 * 7]))));
}

function gpt(w: Weights, tokens: np.Array, layers: number, heads: number): np.Array {
  const [batch, context] = tokens.shape as [number, number];
  const norm = (path: string, x: np.Array): np.Array => nn.standardize(x, -1).mul(at(w, `${path}.weight`));
  const width = (w["wpe.weight"] as np.Array).shape[1] as number;
  let x = np.take(at(w, "wte.weight"), tokens, 0).add(at(w, "wpe.weight"));
  for (let layer = 0; layer < layers; layer++) {
    const path = `blocks.${layer}`;
    const qkv = linear(w, `${path}.attention.qkv`, norm(`${path}.ln1`, x.ref));
    const [q, k, v] = np.split(qkv, 3, -1).map((part) => part.reshape([batch, context, heads, width / heads])) as [
      np.Array,
      np.Array,
      np.Array,
    ];
    const mixed = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([batch, context, width]);
    x = x.add(linear(w, `${path}.attention.output`, mixed));
    const hidden = nn.gelu(linear(w, `${path}.mlp.up`, norm(`${path}.ln2`, x.ref)), { approximate: false });
    x = x.add(linear(w, `${path}.mlp.down`, hidden));
  }
  return np.matmul(norm("norm", x).reshape([batch * context, width]), np.transpose(at(w, "wte.weight")));
}

function scores(task: WebTask, w: Weights, x: np.Array): np.Array {
  if (task.name === "mlp") return mlp(w, x);
  return task.name === "cnn" ? cnn(w, x) : gpt(w, x, task.layers, task.heads);
}

/** Starts jax-js. */
export const startJax: StartContender = async (task) => {
  await init("wasm");
  defaultDevice("wasm");
  const { learningRate, beta1, beta2, epsilon } = adamOptions;
  const inputs = upload(task.inputs);
  const labels = upload({
    shape: [task.labels.data.length, task.classes],
    data: oneHot(task.labels.data, task.classes),
  });

  const loss = (w: Weights, x: np.Array, y: np.Array): np.Array => {
    const result = np.sum(nn.logSoftmax(scores(task, w, x)).mul(y)).mul(-1 / task.labels.data.length);
    tree.dispose(w);
    return result;
  };
  const update = jit((state: State, x: np.Array, y: np.Array, rate: np.Array, scale: np.Array) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(state.p), x, y);
    const next: State = { p: {}, m: {}, v: {} };
    for (const [path, g] of Object.entries(gradients as Weights)) {
      const m = (state.m[path] as np.Array).mul(beta1).add(g.ref.mul(1 - beta1));
      const v = (state.v[path] as np.Array).mul(beta2).add(np.square(g).mul(1 - beta2));
      const step = m.ref.mul(rate.ref).div(np.sqrt(v.ref.mul(scale.ref)).add(epsilon));
      next.p[path] = (state.p[path] as np.Array).sub(step);
      next.m[path] = m;
      next.v[path] = v;
    }
    rate.dispose();
    scale.dispose();
    return [value, next] as [np.Array, State];
  });

  const state: { now: State } = { now: { p: {}, m: {}, v: {} } };
  for (const [path, weight] of initialWeights(task.model)) {
    state.now.p[path] = upload(weight);
    state.now.m[path] = np.zeros([...weight.shape]);
    state.now.v[path] = np.zeros([...weight.shape]);
  }
  return {
    name: "jax-js 0.1.25 wasm",
    threads: crossOriginIsolated ? navigator.hardwareConcurrency : 1, // it does not tell; so it makes its workers
    run: timed(async (index) => {
      const [rate, scale] = [learningRate / (1 - beta1 ** (index + 1)), 1 / (1 - beta2 ** (index + 1))];
      const [value, next] = update(state.now, inputs.ref, labels.ref, np.array(rate), np.array(scale));
      state.now = next as State;
      const [result] = await (value as np.Array).data();
      await Promise.all(Object.values(state.now.p).map((array) => array.blockUntilReady()));
      return Number(result);
    }),
  };
};
