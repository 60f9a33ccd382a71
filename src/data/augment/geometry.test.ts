/** Pixels and coordinates agree: what is drawn moves where the points, boxes and masks say. */

import { describe, expect, test } from "vitest";
import type { Image } from "../image.ts";
import { pipeline } from "./pipeline.ts";
import type { Mask, Scene } from "./transform.ts";
import { geometryCases } from "./transforms.geometry.cases.ts";

const [width, height] = [96, 80];

/** A round spot of values up to 1. */
function spot(x: number, y: number, scale: number): Image<Float32Array> {
  const [columns, rows] = [width * scale, height * scale];
  const data = Float32Array.from({ length: columns * rows }, (_, i) => {
    const [dx, dy] = [(i % columns) + 0.5 - x * scale, Math.floor(i / columns) + 0.5 - y * scale];
    return Math.exp(-(dx * dx + dy * dy) / (2 * (1.5 * scale) ** 2));
  });
  return { data, width: columns, height: rows, channels: 1 };
}

/** Centre of the values [pixels], or undefined where the spot is cut off or gone. */
function centroid({ data, width: columns, height: rows }: Image): readonly [number, number] | undefined {
  let [sum, x, y, atEdge] = [0, 0, 0, 0];
  for (const [i, value] of data.entries()) {
    const [u, v] = [i % columns, Math.floor(i / columns)];
    sum += value;
    x += value * (u + 0.5);
    y += value * (v + 0.5);
    if (u === 0 || v === 0 || u === columns - 1 || v === rows - 1) atEdge = Math.max(atEdge, value);
  }
  return atEdge > 0.005 || sum < 1 ? undefined : [x / sum, y / sum];
}

/** Bounds of what is marked. */
function boundsOf({ data, width: columns }: Mask): readonly number[] {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [i, value] of data.entries()) {
    if (value === 0) continue;
    const [u, v] = [i % columns, Math.floor(i / columns)];
    [x1, y1, x2, y2] = [Math.min(x1, u), Math.min(y1, v), Math.max(x2, u + 1), Math.max(y2, v + 1)];
  }
  return [x1, y1, x2, y2];
}

function filledMask(x1: number, y1: number, x2: number, y2: number): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x >= x1 && x < x2 && y >= y1 && y < y2 ? 1 : 0;
  });
  return { data, width, height };
}

describe.each(
  geometryCases.map(({ op, config = {} }) => [`${op} ${JSON.stringify(config)}`, { op, ...config }] as const),
)("%s", (_, step) => {
  // A border that repeats the picture would show the spot twice.
  const { run } = pipeline({ version: 1, steps: [step.op === "Affine" ? { ...step, border: "constant" } : step] });

  test.each(["exact", "opencv4"] as const)("a spot moves with its keypoint (%s)", (profile) => {
    const augment = pipeline({
      version: 1,
      profile,
      steps: [step.op === "Affine" ? { ...step, border: "constant" } : step],
    });
    let seen = 0;
    for (let sample = 0; sample < 12; sample++) {
      const [x, y] = [48 + 3 * (sample % 5) - 6, 40 + 4 * (sample % 3) - 4];
      const scene: Scene = {
        image: spot(x, y, 1),
        heatmaps: [spot(x, y, 0.5)],
        keypoints: [{ x, y }],
        boxes: [{ x1: x - 9, y1: y - 9, x2: x + 9, y2: y + 9 }],
      };
      const result = augment.run(scene, { sample }).scene;
      const [keypoint] = result.keypoints ?? [];
      const centre = centroid(result.image);
      if (keypoint === undefined || centre === undefined) continue;
      seen++;
      // Where the map bends or narrows across the spot, its centre of mass moves a little.
      expect(Math.hypot(centre[0] - keypoint.x, centre[1] - keypoint.y)).toBeLessThan(0.5);
      const [heatmap] = result.heatmaps ?? [];
      const half = heatmap && centroid(heatmap);
      if (heatmap === undefined || half === undefined) continue;
      const [scaleX, scaleY] = [result.image.width / heatmap.width, result.image.height / heatmap.height];
      expect(Math.hypot(half[0] * scaleX - keypoint.x, half[1] * scaleY - keypoint.y)).toBeLessThan(0.8);
    }
    expect(seen).toBeGreaterThan(0);
  });

  test("a filled mask stays in its box, and fills it", () => {
    for (let sample = 0; sample < 8; sample++) {
      const box = { x1: 36, y1: 30, x2: 61, y2: 47 };
      const scene: Scene = { image: spot(48, 40, 1), masks: [filledMask(36, 30, 61, 47)], boxes: [box] };
      const { image, masks = [], boxes = [] } = run(scene, { sample }).scene;
      const moved = boxes[0] as typeof box;
      if (moved.x1 < 0 || moved.y1 < 0 || moved.x2 > image.width || moved.y2 > image.height) continue;
      const bounds = boundsOf(masks[0] as Mask);
      const expected = [moved.x1, moved.y1, moved.x2, moved.y2];
      for (const [k, edge] of bounds.entries())
        expect(
          Math.abs(edge - (expected[k] as number)),
          `${bounds.join()} against ${expected.join()}`,
        ).toBeLessThanOrEqual(toleranceOf(image.width / width, image.height / height));
    }
  });
});

/** A pixel of the output, or of the input where that one is larger. */
function toleranceOf(scaleX: number, scaleY: number): number {
  return 1.25 * Math.max(1, scaleX, scaleY);
}

test.each([
  ["Fliplr", 2],
  ["Flipud", 2],
  ["Transpose", 2],
  ["Rot90", 4],
] as const)("%s %i times leaves everything as it was", (op, times) => {
  const step = op === "Rot90" ? { op, turns: 1 } : { op };
  for (const profile of ["exact", "opencv4"] as const) {
    const { run } = pipeline({ version: 1, profile, steps: Array.from({ length: times }, () => step) });
    const scene: Scene = {
      image: spot(20, 31, 1),
      keypoints: [{ x: 20, y: 31 }],
      boxes: [{ x1: 3, y1: 4, x2: 15, y2: 40 }],
      masks: [filledMask(1, 2, 30, 40)],
    };
    expect(run(scene, { sample: 0 }).scene).toEqual(scene);
  }
});
