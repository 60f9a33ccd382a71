/** Files of other exporters, fine-tuned: step for step as PyTorch does it, and from file to file. */

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileOf, perceptron, weight } from "../../test/support/files.ts";
import { runStock } from "../../test/support/stock-runtime.ts";
import { batchOf, dataOf, openTuned, type TunedFile, tunedFiles } from "../../test/support/tuned-files.ts";
import type { RunEvent } from "../base/events.ts";
import { tensorDataset } from "../data/tensor-dataset.ts";
import { readOnnx } from "../graph/onnx/read.ts";
import { encodeModel } from "../graph/onnx/write.ts";
import { createBuilder } from "../ops/registry.ts";
import { adam } from "../optim/adam.ts";
import { sgd } from "../optim/sgd.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import { evaluate } from "../runtime/evaluate.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { toFloat32 } from "../tensor/float-bits.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { createRunFolder } from "../train/run-folder.ts";
import { createStepProgram } from "../train/step-program.ts";
import { exportTuned } from "./export.ts";
import { type FineTuneOptions, fineTune, openOnnx, readParameters } from "./fine-tune.ts";
import { lossOf } from "./loss.ts";
import { onnxModel } from "./onnx-model.ts";
import { weightsOf } from "./weights.ts";

let root: string;
let runtime: Runtime;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-tune-"));
  runtime = await createCpuRuntime({ threads: 1 });
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

const entries = Object.values(tunedFiles);
const versions = `PyTorch ${entries[0]?.versions["torch"]}, ${entries.length} files`;

/** Largest difference of two lists, relative to the largest number. */
function distance(got: ArrayLike<number>, expected: readonly number[]): number {
  expect(got.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs((got[i] as number) - value))) / scale;
}

function floatsOf(value: Tensor | undefined): Float32Array {
  return toFloat32(value as Tensor);
}

describe(`as ${versions}`, () => {
  test.each(Object.keys(tunedFiles))(
    "%s: the same loss at each step, the same outputs after the last",
    async (name) => {
      const entry = tunedFiles[name] as TunedFile;
      const { file, model } = await openTuned(entry);
      const optimizer = sgd({ learningRate: entry.learningRate });
      await using program = await createStepProgram({ runtime, model, optimizer, batchSize: entry.batchSize, seed: 0 });
      const batch = batchOf(entry);
      const steps = entry.losses.length - 1;
      for (const [step, expected] of entry.losses.slice(0, steps).entries()) {
        const { loss } = await program.step(step, [batch]);
        expect(Math.abs(loss - expected) / expected, `loss at step ${step}`).toBeLessThan(entry.tolerance);
      }
      const last = entry.losses[steps] as number;
      expect(Math.abs((await program.evaluate(batch)) - last) / last).toBeLessThan(entry.tolerance);
      const [output] = file.graph.outputs;
      const run = async (bytes: Uint8Array) =>
        floatsOf((await runStock(bytes, entry.inputs)).outputs[output?.name ?? ""]);
      expect(distance(await run(encodeModel(file)), entry.output)).toBeLessThan(entry.tolerance);
      const tuned = encodeModel(await exportTuned(file, model, await readParameters(program)));
      expect(distance(await run(tuned), entry.tuned)).toBeLessThan(5 * entry.tolerance);
      expect(distance(entry.tuned, entry.output as number[])).toBeGreaterThan(0.05);
    },
  );
});

/** The loss as the outputs of the stock engine have it. */
async function lossOfOutputs(entry: TunedFile, outputs: Readonly<Record<string, Tensor>>): Promise<number> {
  const { loss } = entry.options;
  const y = outputs[loss.output] as Tensor;
  const g = createBuilder();
  const given = g.input("y", y.dtype, y.shape);
  // A probability's logarithm is as good as the score that it was made of.
  const seen = loss.output === "probabilities" ? g.op("Log", [given]) : given;
  const target = g.input("target", entry.target.dtype, entry.target.shape);
  const name = loss.type === "crossEntropy" ? "labels" : "target";
  g.output("loss", lossOf(loss).build(g, { [loss.output]: seen }, { [name]: target }));
  return Number((await evaluate(g.build(), { y, target: entry.target })).loss?.data[0]);
}

describe(`from file to file, ${versions}`, () => {
  test.each(Object.keys(tunedFiles))("%s: 100 steps, and it runs where the original ran", async (name) => {
    const entry = tunedFiles[name] as TunedFile;
    const out = join(root, "out", `${name}.onnx`);
    const run = await fineTune({
      ...entry.options,
      ...{ file: entry.path, out, runtime, data: dataOf(entry), batchSize: entry.batchSize, steps: 100 },
      optimizer: adam({ learningRate: 0.01 }),
      evaluation: { every: 100 },
    });
    const events: RunEvent[] = [];
    for await (const event of run) events.push(event);
    const { loss, valLoss = Number.NaN } = await run.result;
    expect(loss).toBeLessThan((entry.losses[0] as number) * 0.6);
    expect(events.slice(-2).map(({ type }) => type)).toEqual(["export", "done"]);

    const original = await openOnnx(entry.path);
    const bytes = await readFile(out);
    const before = await runStock(encodeModel(original), entry.inputs);
    const after = await runStock(bytes, entry.inputs);
    expect(after.inputNames).toEqual(before.inputNames);
    expect(after.outputNames).toEqual(before.outputNames);
    const exported = await lossOfOutputs(entry, after.outputs);
    expect(Math.abs(exported - valLoss)).toBeLessThan(Math.max(2e-3 * valLoss, 1e-5 + entry.tolerance / 10));

    const tuned = readOnnx(bytes);
    expect({ ...tuned.graph, initializers: null, nodes: tuned.graph.nodes.length }).toEqual({
      ...original.graph,
      initializers: null,
      nodes: original.graph.nodes.length,
    });
  });
});

describe("adapters on files of other exporters", () => {
  // Its weights are read through quantisers: no product reads one.
  const names = Object.keys(tunedFiles).filter((name) => name !== "quantised");

  test.each(names)("%s: the merged file computes what the adapters did", async (name) => {
    const entry = tunedFiles[name] as TunedFile;
    const file = await openOnnx(entry.path);
    const { trainable: _, ...options } = entry.options;
    const model = onnxModel(file, { ...options, lora: { rank: 2, alpha: 4, dropout: 0.1 } });
    expect(model.weights.size).toBe(0);
    const optimizer = adam({ learningRate: 0.02 });
    await using program = await createStepProgram({ runtime, model, optimizer, batchSize: entry.batchSize, seed: 0 });
    const batch = batchOf(entry);
    expect(Math.abs((await program.evaluate(batch)) - (entry.losses[0] as number))).toBeLessThan(entry.tolerance);
    for (let step = 0; step < 20; step++) await program.step(step, [batch]);
    const adapted = await program.evaluate(batch);
    expect(adapted).toBeLessThan((entry.losses[0] as number) * 0.98);
    const bytes = encodeModel(await exportTuned(file, model, await readParameters(program)));
    const merged = await lossOfOutputs(entry, (await runStock(bytes, entry.inputs)).outputs);
    expect(Math.abs(merged - adapted) / adapted).toBeLessThan(name === "half" ? 2e-3 : 1e-5);
    const [before, after] = [weightsOf(file), weightsOf(readOnnx(bytes))];
    const changed = [...before].filter(([key, { value }]) => !sameBytes(value, after.get(key)?.value as Tensor));
    expect(new Set(changed.map(([key]) => key))).toEqual(new Set(model.adapters.map(({ weight: key }) => key)));
  });
});

/** A perceptron's options: 12 samples, adapters with dropout, so that every kind of randomness is in it. */
const lively = (out: string): FineTuneOptions => ({
  file: perceptron(),
  out: join(root, out),
  loss: { type: "crossEntropy", output: "logits" },
  lora: { rank: 2, dropout: 0.3 },
  trainable: "body.bias",
  data: tensorDataset(
    {
      x: weight("x", [12, 4]),
      labels: { dtype: "int64", shape: [12], data: BigInt64Array.from({ length: 12 }, (_, i) => BigInt(i % 3)) },
    },
    { seed: 5 },
  ),
  optimizer: adam({ learningRate: 0.05 }),
  ...{ batchSize: 4, steps: 12, seed: 7, runtime },
});

describe("fineTune", () => {
  test("continued from a checkpoint writes the bytes of a run that was never stopped", async () => {
    await (await fineTune(lively("whole.onnx"))).result;
    const folder = await createRunFolder(join(root, "run"), {});
    const first = await fineTune({ ...lively("parts.onnx"), folder, checkpoint: { every: 5 } });
    for await (const event of first) if (event.type === "step" && event.step === 7) break;
    await first[Symbol.asyncDispose]();
    expect(await readdir(root)).not.toContain("parts.onnx");
    const second = await fineTune({ ...lively("parts.onnx"), folder, checkpoint: { every: 5 }, resume: true });
    const events: RunEvent[] = [];
    for await (const event of second) events.push(event);
    // It stops after the step that was under way.
    const start = events.find((event) => event.type === "start");
    expect(start?.step === 7 || start?.step === 8).toBe(true);
    const whole = await readFile(join(root, "whole.onnx"));
    expect((await readFile(join(root, "parts.onnx"))).equals(whole)).toBe(true);
    await (await fineTune({ ...lively("other.onnx"), seed: 8 })).result;
    expect((await readFile(join(root, "other.onnx"))).equals(whole)).toBe(false);
  });

  test("with adapters changes the weights that have them, and nothing else", async () => {
    const options = lively("adapted.onnx");
    await (await fineTune({ ...options, lora: { rank: 1, targets: "head.*" } })).result;
    const [before, after] = [weightsOf(options.file as never), weightsOf(await openOnnx(options.out))];
    const changed = [...before].filter(([name, { value }]) => !sameBytes(value, after.get(name)?.value as Tensor));
    expect(changed.map(([name]) => name)).toEqual(["body.bias", "head.weight"]);
  });

  test("refuses what does not fit before anything runs", async () => {
    const options = lively("refused.onnx");
    await expect(fineTune({ ...options, trainable: "tail.*" })).rejects.toThrow(
      /no float weight matches, of 3 in graph "file"/,
    );
    await expect(fineTune({ ...options, file: join(root, "absent.onnx") })).rejects.toThrow(
      `openOnnx: cannot read "${join(root, "absent.onnx")}": there is no such file`,
    );
    await writeFile(join(root, "text.onnx"), "no model");
    await expect(fineTune({ ...options, file: join(root, "text.onnx") })).rejects.toMatchObject({ code: "codec" });
  });

  test("makes the folder of the file at once, so that a wrong path does not cost a run", async () => {
    await writeFile(join(root, "file"), "");
    await expect(fineTune({ ...lively("unused.onnx"), out: join(root, "file", "tuned.onnx") })).rejects.toThrow(
      /ENOTDIR|EEXIST/,
    );
  });
});

function sameBytes(a: Tensor, b: Tensor): boolean {
  const bytes = ({ data }: Tensor): Buffer => {
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  };
  return bytes(a).equals(bytes(b));
}

describe("openOnnx", () => {
  test("brings data that lies beside the file, and says when it does not", async () => {
    const entry = tunedFiles["external"] as TunedFile;
    const { graph } = await openOnnx(entry.path);
    for (const value of graph.initializers.values()) expect(value).toHaveProperty("data");
    await writeFile(join(root, "lonely.onnx"), await readFile(entry.path));
    await expect(openOnnx(join(root, "lonely.onnx"))).rejects.toMatchObject({ code: "codec" });
  });

  test("keeps the bytes of a file that holds everything", async () => {
    const bytes = encodeModel(fileOf((g) => g.output("y", g.op("Relu", [g.input("x", "float32", [2])]))));
    await writeFile(join(root, "small.onnx"), bytes);
    expect(encodeModel(await openOnnx(join(root, "small.onnx")))).toEqual(bytes);
  });
});
