import { describe, expect, test } from "vitest";
import { type Image, image } from "../../image.ts";
import { pipeline } from "../pipeline.ts";
import type { Scene } from "../transform.ts";

const frame = (value: number): Image => image(new Uint8Array(12).fill(value), 2, 2, 3);
const clip: Scene = { image: frame(0), frames: Array.from({ length: 9 }, (_, i) => frame(i + 1)) };
const play = (op: string, options: object = {}, scene = clip, sample = 0): number[] => {
  const played = pipeline({ version: 1, seed: 1, steps: [{ op, ...options }] }).run(scene, { sample }).scene;
  return [played.image, ...(played.frames ?? [])].map(({ data }) => data[0] as number);
};

test("ReverseTime plays backwards", () => expect(play("ReverseTime")).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]));

test("SpeedChange skips and repeats", () => {
  expect(play("SpeedChange", { factor: 2 })).toEqual([0, 2, 4, 6, 8]);
  expect(play("SpeedChange", { factor: 0.5 })).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]);
  expect(play("SpeedChange", { factor: 100 })).toEqual([0]);
});

test("TemporalCrop keeps a stretch, anywhere", () => {
  const starts = new Set<number>();
  for (let sample = 0; sample < 100; sample++) {
    const [first = -1, ...rest] = play("TemporalCrop", { length: 0.3 }, clip, sample);
    expect(rest).toEqual([first + 1, first + 2]);
    starts.add(first);
  }
  expect([...starts].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

describe("FrameDrop", () => {
  test("repeats the frame before, or shortens the clip", () => {
    for (let sample = 0; sample < 20; sample++) {
      const frozen = play("FrameDrop", { fraction: 0.5 }, clip, sample);
      expect(frozen.length).toBe(10);
      expect(frozen.every((value, i) => value === i || value === frozen[i - 1])).toBe(true);
      const kept = frozen.filter((value, i) => value === i);
      expect(play("FrameDrop", { fraction: 0.5, repeat: false }, clip, sample)).toEqual(kept);
    }
  });

  test("never drops the first frame", () => {
    expect(play("FrameDrop", { fraction: 1 })).toEqual(Array(10).fill(0));
    expect(play("FrameDrop", { fraction: 1, repeat: false })).toEqual([0]);
  });
});

test("single images stay as they are", () => {
  for (const op of ["FrameDrop", "ReverseTime", "SpeedChange", "TemporalCrop"])
    expect(play(op, {}, { image: frame(5) })).toEqual([5]);
});

test("what changes pixels does the same to each frame", () => {
  const still: Scene = { image: frame(100), frames: [frame(100), frame(100)] };
  for (const op of ["GaussianNoise", "ColorJitter", "Rain", "Cutout", "RandAugment"]) {
    const shown = pipeline({ version: 1, seed: 1, steps: [{ op }] }).run(still, { sample: 0 }).scene;
    for (const { data } of shown.frames ?? []) expect(data).toEqual(shown.image.data);
  }
});
