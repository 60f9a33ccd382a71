import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../base/errors.ts";
import { image } from "../../image.ts";
import { applyTransform } from "../apply-transform.ts";
import { drawOf } from "../draw.ts";
import type { Scene } from "../transform.ts";
import { drawBeta, drawDirichlet } from "./beta.ts";
import { CopyPaste } from "./copy-paste.ts";
import { CutMix } from "./cut-mix.ts";
import { MixUp } from "./mix-up.ts";
import { Mosaic } from "./mosaic.ts";

const [width, height] = [12, 8];

/** A scene of one colour, label and mask value. */
function plain(value: number, which: number): Scene {
  return {
    image: image(new Uint8Array(width * height).fill(value), width, height, 1),
    masks: [{ data: new Uint8Array((width * height) / 4).fill(which + 1), width: width / 2, height: height / 2 }],
    boxes: [{ x1: 1, y1: 1, x2: 5, y2: 5, tag: which }],
    keypoints: [{ x: 2, y: 2, tag: which }],
    label: Float32Array.of(which === 0 ? 1 : 0, which === 0 ? 0 : 1),
  };
}

const [first, second] = [plain(100, 0), plain(200, 1)];

describe("MixUp", () => {
  test("blends pixels and labels by the weight and keeps the targets of both", () => {
    const mixed = applyTransform(first, MixUp, { weight: 0.75 }, [second]);
    expect(new Set(mixed.image.data)).toEqual(new Set([125]));
    expect(mixed.label).toEqual(Float32Array.of(0.75, 0.25));
    expect(mixed.boxes?.map(({ tag }) => tag)).toEqual([0, 1]);
    expect(mixed.masks).toEqual(first.masks);
    expect(applyTransform(first, MixUp, { weight: 0.25 }, [second]).masks).toEqual(second.masks);
  });

  test("refuses images of other sizes, and labels on one side only", () => {
    const wide = { ...second, image: image(new Uint8Array(2 * width * height), 2 * width, height, 1) };
    expect(() => applyTransform(first, MixUp, { weight: 0.5 }, [wide])).toThrow(ShapeError);
    const { label: _, ...bare } = second;
    expect(() => applyTransform(first, MixUp, { weight: 0.5 }, [bare])).toThrow("labels of one length, or none");
    expect(applyTransform(bare, MixUp, { weight: 0.5 }, [bare]).label).toBeUndefined();
  });
});

describe("CutMix", () => {
  const params = { rectangle: { x1: 4, y1: 2, x2: 10, y2: 6 }, minVisible: 0.3 };
  const mixed = applyTransform(first, CutMix, params, [second]);

  test("pastes the rectangle into image and mask, and weights labels by area", () => {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        expect(mixed.image.data[y * width + x]).toBe(x >= 4 && x < 10 && y >= 2 && y < 6 ? 200 : 100);
    expect(mixed.masks?.[0]?.data.filter((label) => label === 2).length).toBe(3 * 2);
    expect(mixed.label).toEqual(Float32Array.of(0.75, 0.25));
    expect(first.masks?.[0]?.data.includes(2)).toBe(false);
  });

  test("drops what is hidden or outside", () => {
    // Of the first box 13 of 16 pixels stay; of the second 3 of 16 are seen.
    expect(mixed.boxes).toEqual(first.boxes);
    const low = applyTransform(first, CutMix, { ...params, minVisible: 0.1 }, [second]);
    expect(low.boxes?.at(-1)).toEqual({ x1: 4, y1: 2, x2: 5, y2: 5, tag: 1 });
    const all = { rectangle: { x1: 0, y1: 0, x2: width, y2: height }, minVisible: 0 };
    const gone = applyTransform(first, CutMix, all, [second]);
    expect(gone.boxes).toEqual(second.boxes);
    expect(gone.keypoints).toEqual([
      { x: 2, y: 2, tag: 0, visible: false },
      { x: 2, y: 2, tag: 1 },
    ]);
    expect(gone.label).toEqual(second.label);
  });

  test("draws rectangles whose mean area is a half with alpha 1, before they are cut", () => {
    const areas = Array.from({ length: 400 }, (_, sample) => {
      const { rectangle } = CutMix.sample(CutMix.config.parse({}), drawOf({ seed: 2, epoch: 0, sample }), {
        width: 1000,
        height: 1000,
        channels: 3,
      });
      return ((rectangle.x2 - rectangle.x1) * (rectangle.y2 - rectangle.y1)) / 1e6;
    });
    const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
    expect(mean).toBeGreaterThan(0.25);
    expect(mean).toBeLessThan(0.42);
  });
});

describe("Mosaic", () => {
  test("puts four corners around the point, with their boxes", () => {
    const scenes = [plain(10, 0), plain(20, 1), plain(30, 1), plain(40, 1)];
    const mixed = applyTransform(scenes[0] as Scene, Mosaic, { x: 8, y: 4, fill: 0, minVisible: 0.2 }, scenes.slice(1));
    const at = (x: number, y: number): number => mixed.image.data[y * width + x] as number;
    expect([at(0, 0), at(11, 0), at(0, 7), at(11, 7)]).toEqual([10, 20, 30, 40]);
    // The upper left image ends at the point: it is moved by (−4, −4); of the lower right one the box starts at (9, 5).
    expect(mixed.boxes?.at(-1)).toEqual({ x1: 9, y1: 5, x2: 12, y2: 8, tag: 1 });
    expect(mixed.boxes?.every((box) => box.x1 >= 0 && box.y1 >= 0 && box.x2 <= width && box.y2 <= height)).toBe(true);
    const areas = Float32Array.of((8 * 4) / 96, (4 * 4 + 8 * 4 + 4 * 4) / 96);
    for (const i of [0, 1]) expect(mixed.label?.[i]).toBeCloseTo(areas[i] as number, 6);
  });

  test("fills what smaller images leave free", () => {
    const small: Scene = { image: image(new Uint8Array(4).fill(9), 2, 2, 1) };
    const bare: Scene = { image: first.image };
    const { data } = applyTransform(bare, Mosaic, { x: 6, y: 4, fill: 1, minVisible: 0 }, [small, small, small]).image;
    expect(data.filter((value) => value === 9).length).toBe(12);
    expect(data.filter((value) => value === 255).length).toBe(96 - 24 - 12);
  });
});

describe("CopyPaste", () => {
  const mask = new Uint8Array(width * height);
  for (let y = 2; y < 6; y++) mask.fill(7, y * width + 3, y * width + 9);
  const source: Scene = {
    image: second.image,
    masks: [{ data: mask, width, height }],
    boxes: [{ x1: 3, y1: 2, x2: 9, y2: 6, tag: "cat" }],
  };
  const target: Scene = {
    image: first.image,
    masks: [{ data: new Uint8Array(width * height).fill(3), width, height }],
    boxes: [
      { x1: 4, y1: 3, x2: 6, y2: 5, tag: "hidden" },
      { x1: 0, y1: 0, x2: 12, y2: 8, tag: "large" },
    ],
    keypoints: [{ x: 5, y: 4 }],
  };

  test("pastes pixels, mask and box of an object, and hides what is below", () => {
    const pasted = applyTransform(target, CopyPaste, { probability: 1, minVisible: 0.3, seed: 1 }, [source]);
    expect(pasted.image.data.filter((value) => value === 200).length).toBe(24);
    expect(pasted.masks?.[0]?.data.filter((label) => label === 7).length).toBe(24);
    expect(pasted.boxes?.map(({ tag }) => tag)).toEqual(["large", "cat"]);
    expect(pasted.keypoints).toEqual([{ x: 5, y: 4, visible: false }]);
  });

  test("does nothing with probability 0, and refuses scenes without masks", () => {
    const same = applyTransform(target, CopyPaste, { probability: 0, minVisible: 0.3, seed: 1 }, [source]);
    expect(same).toEqual(target);
    const { masks: _, ...bare } = source;
    const params = { probability: 1, minVisible: 0, seed: 1 };
    expect(() => applyTransform(target, CopyPaste, params, [bare])).toThrow("says where objects are");
  });
});

describe("drawBeta and drawDirichlet", () => {
  const draws = Array.from({ length: 3000 }, (_, sample) => drawOf({ seed: 4, epoch: 0, sample }));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  test.each([0.2, 1, 5])("have the moments of alpha %d", (alpha) => {
    const values = draws.map((draw) => drawBeta(alpha, draw.child(String(alpha))));
    expect(mean(values)).toBeCloseTo(0.5, 1);
    // The variance of a beta variate with two equal parameters.
    const variance = mean(values.map((value) => (value - 0.5) ** 2));
    expect(Math.abs(variance * 4 * (2 * alpha + 1) - 1)).toBeLessThan(0.12);
  });

  test("proportions add up to 1, even for alphas that underflow", () => {
    for (const alpha of [1e-5, 0.3, 40])
      for (const draw of draws.slice(0, 50))
        expect(drawDirichlet(alpha, 4, draw).reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 9);
  });
});
