import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { classificationData, mlpModel } from "../../test/support/models.ts";
import { RuntimeError } from "../base/errors.ts";
import type { RunEvent } from "../base/events.ts";
import { adamw } from "../optim/adam.ts";
import { sgd } from "../optim/sgd.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { listCheckpoints } from "./checkpoint.ts";
import type { Run } from "./loop-options.ts";
import type { Dataset } from "./model.ts";
import { createRunFolder, type RunFolder } from "./run-folder.ts";
import { type TrainOptions, train } from "./train.ts";

let runtime: Runtime;
let root: string;
let count = 0;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  root = await mkdtemp(join(tmpdir(), "cameo-train-"));
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});
const fresh = (): Promise<RunFolder> => createRunFolder(join(root, String(count++)), {});

const data = classificationData([6]);
const start = (options: Partial<TrainOptions> = {}): Run =>
  train({
    model: mlpModel(0.2),
    data,
    optimizer: adamw({ learningRate: 0.01 }),
    batchSize: 6,
    steps: 8,
    runtime,
    ...options,
  });

async function eventsOf(run: Run): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

const types = (events: readonly RunEvent[]): string[] =>
  events.map((event) => ("step" in event ? `${event.type} ${event.step}` : event.type));

const weights = async (folder: RunFolder, step: number): Promise<string> =>
  (await readFile(join(folder.checkpoints, `step-${step}`, "model.safetensors"))).toString("hex");

describe("events", () => {
  test("come in order and end with the result", async () => {
    const folder = await fresh();
    const run = start({
      steps: 4,
      folder,
      notes: ["a note"],
      learningRate: (step) => 0.5 / (1 + step),
      evaluation: { every: 2, batches: 2 },
      checkpoint: { every: 3 },
      sample: { every: 4, make: async () => ({ prompt: "p", text: "t" }) },
      onFinish: async () => [{ type: "export", path: "model.onnx", sizeBytes: 1 }],
    });
    const events = await eventsOf(run);
    expect(types(events)).toEqual([
      ...["start 0", "step 1", "step 2", "evaluation 2", "step 3", "checkpoint 3"],
      ...["step 4", "evaluation 4", "sample 4", "checkpoint 4", "export", "done 4"],
    ]);
    expect(events[0]).toMatchObject({
      run: folder.path,
      device: "cpu",
      threads: 1,
      steps: 4,
      parameters: 163,
      tokensPerStep: 6,
      notes: ["a note"],
    });
    expect(events.filter((event) => event.type === "step").map(({ learningRate }) => learningRate)).toEqual([
      0.5,
      0.25,
      0.5 / 3,
      0.125,
    ]);
    expect(events.at(-1)).toEqual(await run.result);
    expect(await run.result).toMatchObject({ status: "completed", step: 4, path: folder.path });
    const logged = (await readFile(folder.events, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(logged).toEqual(JSON.parse(JSON.stringify(events)));
  });

  test("nobody needs to listen", async () => {
    const { loss, valLoss } = await start({ evaluation: { every: 100 } }).result;
    expect(loss).toBeGreaterThan(0);
    expect(valLoss).toBeGreaterThan(0); // the last step is always evaluated
  });

  test("can be taken once", async () => {
    const run = start({ steps: 1 });
    await eventsOf(run);
    await expect(eventsOf(run)).rejects.toThrow(/a run can be iterated once/);
  });
});

describe("stopping", () => {
  test("by a signal ends after the step under way, with a checkpoint", async () => {
    const folder = await fresh();
    const stop = new AbortController();
    const run = start({ steps: 1e6, folder, signal: stop.signal });
    for await (const event of run) if (event.type === "step" && event.step === 3) stop.abort();
    const { status, step } = await run.result;
    expect(status).toBe("stopped");
    expect(step).toBeLessThan(1000);
    expect((await listCheckpoints(folder.checkpoints)).map((checkpoint) => checkpoint.step)).toEqual([step]);
  });

  test("by leaving the loop or disposing the run, too", async () => {
    const left = start({ steps: 1e6 });
    for await (const event of left) if (event.type === "step") break;
    expect((await left.result).status).toBe("stopped");
    const disposed = start({ steps: 1e6 });
    await disposed[Symbol.asyncDispose]();
    expect((await disposed.result).status).toBe("stopped");
  });

  test("before the first step leaves a checkpoint from which the run goes on", async () => {
    const folder = await fresh();
    expect(await start({ folder, signal: AbortSignal.abort() }).result).toMatchObject({ status: "stopped", step: 0 });
    expect((await listCheckpoints(folder.checkpoints)).map(({ step }) => step)).toEqual([0]);
    expect(await start({ folder, resume: true }).result).toMatchObject({ status: "completed", step: 8 });
  });
});

describe("resuming", () => {
  test("gives the weights of a run never stopped, bit for bit", async () => {
    const [whole, broken] = [await fresh(), await fresh()];
    const unbroken = await start({ folder: whole, accumulate: 2 }).result;
    for (const steps of [3, 4, 8]) await start({ folder: broken, steps, accumulate: 2, resume: steps > 3 }).result;
    expect(await weights(broken, 8)).toBe(await weights(whole, 8));
    const { loss } = await start({ folder: broken, resume: true, accumulate: 2 }).result; // complete already
    expect(loss).toBe(unbroken.loss);
  });

  test("repeats the steps since the checkpoint, and the log holds each once", async () => {
    const folder = await fresh();
    await start({ folder, steps: 3 }).result;
    // As a kill after step 5 would leave it.
    const log = await readFile(folder.events, "utf8");
    await writeFile(
      folder.events,
      `${log}${JSON.stringify({ type: "step", step: 4 })}\n${JSON.stringify({ type: "step", step: 5 })}\n{"ty`,
    );
    const events = await eventsOf(start({ folder, steps: 6, resume: true }));
    expect(types(events)).toEqual(["start 3", "step 4", "step 5", "step 6", "checkpoint 6", "done 6"]);
    const steps = (await readFile(folder.events, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as RunEvent);
    expect(steps.filter(({ type }) => type === "step").map((event) => ("step" in event ? event.step : 0))).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  test("warns when a checkpoint is damaged or the data is another", async () => {
    const folder = await fresh();
    await start({ folder, steps: 4, checkpoint: { every: 2 } }).result;
    await writeFile(join(folder.checkpoints, "step-4", "optimizer.safetensors"), "spoilt");
    const other: Dataset = { ...data, fingerprint: "other" };
    const run = start({ folder, steps: 5, data: other, resume: true });
    const events = await eventsOf(run);
    expect(types(events).slice(0, 4)).toEqual(["start 2", "warning", "warning", "step 3"]);
    const messages = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    expect(messages[0]).toMatch(/step-4": optimizer\.safetensors does not have the checksum/);
    expect(messages[1]).toMatch(/the data is not what the run was started with/);
  });

  test("keeps the wanted number of checkpoints", async () => {
    const folder = await fresh();
    await start({ folder, steps: 7, checkpoint: { every: 1, keep: 3 } }).result;
    expect((await listCheckpoints(folder.checkpoints)).map(({ step }) => step)).toEqual([7, 6, 5]);
  });
});

describe("failures", () => {
  test("counts that are not positive integers are refused at once", () => {
    for (const bad of [{ steps: 0 }, { steps: -1 }, { batchSize: 1.5 }, { accumulate: 0 }]) {
      const [name, value] = Object.entries(bad)[0] as [string, number];
      expect(() => start(bad)).toThrow(`train: cannot use ${name}: got ${value}, must be a positive integer`);
    }
  });

  test("a loss that is not finite ends the run and keeps the last good checkpoint", async () => {
    const folder = await fresh();
    const poisoned: Dataset = {
      ...data,
      batch: (index, batchSize) => {
        const batch = data.batch(index, batchSize) as { x: Float32Array; labels: BigInt64Array };
        return index < 3 ? batch : { ...batch, x: batch.x.fill(Number.NaN) };
      },
    };
    const run = start({ folder, data: poisoned, optimizer: sgd(), checkpoint: { every: 2 } });
    await expect(eventsOf(run)).rejects.toThrow(RuntimeError);
    await expect(run.result).rejects.toThrow(
      /train: cannot go on after step 4: the loss is NaN, it must be finite\nhint: lower the learning rate/,
    );
    expect((await listCheckpoints(folder.checkpoints)).map(({ step }) => step)).toEqual([2]);
  });

  test("parameters that an update made infinite are not written over good ones", async () => {
    // The loss of step 3 is of the parameters before its update: it is finite, and what the update left is not.
    const explodes = sgd({ learningRate: (step) => (step === 2 ? Number.MAX_VALUE : 0.01) });
    for (const evaluation of [undefined, { every: 1 }]) {
      const folder = await fresh();
      const run = start({
        folder,
        optimizer: explodes,
        checkpoint: { every: 1 },
        ...(evaluation === undefined ? {} : { evaluation }),
      });
      await expect(run.result).rejects.toThrow(
        evaluation === undefined
          ? /train: cannot go on after step 3: parameter ".+" holds (NaN|-?Infinity), it must be finite\nhint: lower/
          : /train: cannot go on after step 3: the validation loss is NaN, it must be finite/,
      );
      expect((await listCheckpoints(folder.checkpoints)).map(({ step }) => step)).toEqual([2, 1]);
    }
  });

  test("of the data set reach whoever listens", async () => {
    for (const failsAt of [0, 2]) {
      const broken: Dataset = {
        ...data,
        batch: (index, batchSize) => {
          if (index === failsAt) throw new Error("the disk is gone");
          return data.batch(index, batchSize);
        },
      };
      await expect(eventsOf(start({ data: broken }))).rejects.toThrow("the disk is gone");
    }
  });

  test("of a sample or export do, too", async () => {
    const fails = () => Promise.reject(new Error("no"));
    await expect(start({ sample: { every: 1, make: fails } }).result).rejects.toThrow("no");
    await expect(start({ onFinish: fails }).result).rejects.toThrow("no");
  });
});

test("without a runtime it makes its own and takes it down", async () => {
  const options = { model: mlpModel(), data, optimizer: sgd(), batchSize: 6, steps: 2 };
  expect((await train(options).result).status).toBe("completed");
});
