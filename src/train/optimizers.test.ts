/** What optimizers ask of the training step beyond an update: other weights to evaluate, more passes, metrics, other state. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { givenGradients } from "../../test/support/given-gradients.ts";
import { classificationData, classifier, mlpModel } from "../../test/support/models.ts";
import { expectSameState, readState, trainWhole } from "../../test/support/programs.ts";
import { CheckpointError } from "../base/errors.ts";
import { RandomStream } from "../base/random.ts";
import { batchNorm } from "../nn/batch-norm.ts";
import { linear } from "../nn/linear.ts";
import { mlp } from "../nn/mlp.ts";
import { sequential } from "../nn/sequential.ts";
import { adafactor } from "../optim/adafactor.ts";
import { adamw } from "../optim/adam.ts";
import { averageWeights } from "../optim/average-weights.ts";
import { chain } from "../optim/chain.ts";
import { clipByGlobalNorm } from "../optim/clip.ts";
import { eightBit } from "../optim/eight-bit.ts";
import { groups } from "../optim/groups.ts";
import { lamb } from "../optim/lamb.ts";
import { lars } from "../optim/lars.ts";
import { lion } from "../optim/lion.ts";
import { lookahead } from "../optim/lookahead.ts";
import { muon } from "../optim/muon.ts";
import { reduceOnPlateau } from "../optim/plateau.ts";
import { prodigy } from "../optim/prodigy.ts";
import { sam } from "../optim/sam.ts";
import { scale } from "../optim/scale.ts";
import { scheduleFreeAdamW, scheduleFreeSgd } from "../optim/schedule-free.ts";
import { sgd } from "../optim/sgd.ts";
import { shampoo } from "../optim/shampoo.ts";
import { sophia } from "../optim/sophia.ts";
import type { Transform } from "../optim/transform.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { sizeBytesOf } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { layOut } from "./arena.ts";
import { listCheckpoints, openCheckpoint } from "./checkpoint.ts";
import { evaluateSplit } from "./evaluate-split.ts";
import { probeSigns } from "./gradient-plan.ts";
import type { Run } from "./loop-options.ts";
import type { Batch } from "./model.ts";
import { createRunFolder, type RunFolder } from "./run-folder.ts";
import { trainableOf } from "./step-graph.ts";
import { createStepProgram, type StepProgram, type StepProgramOptions } from "./step-program.ts";
import { type TrainOptions, train } from "./train.ts";

let runtime: Runtime;
let root: string;
let folders = 0;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  root = await mkdtemp(join(tmpdir(), "cameo-optimizers-"));
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

const data = classificationData([6]);
const batchOf = (index: number, size = 6): Batch => data.batch(index, size) as Batch;
const create = (optimizer: Transform, options: Partial<StepProgramOptions> = {}): Promise<StepProgram> =>
  createStepProgram({ runtime, model: mlpModel(), optimizer, batchSize: 6, seed: 1, ...options });

const numbers = (state: ReadonlyMap<string, Tensor>, name: string): Float32Array =>
  state.get(name)?.data as Float32Array;

const trainedName = (program: StepProgram, path: string): string =>
  program.state.has(`optimizer/trained/${path}`) ? `optimizer/trained/${path}` : `model/${path}`;

/** Writes parameters of `from`, moved by `shift`, into a program. */
async function place(
  program: StepProgram,
  from: ReadonlyMap<string, Tensor>,
  shift: (path: string, i: number) => number = () => 0,
): Promise<void> {
  for (const [path, { view }] of program.parameters)
    await view.buffer.write(
      numbers(from, `model/${path}`).map((value, i) => value + shift(path, i)),
      view.offset,
    );
}

/** Gradients of the mean of batches at the parameters in `from`, moved by `shift`: what a step of plain descent takes away. */
async function gradientsAt(
  from: ReadonlyMap<string, Tensor>,
  batches: readonly Batch[],
  shift?: (path: string, i: number) => number,
): Promise<Map<string, Float32Array>> {
  await using plain = await create(sgd({ learningRate: 1 }), { accumulate: batches.length });
  await place(plain, from, shift);
  const before = await readState(plain);
  await plain.step(0, batches);
  const after = await readState(plain);
  return new Map(
    [...plain.parameters.keys()].map((path) => {
      const moved = numbers(after, `model/${path}`);
      return [path, numbers(before, `model/${path}`).map((value, i) => value - (moved[i] as number))];
    }),
  );
}

describe("learning", () => {
  const matrices = ({ shape }: { readonly shape: readonly number[] }): boolean => shape.length >= 2;
  // The loss begins at 1.18; the bounds are a third above what 60 steps reach.
  test.each<[string, Transform, number]>([
    ["LAMB", lamb({ learningRate: 0.03 }), 0.24],
    ["LARS", lars({ learningRate: 0.3, trustCoefficient: 0.02, adapt: matrices }), 0.21],
    ["Adafactor", adafactor({ learningRate: 0.1 }), 0.17],
    ["Adafactor as Optax has it", adafactor({ learningRate: 0.1, convention: "optax" }), 0.15],
    ["Muon", muon({ learningRate: 0.03 }), 0.23],
    ["Shampoo", shampoo({ learningRate: 0.02 }), 0.27],
    ["Shampoo without grafting", shampoo({ learningRate: 0.1, graft: "none" }), 0.36],
    ["Schedule-Free SGD", scheduleFreeSgd({ learningRate: 2 }), 0.35],
    ["Schedule-Free AdamW", scheduleFreeAdamW({ learningRate: 0.05 }), 0.3],
    ["Prodigy", prodigy(), 0.5],
    ["SAM", sam(sgd({ learningRate: 0.1, momentum: 0.9 })), 0.37],
    ["Sophia", sophia({ learningRate: 0.05, gamma: 0.5, weightDecay: 0 }), 0.41],
    ["an average of weights", averageWeights(adamw({ learningRate: 0.02 }), { decay: 0.8 }), 0.3],
    ["Lookahead", lookahead(adamw({ learningRate: 0.03 })), 0.2],
    ["8-bit AdamW", eightBit(adamw({ learningRate: 0.02 }), { least: 1, block: 16 }), 0.24],
    ["8-bit Lion", eightBit(lion({ learningRate: 0.01 }), { least: 1, block: 16 }), 0.16],
  ])("%s tells three classes apart", async (_, optimizer, bound) => {
    await using program = await create(optimizer);
    for (let step = 0; step < 60; step++) await program.step(step, [batchOf(step)]);
    expect(await evaluateSplit(program, data, "validation", 6)).toBeLessThan(bound);
  });
});

describe("split and whole form", () => {
  const clip = clipByGlobalNorm(0.5);
  test.each<[string, Transform]>([
    ["SAM around a clipped AdamW", sam(chain(clip, adamw({ learningRate: 0.01, epsilon: 1e-3 })))],
    ["SAM in one group only", groups([{ match: /^up/, transform: sam(sgd({ learningRate: 0.5 })) }], sgd())],
    ["Sophia after clipping", chain(clip, sophia({ learningRate: 0.01, every: 2, gamma: 0.5 }))],
    ["Sophia within SAM", sam(sophia({ learningRate: 0.01, every: 3, gamma: 0.5 }))],
    ["Prodigy after clipping", chain(clip, prodigy({ initial: 0.01, weightDecay: 0.1 }))],
    ["Schedule-Free AdamW after clipping", chain(clip, scheduleFreeAdamW({ learningRate: 0.01, epsilon: 1e-3 }))],
    ["an average over groups", averageWeights(groups([{ match: /bias/, transform: sgd() }], muon()), { decay: 0.5 })],
    ["Lookahead around Shampoo", lookahead(shampoo({ learningRate: 0.01, ridge: 1e-2, every: 3 }), { every: 2 })],
    ["Adafactor", adafactor({ learningRate: 0.01 })],
  ])("of %s agree after five steps", async (_, optimizer) => {
    const batches = Array.from({ length: 5 }, (_, i) => batchOf(i));
    await using program = await create(optimizer);
    const start = await readState(program);
    const losses: number[] = [];
    for (const [step, batch] of batches.entries()) losses.push((await program.step(step, [batch])).loss);
    const whole = await trainWhole({ model: mlpModel(), optimizer, batchSize: 6, seed: 1 }, start, batches);
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(whole.losses[i] as number, 5);
    const state = await readState(program);
    expectSameState(state, whole.state, 1e-4, 1e-5);
    for (const path of program.parameters.keys())
      expect(numbers(state, trainedName(program, path))).not.toEqual(numbers(start, trainedName(program, path)));
  });
});

describe("weights to evaluate", () => {
  test("are what evaluation, samples and the checkpoint's model use, and training does not", async () => {
    // An average that never moves stays the initial weights.
    await using program = await create(averageWeights(sgd({ learningRate: 0.5 }), { decay: 1 }));
    await using plain = await create(sgd({ learningRate: 0.5 }));
    const start = await readState(program);
    const loss = await program.evaluate(batchOf(0));
    for (let step = 0; step < 3; step++) {
      const { loss } = await program.step(step, [batchOf(step)]);
      expect(loss).toBe((await plain.step(step, [batchOf(step)])).loss);
    }
    expect(await program.evaluate(batchOf(0))).toBe(loss);
    const [state, trained] = [await readState(program), await readState(plain)];
    for (const [path, { view }] of program.parameters) {
      const used = await view.buffer.read(view.offset, view.offset + sizeOf(view.shape));
      expect(used).toEqual(numbers(start, `model/${path}`));
      expect(numbers(state, `model/${path}`)).toEqual(used);
      expect(numbers(state, `optimizer/trained/${path}`)).toEqual(numbers(trained, `model/${path}`));
    }
    expect([...state.keys()].filter((name) => name.includes("average"))).toEqual([]);
  });

  test("that are finite do not hide trained ones that are not", async () => {
    const folder = await fresh();
    const explodes = sgd({ learningRate: (step) => (step === 2 ? Number.MAX_VALUE : 0.01) });
    const run = start(lookahead(explodes, { every: 5 }), { folder, checkpoint: { every: 1 } });
    await expect(run.result).rejects.toThrow(/train: cannot go on after step 3: parameter ".+" holds/);
    expect((await listCheckpoints(folder.checkpoints)).map(({ step }) => step)).toEqual([2, 1]);
  });
});

describe("SAM", () => {
  test.each([1, 2])("takes the gradient at the point that the mean of %i batches gives", async (accumulate) => {
    const [radius, learningRate] = [0.3, 0.1];
    await using program = await create(sam(sgd({ learningRate }), { radius }), { accumulate });
    const start = await readState(program);
    const batches = Array.from({ length: accumulate }, (_, i) => batchOf(i));
    const { loss } = await program.step(0, batches);

    const first = await gradientsAt(start, batches);
    const norm = Math.hypot(...[...first.values()].flatMap((values) => [...values]));
    const second = await gradientsAt(
      start,
      batches,
      (path, i) => (radius * ((first.get(path) as Float32Array)[i] as number)) / norm,
    );
    const state = await readState(program);
    for (const [path, gradient] of second)
      for (const [i, value] of gradient.entries()) {
        const expected = (numbers(start, `model/${path}`)[i] as number) - learningRate * value;
        expect(numbers(state, `model/${path}`)[i]).toBeCloseTo(expected, 5);
      }
    await using plain = await create(sgd(), { accumulate });
    expect(loss).toBe((await plain.step(0, batches)).loss);
  });

  test("moves running statistics once, and draws the same dropout in both passes", async () => {
    const normalized = classifier(
      sequential({ norm: batchNorm(6, { momentum: 0.5 }), head: linear({ inputs: 6, outputs: 3 }) }),
      [6],
    );
    const states = [];
    for (const optimizer of [sgd(), sam(sgd(), { radius: 5 })]) {
      await using program = await create(optimizer, { model: normalized });
      await program.step(0, [batchOf(0)]);
      states.push(numbers(await readState(program), "model/norm.runningMean"));
    }
    expect(states[1]).toEqual(states[0]);
    // At a vanishing distance both passes are one, if they drop the same.
    const after = [];
    for (const optimizer of [sgd({ learningRate: 0.1 }), sam(sgd({ learningRate: 0.1 }), { radius: 1e-12 })]) {
      await using program = await create(optimizer, { model: mlpModel(0.5), accumulate: 2 });
      await program.step(0, [batchOf(0), batchOf(1)]);
      after.push(await readState(program));
    }
    expectSameState(after[1] as Map<string, Tensor>, after[0] as Map<string, Tensor>);
  });
});

describe("Sophia", () => {
  test("multiplies the Hessian by the signs of the step", async () => {
    const beta2 = 0.5;
    const optimizer = sophia({ learningRate: 0, beta2 });
    await using program = await create(optimizer);
    const start = await readState(program);
    await program.step(0, [batchOf(0)]);
    const state = await readState(program);
    const { places, length } = layOut(trainableOf(mlpModel()), optimizer);
    const signs = probeSigns(new RandomStream(1, "probe"), 0, length);
    expect(new Set(signs)).toEqual(new Set([1, -1]));
    const offsets = new Map(places.map(({ path, offset }) => [path, offset]));
    const sign = (path: string, i: number): number => signs[(offsets.get(path) as number) + i] as number;
    const distance = 3e-3;
    const ahead = await gradientsAt(start, [batchOf(0)], (path, i) => distance * sign(path, i));
    const behind = await gradientsAt(start, [batchOf(0)], (path, i) => -distance * sign(path, i));
    let largest = 0;
    for (const [path, values] of ahead)
      for (const [i, value] of values.entries()) {
        const product = (value - (behind.get(path)?.[i] as number)) / (2 * distance);
        const estimate = (numbers(state, `optimizer/h/${path}`)[i] as number) / (1 - beta2);
        largest = Math.max(largest, Math.abs(estimate));
        expect(Math.abs(estimate - sign(path, i) * product)).toBeLessThan(3e-3);
      }
    expect(largest).toBeGreaterThan(0.1);
  });

  test("estimates every few steps, and at none between", async () => {
    await using program = await create(sophia({ every: 3 }), { accumulate: 2 });
    const seen: Float32Array[] = [];
    for (let step = 0; step < 5; step++) {
      await program.step(step, [batchOf(2 * step), batchOf(2 * step + 1)]);
      seen.push(numbers(await readState(program), "optimizer/h/up.weight"));
    }
    expect(seen[0]?.some((value) => value !== 0)).toBe(true);
    expect(seen.slice(1, 3)).toEqual([seen[0], seen[0]]);
    expect(seen[3]).not.toEqual(seen[0]);
    expect(seen[4]).toEqual(seen[3]);
  });
});

describe("shared numbers", () => {
  test("come from sums over parameters of many stretches", async () => {
    // Longer than one stretch; the gradient of w is x.
    const size = 300_001;
    const spec = [{ path: "w", shape: [size], dtype: "float32" as const }];
    const initial = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
    const optimizer = prodigy({ initial: 0.01 });
    await using program = await createStepProgram({
      runtime,
      model: givenGradients({ parameters: spec, initial, curvature: new Float32Array(size).fill(1) }),
      optimizer,
      batchSize: 1,
      seed: 1,
    });
    const [beta1, beta2, d0] = [0.9, 0.999, 0.01];
    const beta3 = Math.sqrt(beta2);
    const w = Float64Array.from(initial);
    const [m, v, s] = [0, 0, 0].map(() => new Float64Array(size)) as [Float64Array, Float64Array, Float64Array];
    let [d, numerator] = [d0, 0];
    for (let step = 0; step < 10; step++) {
      await program.step(step, [{ "x/w": new Float32Array(size) }]);
      const c = Math.sqrt(1 - beta2 ** (step + 1)) / (1 - beta1 ** (step + 1));
      let [product, total] = [0, 0];
      for (let i = 0; i < size; i++) {
        const g = w[i] as number;
        product += g * ((initial[i] as number) - (w[i] as number));
        s[i] = beta3 * (s[i] as number) + ((c * d * d) / d0) * g;
        total += Math.abs(s[i] as number);
        m[i] = beta1 * (m[i] as number) + (1 - beta1) * d * g;
        v[i] = beta2 * (v[i] as number) + (1 - beta2) * (d * g) ** 2;
      }
      numerator = beta3 * numerator + ((c * d * d) / d0) * product;
      const next = Math.max(d, numerator / total);
      for (let i = 0; i < size; i++)
        w[i] = (w[i] as number) - (c * d * (m[i] as number)) / (Math.sqrt(v[i] as number) + next * 1e-8);
      d = next;
    }
    const state = await readState(program);
    expect(d).toBeGreaterThan(2 * d0);
    expect(numbers(state, "optimizer/shared/0/d")[0]).toBeCloseTo(d, 5);
    expect(numbers(state, "model/w")[7]).toBeCloseTo(w[7] as number, 5);
    expect(numbers(state, "model/w")[size - 1]).toBeCloseTo(w[size - 1] as number, 5);
  });
});

describe("8-bit state", () => {
  test("takes a quarter of the memory and gives the losses of 32 bits", async () => {
    const model = classifier(mlp({ inputs: 6, hidden: 2048, outputs: 3, activation: "tanh" }), [6]);
    const runs = [];
    for (const optimizer of [adamw({ learningRate: 2e-3 }), eightBit(adamw({ learningRate: 2e-3 }))]) {
      await using program = await create(optimizer, { model });
      const losses: number[] = [];
      for (let step = 0; step < 40; step++) losses.push((await program.step(step, [batchOf(step)])).loss);
      const bytes = [...program.state]
        .filter(([name]) => /^optimizer\/.*weight$/.test(name))
        .reduce((sum, [, { shape, view }]) => sum + sizeBytesOf(view.buffer.dtype, sizeOf(shape)), 0);
      runs.push({ losses, bytes, state: await readState(program) });
    }
    const [full, small] = runs as [(typeof runs)[0], (typeof runs)[0]];
    expect(small.bytes / full.bytes).toBeCloseTo(1 / 4 + 1 / 256, 3);
    expect(small.state.get("optimizer/m/up.bias")?.dtype).toBe("float32"); // 2048 elements are few
    expect(full.losses.at(-1)).toBeLessThan(0.3);
    for (const [i, loss] of small.losses.entries())
      expect(Math.abs(loss - (full.losses[i] as number))).toBeLessThan(0.03);
    expect(small.losses).not.toEqual(full.losses);
  });
});

const fresh = (): Promise<RunFolder> => createRunFolder(join(root, String(folders++)), {});
const start = (optimizer: Transform, options: Partial<TrainOptions> = {}): Run =>
  train({ model: mlpModel(0.2), data, optimizer, batchSize: 6, steps: 8, runtime, ...options });

describe("resuming", () => {
  const everything = async (folder: RunFolder, step: number): Promise<string[]> => {
    const { state } = await openCheckpoint(join(folder.checkpoints, `step-${step}`));
    return [...Object.values(state.files), JSON.stringify(state.feedback)];
  };
  const evaluation = { every: 2, batches: 2 };
  test.each<[string, () => Transform]>([
    ["SAM", () => sam(sgd({ learningRate: 0.1, momentum: 0.9 }))],
    ["Sophia", () => sophia({ learningRate: 0.01, every: 3 })],
    ["Schedule-Free AdamW", () => scheduleFreeAdamW({ learningRate: (step) => 0.01 * Math.min(1, (step + 1) / 5) })],
    ["Prodigy", () => prodigy({ initial: 0.01 })],
    ["Lookahead", () => lookahead(adamw({ learningRate: 0.01 }), { every: 3 })],
    ["8-bit AdamW", () => eightBit(adamw({ learningRate: 0.01 }), { least: 1, block: 16 })],
    ["Muon", () => muon({ learningRate: 0.01 })],
    ["Shampoo", () => shampoo({ learningRate: 0.01, every: 3 })],
    // A threshold that no loss passes: every evaluation after the first reduces.
    [
      "a plateau",
      () => chain(adamw({ learningRate: 0.01 }), reduceOnPlateau({ patience: 0, threshold: 0.9, factor: 0.5 })),
    ],
  ])("with %s gives what a run never stopped has, bit for bit", async (_, make) => {
    const [whole, broken] = [await fresh(), await fresh()];
    const shared = { accumulate: 2, evaluation };
    const unbroken = await start(make(), { folder: whole, ...shared }).result;
    for (const steps of [3, 5, 8]) await start(make(), { folder: broken, steps, resume: steps > 3, ...shared }).result;
    expect(await everything(broken, 8)).toEqual(await everything(whole, 8));
    expect(unbroken.step).toBe(8);
  });
});

describe("a plateau", () => {
  const optimizer = (): Transform =>
    chain(adamw({ learningRate: 0.01 }), reduceOnPlateau({ patience: 1, threshold: 0.9, factor: 0.5 }));

  test("reduces the rate of the steps that follow, and events say so", async () => {
    const rates: number[] = [];
    const run = start(optimizer(), { evaluation: { every: 1 }, learningRate: () => 0.01, steps: 6 });
    for await (const event of run) if (event.type === "step") rates.push(event.learningRate);
    // The first evaluation is the best; the second and third are bad, and so on.
    expect(rates).toEqual([0.01, 0.01, 0.01, 0.005, 0.005, 0.0025]);
  });

  test("makes steps shorter by its factor", async () => {
    const moved: number[] = [];
    for (const metrics of [[], [1, 1, 1]]) {
      await using program = await create(
        chain(sgd({ learningRate: 0.1 }), reduceOnPlateau({ patience: 1, factor: 0.5 })),
      );
      const before = numbers(await readState(program), "model/up.weight");
      for (const metric of metrics) program.feedback?.observe(metric);
      await program.step(0, [batchOf(0)]);
      const after = numbers(await readState(program), "model/up.weight");
      moved.push(Math.hypot(...before.map((value, i) => value - (after[i] as number))));
    }
    expect((moved[1] as number) / (moved[0] as number)).toBeCloseTo(0.5, 4);
  });

  test("needs evaluations", async () => {
    await expect(start(optimizer()).result).rejects.toThrow(
      /^train: cannot use optimizer "chain\(adamw, reduceOnPlateau\)": got no evaluation, it acts on the validation loss/,
    );
  });

  test("cannot go on from a checkpoint of a run that had none", async () => {
    const folder = await fresh();
    await start(chain(adamw(), scale(1)), { folder, steps: 2 }).result;
    const resumed = start(chain(adamw(), reduceOnPlateau()), { folder, resume: true, evaluation: { every: 1 } });
    await expect(resumed.result).rejects.toThrow(CheckpointError);
    await expect(resumed.result).rejects.toThrow(/it holds no numbers of the optimizer's feedback/);
  });
});

test("two passes, curvature and sums make no session after the first step", async () => {
  await using own = await createCpuRuntime({ threads: 1 });
  const optimizer = groups([{ match: /^up/, transform: sam(sophia({ every: 2 })) }], sam(shampoo({ every: 3 })));
  await using program = await create(optimizer, { runtime: own, accumulate: 2, evaluation: true });
  const batches = [batchOf(0), batchOf(1)];
  await program.step(0, batches);
  const { sessionsCreated } = own;
  for (let step = 1; step < 4; step++) await program.step(step, batches);
  await program.evaluate(batchOf(0));
  expect(own.sessionsCreated).toBe(sessionsCreated);
});
