import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memorySource } from "../../test/support/memory-source.ts";
import { mlpModel } from "../../test/support/models.ts";
import { addOrderHashes, formatOrderHash, orderHash } from "../data/stream/order-hash.ts";
import { type StreamDataset, type StreamDatasetOptions, streamDataset } from "../data/stream/stream-dataset.ts";
import type { StreamSpec } from "../data/stream/stream-spec.ts";
import { writeShards } from "../data/stream/write-shards.ts";
import { adamw } from "../optim/adam.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { listCheckpoints, openCheckpoint } from "./checkpoint.ts";
import type { Dataset } from "./model.ts";
import { createRunFolder, type RunFolder } from "./run-folder.ts";
import { train } from "./train.ts";

let runtime: Runtime;
let root: string;
let spec: StreamSpec;

beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  root = await mkdtemp(join(tmpdir(), "cameo-stream-run-"));
  const schema = [
    { name: "x", type: "tensor", nullable: false, element: "float32", shape: [6] },
    { name: "labels", type: "int64", nullable: false },
  ] as const;
  const source = memorySource(schema, 50, (i) => ({
    x: { dtype: "float32", shape: [6], data: Float32Array.from({ length: 6 }, (_, j) => Math.sin(i * 6 + j)) },
    labels: BigInt(i % 3),
  }));
  await writeShards(source, { format: "mds", folder: join(root, "data"), shardBytes: 800 });
  await writeShards(source, { format: "mds", folder: join(root, "held") });
  spec = {
    sources: [{ location: join(root, "data") }],
    order: { kind: "blocks", blockRows: 16 },
    seed: 11,
    inputs: { x: { kind: "value", column: "x" }, labels: { kind: "value", column: "labels" } },
    validation: [{ location: join(root, "held") }],
  };
});
afterAll(() => runtime[Symbol.asyncDispose]());

const open = (change: Partial<StreamSpec> = {}, options: StreamDatasetOptions = {}): Promise<StreamDataset> =>
  streamDataset({ ...spec, ...change }, { workers: 0, ...options });

/** Trains to `steps`; returns loss and order hash by step. */
async function run(data: Dataset, folder: RunFolder, steps: number, batchSize = 6, accumulate = 2): Promise<unknown[]> {
  const seen: unknown[] = [];
  const run = train({
    model: mlpModel(0),
    data,
    optimizer: adamw({ learningRate: 0.01 }),
    batchSize,
    accumulate,
    steps,
    runtime,
    folder,
    resume: true,
    checkpoint: { every: 3 },
    evaluation: { every: 4 },
  });
  for await (const event of run) if (event.type === "step") seen.push([event.step, event.loss, event.orderHash]);
  return seen;
}

let count = 0;
const fresh = (): Promise<RunFolder> => createRunFolder(join(root, `run-${count++}`), {});

test("a resumed run sees the samples of the unbroken one, and says so", async () => {
  await using data = await open();
  const unbroken = await run(data, await fresh(), 10);
  const folder = await fresh();
  const before = await run(data, folder, 5);
  await using again = await open({}, { workers: 1 });
  const after = await run(again, folder, 10);
  expect([...before, ...after]).toEqual(unbroken);

  const [newest] = await listCheckpoints(folder.checkpoints);
  const { state } = await openCheckpoint(newest?.path ?? "");
  const [, , hash] = unbroken.at(-1) as [number, number, string];
  const later = data.order.positionOf(2 * (10 + 2 ** 24), 6);
  const { specHash } = data.order;
  expect(state.stream).toEqual({ specHash, seed: 11, epoch: 2, position: 20, later, orderHash: hash });
});

test.each(["wrap", "drop", "pad"] as const)(
  "%s: resumed after any step, it sees what the unbroken run sees",
  async (last) => {
    // 50 samples, 12 a step: epochs end within a step, between the batches of one, and between steps.
    await using data = await open({ last, epochSize: 50 });
    const unbroken = await run(data, await fresh(), 9);
    for (let stop = 1; stop < 9; stop++) {
      const folder = await fresh();
      const before = await run(data, folder, stop);
      expect([...before, ...(await run(data, folder, 9))], `${stop}`).toEqual(unbroken);
    }
  },
);

test("the hash is the sum over all samples so far", async () => {
  await using data = await open({ order: { kind: "sequential" } });
  const [first] = (await run(data, await fresh(), 1)) as [number, number, string][];
  const wanted = addOrderHashes(...Array.from({ length: 12 }, (_, i) => orderHash(i, 0, i)));
  expect(first?.[2]).toBe(formatOrderHash(wanted));
});

test("another stream is refused plainly, and the run stays as it is", async () => {
  const folder = await fresh();
  await using data = await open();
  await run(data, folder, 3);
  await using order = await open({ order: { kind: "global" } });
  await expect(run(order, folder, 6)).rejects.toThrow(
    /^checkpoint: cannot resume from ".*step-3": the stream of samples is another one, its spec hash was [0-9a-f]{12}\nhint: /,
  );
  await using seed = await open({ seed: 12 });
  await expect(run(seed, folder, 6)).rejects.toThrow("the stream has seed 12, it had 11");
  await expect(run(data, folder, 6, 5)).rejects.toThrow(
    "step 3 is at sample 30 of epoch 0, it was at sample 36 of epoch 0\nhint: keep the product of batch size",
  );
  // The same samples in other portions are the same stream.
  expect(await run(data, folder, 6, 4, 3)).toHaveLength(3);
});

test.each(["drop", "pad"] as const)(
  "%s: batches that end epochs elsewhere are refused, others are not",
  async (last) => {
    await using data = await open({ last });
    const resumed = async (before: readonly [number, number], after: readonly [number, number]): Promise<unknown[]> => {
      const folder = await fresh();
      await run(data, folder, 1, ...before);
      return run(data, folder, 3, ...after);
    };
    // Five batches of 10 are the 50 samples, as ten of 5 are; of 20, two or three.
    expect(await resumed([10, 2], [5, 4])).toHaveLength(2);
    await expect(resumed([10, 2], [20, 1])).rejects.toThrow(
      "batches are of another size, the ends of epochs would leave out or repeat other samples\nhint: keep batch size",
    );
  },
);

test("a data set that does not know its own batches is told so", async () => {
  await using data = await open();
  const copying: Dataset = {
    ...data,
    order: data.order,
    fingerprint: data.fingerprint,
    evaluation: () => null,
    batch: async (index, size) => ({ ...(await data.batch(index, size)) }),
  };
  await expect(run(copying, await fresh(), 2)).rejects.toThrow("the data set does not know a batch of its own");
});
