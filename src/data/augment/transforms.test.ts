/** Every row of the transform table against every property. */

import { describe, expect, test } from "vitest";
import { transformNamed, transformNames } from "./_steps.ts";
import { type PipelineSpec, pipeline, replay } from "./pipeline.ts";
import { transformCases } from "./transforms.cases.ts";
import { pixelTypes, sampleImage, sampleScene } from "./transforms.contract.ts";

const others = { count: 3, scene: (index: number) => sampleScene(sampleImage(41, 33, 3, "uint8", index + 1), 3) };

test("every transform has a row", () => {
  const rows = new Set(transformCases.map(({ op }) => op));
  expect(transformNames().filter((name) => !rows.has(name))).toEqual([]);
});

describe.each(transformCases.map((row) => [`${row.op} ${JSON.stringify(row.config ?? {})}`, row] as const))(
  "%s",
  (_, row) => {
    const spec: PipelineSpec = { version: 1, seed: 5, steps: [{ op: row.op, ...row.config }] };
    const { run } = pipeline(JSON.parse(JSON.stringify(spec)) as PipelineSpec);
    const [channels = 3] = (row.channels ?? [3]).slice(-1);
    const scene = sampleScene(sampleImage(41, 33, channels), 3);
    const once = [0, 1, 2, "name"].map((sample) => run(scene, { sample, others }));

    test("is known under its name", () => expect(transformNamed(row.op)?.name).toBe(row.op));

    test("gives a sample the same in any order, and leaves its input alone", () => {
      const fresh = sampleScene(sampleImage(41, 33, channels), 3);
      expect(scene).toEqual(fresh);
      const again = ["name", 2, 1, 0].map((sample) => pipeline(spec).run(fresh, { sample, others })).reverse();
      expect(again).toEqual(once);
    });

    test("repeats what its record says", () => {
      for (const { scene: result, record } of once)
        expect(replay(scene, JSON.parse(JSON.stringify(record)), others)).toEqual(result);
    });

    test("takes every type of pixels, number of channels and size, and keeps arrays as long as their size says", () => {
      const counts = row.channels ?? [1, 3, 4];
      const sizes = [
        [1, 1],
        [7, 3],
        [24, 17],
      ] as const;
      // Each size with each type, each time with another number of channels.
      for (const [i, type] of pixelTypes.entries())
        for (const [j, [width, height]] of sizes.entries()) {
          const input = sampleScene(sampleImage(width, height, counts[(i + j) % counts.length] as number, type), 1);
          const like = { count: 2, scene: () => input };
          const { image, frames = [], masks = [], heatmaps = [] } = run(input, { sample: 3, others: like }).scene;
          if (row.changesType !== true) expect(image.data.constructor).toBe(input.image.data.constructor);
          for (const raster of [image, ...frames, ...heatmaps]) {
            expect(raster.data.length).toBe(raster.width * raster.height * raster.channels);
            expect(raster.data.every(Number.isFinite)).toBe(true);
          }
          for (const mask of masks) expect(mask.data.length).toBe(mask.width * mask.height);
        }
    });
  },
);
