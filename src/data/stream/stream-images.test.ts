import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { memorySource } from "../../../test/support/memory-source.ts";
import type { PipelineSpec } from "../augment/pipeline.ts";
import { encodeImage } from "../codec/image.ts";
import { image } from "../image.ts";
import { streamDataset } from "./stream-dataset.ts";
import type { ImageInput, StreamSpec } from "./stream-spec.ts";
import { writeShards } from "./write-shards.ts";

const count = 24;
let folder: string;
let damaged: string;

/** Images of 6×4 and 3×8 pixels in turn; pixel values tell the image. */
beforeAll(async () => {
  const pngs = await Promise.all(
    Array.from({ length: count }, (_, i) => {
      const [width, height] = i % 2 === 0 ? [6, 4] : [3, 8];
      const data = Uint8Array.from({ length: width * height * 3 }, (_, j) => (i * 9 + j) % 256);
      return encodeImage(image(data, width, height, 3), { format: "png" });
    }),
  );
  const schema = [
    { name: "png", type: "image", nullable: false },
    { name: "cls", type: "int64", nullable: false },
  ] as const;
  const root = await mkdtemp(join(tmpdir(), "images-"));
  [folder, damaged] = [join(root, "good"), join(root, "damaged")];
  await writeShards(
    memorySource(schema, count, (i) => ({ png: pngs[i] as Uint8Array, cls: BigInt(i) })),
    { format: "webdataset", folder, shardBytes: 20_000 },
  );
  await writeShards(
    memorySource(schema, count, (i) => ({
      png: i === 5 ? (pngs[i] as Uint8Array).subarray(0, 60) : (pngs[i] as Uint8Array),
      cls: BigInt(i),
    })),
    { format: "webdataset", folder: damaged },
  );
});

const augment: PipelineSpec = {
  version: 1,
  steps: [
    { op: "Resize", width: 5, height: 5 },
    { op: "Fliplr", probability: 0.5 },
  ],
};

const spec = (input: Partial<ImageInput>, location = folder): StreamSpec => ({
  sources: [{ location }],
  order: { kind: "global" },
  seed: 6,
  inputs: {
    x: { kind: "image", column: "png", augment, ...input },
    label: { kind: "value", column: "cls", dtype: "int32" },
  },
});

test("images are decoded, augmented and normalised, the same in any worker", async () => {
  const input = { mean: [0.5, 0.25, 0], deviation: [0.5, 1, 2] };
  await using data = await streamDataset(spec(input), { workers: 0 });
  expect(data.inputs.get("x")).toEqual({ dtype: "float32", shape: [3, 5, 5] });
  const { x, label } = (await data.batch(2, 6)) as { x: Float32Array; label: Int32Array };
  expect(x).toHaveLength(6 * 75);
  expect([...label].every((value) => Number.isInteger(value) && value < count)).toBe(true);

  await using raw = await streamDataset(spec({ dtype: "uint8", layout: "HWC" }), { workers: 1 });
  const pixels = (await raw.batch(2, 6)) as { x: Uint8Array; label: Int32Array };
  expect(pixels.label).toEqual(label);
  for (let n = 0; n < 6; n++)
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < 25; i++) {
        const value =
          ((pixels.x[n * 75 + i * 3 + c] as number) / 255 - (input.mean[c] as number)) / (input.deviation[c] as number);
        expect(x[n * 75 + c * 25 + i]).toBeCloseTo(value, 5);
      }

  await using threads = await streamDataset(spec(input), { workers: 2 });
  expect(await threads.batch(2, 6)).toEqual({ x, label });
});

test("another pass augments the same image otherwise", async () => {
  await using data = await streamDataset(spec({}), { workers: 0 });
  const pass = async (number: number): Promise<Map<number, string>> => {
    const { x, label } = (await data.batch(number, count)) as { x: Float32Array; label: Int32Array };
    return new Map([...label].map((id, n) => [id, String(x.slice(n * 75, (n + 1) * 75))]));
  };
  const [first, second, again] = [await pass(0), await pass(1), await pass(0)];
  expect(again).toEqual(first);
  const changed = [...first].filter(([id, text]) => second.get(id) !== text).length;
  expect(changed).toBeGreaterThan(4);
  expect(changed).toBeLessThan(20);
});

test("evaluation does what it is told in the place of augmentation, and never augments", async () => {
  const flipped: PipelineSpec = { version: 1, steps: [...augment.steps.slice(0, 1), { op: "Invert" }] };
  const still: PipelineSpec = { version: 1, steps: augment.steps.slice(0, 1) };
  const read = async (input: Partial<ImageInput>, split: "train" | "validation"): Promise<Map<number, string>> => {
    await using data = await streamDataset(
      { ...spec(input), validation: [{ location: join(folder, "*.tar") }] },
      { workers: 0 },
    );
    const batch = split === "train" ? await data.batch(0, count) : await data.evaluation(split, 0, count);
    const { x, label } = batch as { x: Float32Array; label: Int32Array };
    return new Map([...label].map((id, n) => [id, String(x.slice(n * 75, (n + 1) * 75))]));
  };
  const [plain, evaluated, trained] = await Promise.all([
    read({ augment: still }, "train"),
    read({ augment: flipped, evaluate: still }, "validation"),
    read({ augment: flipped, evaluate: still }, "train"),
  ]);
  expect(evaluated).toEqual(new Map([...plain].sort(([a], [b]) => a - b)));
  expect(trained.get(3)).not.toBe(plain.get(3));
});

test("an image that does not decode is set aside", async () => {
  await using data = await streamDataset(spec({}, damaged), { workers: 1 });
  const { label } = (await data.batch(0, count)) as { label: Int32Array };
  expect(label).not.toContain(5);
  expect(data.faults.counts()).toEqual({ truncated: 1 });
  expect(data.faults.examples[0]).toMatchObject({ row: 5 });
});

test("images of many sizes need a step that makes them one", async () => {
  const { inputs, ...rest } = spec({});
  const x = { kind: "image", column: "png" } as const;
  await using data = await streamDataset({ ...rest, inputs: { x } }, { workers: 0 });
  const { x: first } = await data.batch(0, 4);
  expect(first).toHaveLength(4 * 72);
  expect(data.faults.examples[0]?.detail).toMatch(
    /"x" is float32 \[3, \d, \d\], in other samples float32 \[3, \d, \d\]/,
  );
  expect(inputs).toBeDefined();
});
