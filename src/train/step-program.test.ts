import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blockModel, classificationData, classifier, convModel, mlpModel } from "../../test/support/models.ts";
import { expectSameState, readState, trainWhole } from "../../test/support/programs.ts";
import { createWholeRuntime } from "../../test/support/whole-runtime.ts";
import { GraphError, ShapeError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import { batchNorm } from "../nn/batch-norm.ts";
import { type Layer, layer, parameter } from "../nn/layer.ts";
import { linear } from "../nn/linear.ts";
import { sequential } from "../nn/sequential.ts";
import { adamw } from "../optim/adam.ts";
import { chain } from "../optim/chain.ts";
import { clipByGlobalNorm, clipByNorm } from "../optim/clip.ts";
import { groups } from "../optim/groups.ts";
import { sam } from "../optim/sam.ts";
import { sgd } from "../optim/sgd.ts";
import type { Transform } from "../optim/transform.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { gpt } from "../text/gpt.ts";
import type { Batch, Model } from "./model.ts";
import { createStepProgram, type StepProgramOptions } from "./step-program.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
});
afterAll(() => runtime[Symbol.asyncDispose]());

const create = (options: Omit<StepProgramOptions, "runtime" | "seed" | "batchSize"> & Partial<StepProgramOptions>) =>
  createStepProgram({ runtime, seed: 1, batchSize: 4, ...options });

const matrices = ({ shape }: { readonly shape: readonly number[] }): boolean => shape.length >= 2;

/** Tokens and labels of a GPT, the same for the same index. */
function tokenBatch(model: Model, index: number, batchSize: number, vocabulary: number): Batch {
  const length = model.tokens(batchSize);
  const draw = (salt: number) =>
    Int32Array.from({ length }, (_, i) => (i * 7 + index * 13 + salt * i * i) % vocabulary);
  return { tokens: draw(1), labels: draw(3) };
}

const tinyGpt = (dropout = 0): Model =>
  gpt({ layers: 2, heads: 2, width: 8, context: 4, vocabulary: 11, dropout, bias: true });
const mlpData = classificationData([6]);
const mlpBatch = (index: number, size = 4): Batch => mlpData.batch(index, size) as Batch;

describe("split and whole form", () => {
  // A large epsilon: with a tiny one Adam blows rounding in gradients near zero up to whole steps.
  const clippedAdam = chain(
    clipByGlobalNorm(0.5),
    adamw({ learningRate: 0.01, epsilon: 1e-3, weightDecay: 0.1, mask: matrices }),
  );
  const rows: [string, Model, Transform, (index: number) => Batch][] = [
    ["AdamW with masks and global clipping on an MLP", mlpModel(), clippedAdam, mlpBatch],
    ["the same on a GPT", tinyGpt(), clippedAdam, (index) => tokenBatch(tinyGpt(), index, 4, 11)],
    [
      "Nesterov momentum with a schedule on a conv net",
      convModel(),
      sgd({ learningRate: (step) => 0.1 / (1 + step), momentum: 0.9, nesterov: true }),
      (index) => classificationData([1, 6, 6]).batch(index, 4) as Batch,
    ],
    [
      "groups, one clipped by the norm of each parameter",
      mlpModel(),
      groups([{ match: /^up/, transform: chain(clipByNorm(0.05), sgd({ learningRate: 0.5 })) }], adamw()),
      mlpBatch,
    ],
    [
      "clipping by the norm of each parameter, in its own shape",
      mlpModel(),
      chain(clipByNorm(0.1), adamw({ learningRate: 0.01 })),
      mlpBatch,
    ],
  ];

  test.each(rows)("%s agree after five steps", async (_, model, optimizer, batchOf) => {
    const batches = Array.from({ length: 5 }, (_, i) => batchOf(i));
    await using program = await create({ model, optimizer });
    const start = await readState(program);
    const losses: number[] = [];
    for (const [step, batch] of batches.entries()) losses.push((await program.step(step, [batch])).loss);
    const whole = await trainWhole({ model, optimizer, batchSize: 4, seed: 1 }, start, batches);
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(whole.losses[i] as number, 5);
    const state = await readState(program);
    expectSameState(state, whole.state);
    const moved = [...start].filter(([name, { data }]) =>
      (data as Float32Array).some((x, i) => x !== state.get(name)?.data[i]),
    );
    expect(moved).toHaveLength(start.size);
  });
});

describe("accumulation", () => {
  test.each([
    ["momentum", chain(clipByGlobalNorm(0.5), sgd({ learningRate: 0.1, momentum: 0.9 }))],
    ["AdamW", chain(clipByGlobalNorm(0.5), adamw({ learningRate: 0.01 }))],
  ])("of %s over k batches is one batch of k times the size", async (_, optimizer) => {
    const batchOf = (index: number) => mlpBatch(index, 12);
    for (const accumulate of [2, 3]) {
      const size = 12 / accumulate;
      await using parts = await create({ model: mlpModel(), optimizer, accumulate, batchSize: size });
      await using whole = await create({ model: mlpModel(), optimizer, batchSize: 12 });
      for (let step = 0; step < 4; step++) {
        const pieces = Array.from({ length: accumulate }, (_, i) => mlpBatch(step * accumulate + i, size));
        const [a, b] = [await parts.step(step, pieces), await whole.step(step, [batchOf(step)])];
        expect(a.loss).toBeCloseTo(b.loss, 5);
        expect(a.gradientNorm).toBeCloseTo(b.gradientNorm as number, 4);
      }
      expectSameState(await readState(parts), await readState(whole), 1e-4, 1e-5);
    }
  });

  test("over whole buffers gives the same", async () => {
    const options = {
      model: mlpModel(0.3),
      optimizer: chain(clipByGlobalNorm(0.5), adamw({ learningRate: 0.01, epsilon: 1e-3 })),
      batchSize: 4,
      seed: 1,
      accumulate: 3,
    };
    const batches = Array.from({ length: 12 }, (_, i) => mlpBatch(i));
    await using program = await create(options);
    const start = await readState(program);
    const losses: number[] = [];
    for (let step = 0; step < 4; step++)
      losses.push((await program.step(step, batches.slice(3 * step, 3 * step + 3))).loss);
    const whole = await trainWhole(options, start, batches);
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(whole.losses[i] as number, 5);
    expectSameState(await readState(program), whole.state);
    const twice = { ...options, optimizer: sam(sgd()) };
    await expect(trainWhole(twice, start, batches)).rejects.toThrow(/^train: cannot accumulate with .*sam.* on cpu/i);
  });

  test("takes as many batches as it was made for", async () => {
    await using program = await create({ model: mlpModel(), optimizer: sgd(), accumulate: 2 });
    await expect(program.step(0, [mlpBatch(0)])).rejects.toThrow(
      "step: cannot run: got 1 batches, this program takes 2",
    );
  });
});

describe("slots that cannot be written in place", () => {
  const [rate, beta1, beta2, decay] = [0.02, 0.9, 0.99, 0.1];
  const lion: Transform = {
    name: "lion",
    slots: { m: { fill: 0.25 } },
    elementwise: true,
    scalars: (step) => ({ negativeRate: -rate / (1 + step) }),
    update: ({ g, gradient, parameter: p, state, scalars }) => {
      const m = state.m as Value;
      const blend = (beta: number) =>
        g.op("Add", [g.op("Mul", [m, g.scalar(beta)]), g.op("Mul", [gradient, g.scalar(1 - beta)])]);
      const direction = g.op("Add", [g.op("Sign", [blend(beta1)]), g.op("Mul", [p, g.scalar(decay)])]);
      return { update: g.op("Mul", [direction, scalars.negativeRate as Value]), state: { m: blend(beta2) } };
    },
  };
  /** Loss Σ w·x: the gradient of w is x. Longer than one stretch of the update. */
  const size = 300_001;
  const body: Layer = layer({ w: parameter([size], (_, data) => data.fill(0.5 as never)) }, ({ w }, x, { g }) =>
    g.op("ReduceSum", [g.op("Mul", [w, x])], { keepdims: 0 }),
  );
  const model: Model = {
    name: "dot",
    config: {},
    parameters: body.parameters,
    inputs: () => ({ x: { dtype: "float32", shape: [size] } }),
    tokens: () => 1,
    loss: (scope, { x }) => body.apply(scope, x as Value),
  };

  test("Lion gives what plain JavaScript computes", async () => {
    await using program = await create({ model, optimizer: lion, batchSize: 1 });
    const w = new Float32Array(size).fill(0.5);
    const m = new Float32Array(size).fill(0.25);
    for (let step = 0; step < 3; step++) {
      const x = Float32Array.from({ length: size }, (_, i) => Math.cos(i * 1.7 + step));
      await program.step(step, [{ x }]);
      for (let i = 0; i < size; i++) {
        const [p, old, gradient] = [w[i], m[i], x[i]] as [number, number, number];
        w[i] = p - (rate / (1 + step)) * (Math.sign(beta1 * old + (1 - beta1) * gradient) + decay * p);
        m[i] = beta2 * old + (1 - beta2) * gradient;
      }
    }
    const state = await readState(program);
    expectSameState(
      state,
      new Map([
        ["model/w", { dtype: "float32", shape: [size], data: w }],
        ["optimizer/m/w", { dtype: "float32", shape: [size], data: m }],
      ]),
      1e-5,
      1e-6,
    );
  });
});

describe("randomness", () => {
  const still = sgd({ learningRate: 0 });
  const losses = async (seed: number, steps: readonly number[], model = mlpModel(0.5)): Promise<number[]> => {
    await using program = await create({ model, optimizer: still, seed });
    const results: number[] = [];
    for (const step of steps) results.push((await program.step(step, [mlpBatch(0)])).loss);
    return results;
  };

  test("the same seed draws the same masks, another step or seed others", async () => {
    const first = await losses(1, [0, 1, 2]);
    expect(await losses(1, [0, 1, 2])).toEqual(first);
    expect(new Set(first).size).toBe(3);
    expect(await losses(1, [2, 0, 1])).toEqual([first[2], first[0], first[1]]);
    expect((await losses(2, [0]))[0]).not.toBe(first[0]);
  });

  test("batches of one step have masks of their own", async () => {
    await using program = await create({ model: mlpModel(0.5), optimizer: still, accumulate: 2 });
    const { loss } = await program.step(0, [mlpBatch(0), mlpBatch(0)]);
    const one = await losses(1, [0, 1]); // seeds of the two batches are those of steps 0 and 1 without accumulation
    expect(loss).toBeCloseTo(((one[0] as number) + (one[1] as number)) / 2, 6);
    expect(one[0]).not.toBe(one[1]);
  });

  test("evaluation drops nothing and changes nothing", async () => {
    await using program = await create({ model: mlpModel(0.5), optimizer: sgd() });
    const before = await readState(program);
    const loss = await program.evaluate(mlpBatch(0));
    expect(await program.evaluate(mlpBatch(0))).toBe(loss);
    expect(await readState(program)).toEqual(before);
    await using plain = await create({ model: mlpModel(0), optimizer: still });
    expect(loss).toBeCloseTo((await plain.step(0, [mlpBatch(0)])).loss, 6);
  });

  test("parameters begin as their initialisers say, by seed and path", async () => {
    const start = async (seed: number) => {
      await using program = await create({ model: mlpModel(), optimizer: adamw(), seed });
      return readState(program);
    };
    const first = await start(1);
    expect(await start(1)).toEqual(first);
    expect((await start(2)).get("model/up.weight")).not.toEqual(first.get("model/up.weight"));
    expect(first.get("optimizer/m/up.weight")?.data.some((x) => x !== 0)).toBe(false);
  });
});

describe("tensors that are not trained", () => {
  test("frozen weights stay, have no slots and do not count", async () => {
    const frozen: Layer = layer(
      { table: parameter([6], (_, data) => data.fill(2 as never), { trainable: false }) },
      ({ table }, x, { g }) => g.op("Mul", [x, table]),
    );
    const model = classifier(sequential({ frozen, head: linear({ inputs: 6, outputs: 3 }) }), [6]);
    await using program = await create({ model, optimizer: adamw() });
    for (let step = 0; step < 3; step++) await program.step(step, [mlpBatch(step)]);
    const state = await readState(program);
    expect(Array.from(state.get("model/frozen.table")?.data as Float32Array)).toEqual([2, 2, 2, 2, 2, 2]);
    expect([...state.keys()].filter((name) => name.includes("frozen"))).toEqual(["model/frozen.table"]);
    expect(program.parameterCount).toBe(3 * 6 + 3);
  });

  const normalized = () =>
    classifier(sequential({ norm: batchNorm(6, { momentum: 0.5 }), head: linear({ inputs: 6, outputs: 3 }) }), [6]);
  const meanOf = ({ x }: Batch): number[] =>
    Array.from(
      { length: 6 },
      (_, k) => [0, 1, 2, 3].reduce((sum, row) => sum + Number((x as Float32Array)[row * 6 + k]), 0) / 4,
    );

  test("running statistics move once a step", async () => {
    await using program = await create({ model: normalized(), optimizer: sgd() });
    let expected = new Array<number>(6).fill(0);
    for (let step = 0; step < 3; step++) {
      await program.step(step, [mlpBatch(step)]);
      const mean = meanOf(mlpBatch(step));
      expected = expected.map((value, k) => 0.5 * value + 0.5 * (mean[k] as number));
    }
    const running = (await readState(program)).get("model/norm.runningMean")?.data as Float32Array;
    for (const [k, value] of running.entries()) expect(value).toBeCloseTo(expected[k] as number, 5);
  });

  // Known fault: each batch starts from the statistics before the step, so only the last one counts.
  test("running statistics see every batch of a step that accumulates", async () => {
    await using program = await create({ model: normalized(), optimizer: sgd(), accumulate: 2 });
    await program.step(0, [mlpBatch(0), mlpBatch(1)]);
    const [first, second] = [meanOf(mlpBatch(0)), meanOf(mlpBatch(1))];
    const running = (await readState(program)).get("model/norm.runningMean")?.data as Float32Array;
    for (const [k, value] of running.entries())
      expect(value).toBeCloseTo(0.25 * (first[k] as number) + 0.5 * (second[k] as number), 5);
  });
});

describe("memory for time", () => {
  test("recomputing activations changes neither losses nor state", async () => {
    const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 0.01 }));
    const results = [];
    for (const recompute of [false, true]) {
      await using program = await create({ model: tinyGpt(0.2), optimizer, recompute, accumulate: 2 });
      const losses: number[] = [];
      for (let step = 0; step < 3; step++) {
        const batches = [0, 1].map((i) => tokenBatch(tinyGpt(), 2 * step + i, 4, 11));
        losses.push((await program.step(step, batches)).loss);
      }
      results.push({ losses, state: await readState(program) });
    }
    const [kept, again] = results as [(typeof results)[0], (typeof results)[0]];
    for (const [i, loss] of kept.losses.entries()) expect(again.losses[i]).toBeCloseTo(loss, 5);
    expectSameState(again.state, kept.state, 1e-4, 1e-5);
  });
});

describe("use", () => {
  test("reports the norm of the gradient before clipping, and only where it is computed", async () => {
    await using clipped = await create({ model: mlpModel(), optimizer: chain(clipByGlobalNorm(1e-3), sgd()) });
    await using loose = await create({
      model: mlpModel(),
      optimizer: chain(clipByGlobalNorm(1e9), sgd({ learningRate: 1 })),
    });
    const before = await readState(loose);
    const { gradientNorm } = await clipped.step(0, [mlpBatch(0)]);
    await loose.step(0, [mlpBatch(0)]);
    let squares = 0;
    for (const [name, { data }] of await readState(loose))
      for (const [i, value] of (data as Float32Array).entries())
        squares += (value - Number(before.get(name)?.data[i])) ** 2;
    expect(gradientNorm).toBeCloseTo(Math.sqrt(squares), 4);
    await using plain = await create({ model: mlpModel(), optimizer: sgd() });
    expect(Object.keys(await plain.step(0, [mlpBatch(0)]))).toEqual(["loss"]);
  });

  test("says which operators leave the device", async () => {
    const noisy = layer({ w: parameter([4], (_, data) => data.fill(1 as never)) }, ({ w }, x, { g }) =>
      g.op("ReduceSum", [g.op("Mul", [g.op("Mul", [w, x]), g.op("RandomNormal", [], { shape: [4], seed: 1 })])], {
        keepdims: 0,
      }),
    );
    const dot: Model = {
      name: "noisy",
      config: {},
      parameters: noisy.parameters,
      inputs: () => ({ x: { dtype: "float32", shape: [4] } }),
      tokens: () => 1,
      loss: (scope, { x }) => noisy.apply(scope, x as Value),
    };
    await using device = await createWholeRuntime("webgpu");
    await using leaving = await create({ runtime: device, model: dot, optimizer: sgd(), batchSize: 1 });
    expect(leaving.warnings).toEqual(["noisy-step, on the CPU: RandomNormal"]);
    await using staying = await create({ runtime: device, model: tinyGpt(0.1), optimizer: adamw() });
    expect(staying.warnings).toEqual([]);
  });

  test("makes no session after the first step and the first evaluation", async () => {
    await using own = await createCpuRuntime({ threads: 1 });
    await using program = await create({
      runtime: own,
      model: tinyGpt(0.1),
      optimizer: adamw({ mask: matrices }),
      accumulate: 2,
    });
    const batch = tokenBatch(tinyGpt(), 0, 4, 11);
    await program.step(0, [batch, batch]);
    await program.evaluate(batch);
    const made = own.sessionsCreated;
    for (let step = 1; step < 6; step++) {
      await program.step(step, [batch, batch]);
      await program.evaluate(batch);
    }
    expect(own.sessionsCreated).toBe(made);
  });

  test("refuses batches that lack an input or have another length, and goes on", async () => {
    await using program = await create({ model: mlpModel(), optimizer: sgd() });
    const { labels } = mlpBatch(0) as { labels: BigInt64Array };
    await expect(program.step(0, [{ labels }])).rejects.toThrow(ShapeError);
    await expect(program.step(0, [{ labels }])).rejects.toThrow(
      'step: cannot feed "x": the batch lacks it, the model takes 24 (4×6) of float32',
    );
    await expect(program.step(0, [{ x: new Float32Array(3), labels }])).rejects.toThrow(/got 3 elements/);
    await expect(program.step(0, [{ x: new Int32Array(24), labels }])).rejects.toThrow(
      'step: cannot feed "x": got a Int32Array, the model takes float32, held in a Float32Array',
    );
    expect((await program.step(0, [mlpBatch(0)])).loss).toBeGreaterThan(0);
  });

  test("refuses sizes that are not counts and models whose parts do not reach the loss", async () => {
    for (const bad of [{ batchSize: 0 }, { batchSize: 1.5 }, { accumulate: 0 }])
      await expect(create({ model: mlpModel(), optimizer: sgd(), ...bad })).rejects.toThrow(RangeError);
    const unused = layer({ w: parameter([2], () => {}) }, (_, x) => x);
    const model = classifier(sequential({ unused, head: linear({ inputs: 6, outputs: 3 }) }), [6]);
    await expect(create({ model, optimizer: sgd() })).rejects.toThrow(GraphError);
    await expect(create({ model, optimizer: sgd() })).rejects.toThrow(
      /by "unused\.w": the one does not depend on the other/,
    );
  });

  test("a sequence-first model with several axes trains too", async () => {
    await using program = await create({ model: blockModel(), optimizer: sgd({ learningRate: 0.1 }), batchSize: 2 });
    const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) losses.push((await program.step(step, [{ x }])).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  });
});
