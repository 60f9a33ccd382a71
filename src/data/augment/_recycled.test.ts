import { expect, test } from "vitest";
import type { PixelArray } from "../image.ts";
import { type PipelineSpec, pipeline } from "./pipeline.ts";
import type { Scene } from "./transform.ts";
import { sampleImage, sampleScene } from "./transforms.contract.ts";

const steps: PipelineSpec["steps"] = [
  { op: "Flipud" },
  { op: "Rotate", degrees: 17 },
  { op: "GaussianBlur", sigma: 1.5 },
  { op: "MixUp", alpha: 1 },
  { op: "Multiply" },
  { op: "Fliplr" },
];
const augment = pipeline({ version: 1, seed: 4, profile: "opencv4", steps });
/** Of two sizes, so that memory of both is kept. */
const sceneOf = (_: unknown, sample: number): Scene => sampleScene(sampleImage(24 + (sample % 2), 24, 3));
const scenes = Array.from({ length: 6 }, sceneOf);
const other = Array.from({ length: 6 }, sceneOf);
const run = (sample: number, out?: PixelArray): Scene =>
  augment.run(scenes[sample % 6] as Scene, {
    sample,
    others: { count: 1, scene: () => other[sample % 6] as Scene },
    ...(out && { out }),
  }).scene;

test("results are never written again, however often memory is", () => {
  const inputs = structuredClone([scenes, other]);
  const first = scenes.map((_, sample) => run(sample));
  const copies = structuredClone(first);
  for (let sample = 0; sample < 60; sample++) run(sample);
  expect(first).toEqual(copies);
  expect([scenes, other]).toEqual(inputs);
  expect(scenes.map((_, sample) => run(sample))).toEqual(copies);
});

test("the image goes into `out`, which nobody else gets", () => {
  const plain = run(2);
  const batch = new Uint8Array(3 * plain.image.data.length);
  const out = batch.subarray(plain.image.data.length, 2 * plain.image.data.length);
  const scene = run(2, out);
  expect(scene).toEqual(plain);
  expect(scene.image.data).toBe(out);
  const whole = run(2, new Uint8Array(out.length)).image.data;
  for (let sample = 0; sample < 60; sample++) run(sample);
  expect(whole).toEqual(out);
  expect(batch.subarray(0, out.length).every((value) => value === 0)).toBe(true);
  expect(batch.subarray(2 * out.length).every((value) => value === 0)).toBe(true);
});

test("an image that no step changes is copied into `out`", () => {
  const { image } = scenes[0] as Scene;
  const none = pipeline({ version: 1, steps: [{ op: "Fliplr", probability: 0 }] });
  const out = new Uint8Array(image.data.length);
  const before = image.data.slice();
  expect(none.run({ image }, { sample: 0, out }).scene.image).toEqual(image);
  for (let sample = 0; sample < 60; sample++) run(sample);
  expect([image.data, out]).toEqual([before, before]);
});

test("an `out` that does not fit is refused", () => {
  expect(() => run(0, new Uint8Array(5))).toThrow(
    "pipeline.run: cannot put the image into `out`: got a Uint8Array of 5, the image is a Uint8Array of 1728",
  );
  expect(() => run(0, new Float32Array(24 * 24 * 3))).toThrow("got a Float32Array of 1728");
});
