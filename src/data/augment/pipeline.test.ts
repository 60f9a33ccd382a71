import { expect, test } from "vitest";
import type { Image } from "../image.ts";
import type { Step } from "./_steps.ts";
import { type PipelineSpec, pipeline, replay } from "./pipeline.ts";
import { sampleImage, sampleScene } from "./transforms.contract.ts";

const scene = sampleScene(sampleImage(33, 21, 3));
const ops = (steps: readonly Step[], sample: number, more: Partial<PipelineSpec> = {}): string[] =>
  pipeline({ version: 1, seed: 9, steps, ...more })
    .run(scene, { sample })
    .record.applied.map(({ op }) => op.split("@")[0] as string);

const three: Step[] = [{ op: "Flipud" }, { op: "Fliplr" }, { op: "Transpose" }];
const samples = Array.from({ length: 400 }, (_, i) => i);

test("a step happens as often as its probability says", () => {
  const times = samples.filter((sample) => ops([{ op: "Fliplr", probability: 0.25 }], sample).length === 1).length;
  expect(times).toBeGreaterThan(70);
  expect(times).toBeLessThan(130);
});

test("Sequential keeps its order, or draws one", () => {
  expect(ops([{ op: "Sequential", steps: three }], 0)).toEqual(["Flipud", "Fliplr", "Transpose"]);
  const orders = new Set(
    samples.map((sample) => ops([{ op: "Sequential", order: "random", steps: three }], sample).join()),
  );
  expect(orders.size).toBe(6);
});

test("SomeOf takes as many as it draws, each once", () => {
  const all = samples.map((sample) => ops([{ op: "SomeOf", count: [1, 2], steps: three }], sample));
  expect(new Set(all.map((list) => list.length))).toEqual(new Set([1, 2]));
  for (const list of all) expect(new Set(list).size).toBe(list.length);
});

test("OneOf takes one, by weight", () => {
  const all = samples.map((sample) => ops([{ op: "OneOf", weights: [0, 3, 1], steps: three }], sample));
  const count = (op: string): number => all.filter(([first]) => first === op).length;
  expect(all.every((list) => list.length === 1)).toBe(true);
  expect([count("Flipud"), count("Fliplr") > 260, count("Transpose") > 60]).toEqual([0, true, true]);
});

test("Sometimes does the one or the other", () => {
  const step = { op: "Sometimes", p: 0.5, steps: [{ op: "Flipud" }], otherwise: [{ op: "Fliplr" }] };
  expect(new Set(samples.map((sample) => ops([step], sample).join()))).toEqual(new Set(["Flipud", "Fliplr"]));
});

test("a step draws the same whatever stands before it", () => {
  const rotate = { op: "Rotate" };
  const paramsOf = (steps: readonly Step[]): unknown =>
    pipeline({ version: 1, steps }).run(scene, { sample: 4 }).record.applied.at(-1)?.params;
  expect(paramsOf([{ op: "Fliplr", probability: 0 }, rotate])).toEqual(paramsOf([{ op: "GaussianBlur" }, rotate]));
});

test("exact resamples consecutive maps once, opencv4 each by itself", () => {
  const image: Image = sampleImage(64, 64, 1, "float32");
  const steps = [
    { op: "Rotate", degrees: 20 },
    { op: "Rotate", degrees: -20 },
  ];
  const middle = (profile: "exact" | "opencv4"): number => {
    const { data } = pipeline({ version: 1, profile, steps }).run({ image }, { sample: 0 }).scene.image;
    let worst = 0;
    for (let y = 20; y < 44; y++)
      for (let x = 20; x < 44; x++)
        worst = Math.max(worst, Math.abs((data[y * 64 + x] as number) - (image.data[y * 64 + x] as number)));
    return worst;
  };
  expect(middle("exact")).toBe(0);
  expect(middle("opencv4")).toBeGreaterThan(0.01);
});

test("boxes are cut to the image and dropped by share and area; points and paths follow", () => {
  const steps = [{ op: "Translate", px: { x: 20 } }];
  const boxes = [
    { x1: 0, y1: 0, x2: 10, y2: 10, tag: "inside" },
    { x1: 8, y1: 0, x2: 18, y2: 10, tag: "half" },
    { x1: 12, y1: 0, x2: 22, y2: 10, tag: "sliver" },
    { x1: 25, y1: 0, x2: 30, y2: 10, tag: "gone" },
  ];
  const input = {
    image: sampleImage(33, 21, 1),
    boxes,
    keypoints: [{ x: 20, y: 5 }],
    polygons: [
      {
        points: [
          [0, 0],
          [30, 0],
          [30, 9],
          [0, 9],
        ] as const,
      },
    ],
    lineStrings: [
      {
        points: [
          [0, 5],
          [30, 5],
        ] as const,
      },
    ],
  };
  const run = (visibility: PipelineSpec["visibility"]) =>
    pipeline({ version: 1, steps, ...(visibility && { visibility }) }).run(input, { sample: 0 }).scene;
  expect(run(undefined).boxes?.length).toBe(4);
  const kept = run({ boxes: { minShare: 0.3, minArea: 20 }, dropKeypoints: true, clipPaths: true });
  expect(kept.boxes).toEqual([
    { x1: 20, y1: 0, x2: 30, y2: 10, tag: "inside" },
    { x1: 28, y1: 0, x2: 33, y2: 10, tag: "half" },
  ]);
  expect(run({ boxes: {} }).boxes?.map(({ tag }) => tag)).toEqual(["inside", "half", "sliver"]);
  expect(run(undefined).keypoints).toEqual([{ x: 40, y: 5, visible: false }]);
  expect(kept.keypoints).toEqual([]);
  expect(kept.polygons?.[0]?.points.toSorted()).toEqual([
    [20, 0],
    [20, 9],
    [33, 0],
    [33, 9],
  ]);
  expect(kept.lineStrings).toEqual([
    {
      points: [
        [20, 5],
        [33, 5],
      ],
    },
  ]);
});

test("frames of a video get the parameters of the first", () => {
  const image = sampleImage(24, 18, 3);
  const steps = [{ op: "Affine" }, { op: "GaussianBlur" }, { op: "RandomCrop", width: 9, height: 9 }];
  const { scene: result } = pipeline({ version: 1, steps }).run({ image, frames: [image, image] }, { sample: 2 });
  expect(result.frames?.map(({ data }) => data)).toEqual([result.image.data, result.image.data]);
});

test("rotated boxes turn with the image", () => {
  const rotatedBoxes = [{ x: 20, y: 10, width: 8, height: 4, angle: 15 }];
  const { scene: result } = pipeline({ version: 1, steps: [{ op: "Rot90", turns: 1 }] }).run(
    { image: sampleImage(40, 30, 1), rotatedBoxes },
    { sample: 0 },
  );
  const [box] = result.rotatedBoxes ?? [];
  expect(box?.angle).toBeCloseTo(105, 9);
  expect([box?.x, box?.y, box?.width, box?.height].map((value) => Math.round((value as number) * 1e9) / 1e9)).toEqual([
    20, 20, 8, 4,
  ]);
});

test.each([
  [[{ op: "Flipup" }], 'steps[0] ("Flipup")', 'did you mean "Flipud"?'],
  [[{ op: "Flipud", x: 1 }], 'steps[0] ("Flipud")', 'Unrecognized key: "x"'],
  [[{ op: "Rotate", degrees: [5, 1] }], 'steps[0] ("Rotate")', "degrees"],
  [[{ op: "OneOf", steps: [{ op: "Blurr" }] }], 'steps[0] ("OneOf").steps[0]', "unknown name"],
  [[{ op: "OneOf", steps: three, weights: [1] }], "got 1 weights", "needs 3"],
  [["Flipud"], "steps[0]", "an object"],
  [[{ op: "Flipud", probability: 2 }], "probability", "<=1"],
] as const)("%j is refused", (steps, ...parts) => {
  const make = (): unknown => pipeline({ version: 1, steps: steps as unknown as Step[] });
  for (const part of parts) expect(make).toThrow(part);
});

test("a record of another version is refused", () => {
  const { record } = pipeline({ version: 1, steps: [{ op: "Flipud" }] }).run(scene, { sample: 0 });
  const old = { ...record, applied: [{ op: "Flipud@0", params: {} }] };
  expect(() => replay(scene, old)).toThrow("this is version 1");
  expect(() => replay(scene, { ...record, applied: [{ op: "Nothing@1", params: {} }] })).toThrow("no such transform");
});
