import { describe, expect, test } from "vitest";
import { type Image, image } from "../image.ts";
import { gallery, gallerySounds, gallerySpectrograms, galleryTexts } from "./gallery.ts";
import { galleryGroups } from "./gallery-examples.ts";
import { galleryPicture } from "./gallery-picture.ts";
import { replay } from "./pipeline.ts";
import { transformCases } from "./transforms.cases.ts";
import * as transforms from "./transforms.ts";

const entries = gallery();
const names = Object.keys(transforms);

test("there are at least sixty transforms, each with a row in the table and shown in the gallery", () => {
  expect(names.length).toBeGreaterThanOrEqual(60);
  expect(entries.map(({ name }) => name).sort()).toEqual([...names].sort());
  const rows = new Set(transformCases.map(({ op }) => op));
  expect(names.filter((name) => !rows.has(name))).toEqual([]);
});

test("every transform does something to its picture", () => {
  const same = entries.filter(({ before, after }) => {
    const [from = [], to = []] = [before, after].map((scene) => [scene.image, ...(scene.frames ?? [])]);
    const isSame = (one: Image, other: Image | undefined): boolean =>
      one.width === other?.width && one.data.every((value, i) => value === other.data[i]);
    return from.length === to.length && from.every((frame, i) => isSame(frame, to[i]));
  });
  expect(same.map(({ name }) => name)).toEqual([]);
});

test("entries stand in the order of their groups", () => {
  const order = entries.map(({ group }) => galleryGroups.indexOf(group));
  expect(order).toEqual([...order].sort((a, b) => a - b));
});

test("the parameters of an entry give its picture again", () => {
  for (const name of ["Rotate", "Rain", "AugMix", "GaussianNoise"]) {
    const entry = entries.find((one) => one.name === name);
    const applied = [{ op: `${name}@1`, params: JSON.parse(JSON.stringify(entry?.params)) as unknown }];
    expect(replay(galleryPicture(0), { version: 1, profile: "exact", applied })).toEqual(entry?.after);
  }
});

test("shows an image of the user's, whatever its size", () => {
  const own = image(new Uint8Array(31 * 57 * 3).fill(90), 31, 57, 3);
  const shown = gallery(own);
  expect(shown.length).toBe(names.length);
  expect(shown.find(({ name }) => name === "Invert")?.after.image.data[0]).toBe(165);
});

describe("galleryPicture", () => {
  test("draws four different views with targets inside of them", () => {
    const views = [0, 1, 2, 3].map((number) => galleryPicture(number, 96, 72));
    expect(new Set(views.map(({ image: { data } }) => data.join())).size).toBe(4);
    for (const { boxes, keypoints, masks } of views) {
      for (const { x1, y1, x2, y2 } of boxes ?? []) expect(x1 >= 0 && y1 >= 0 && x2 <= 96 && y2 <= 72).toBe(true);
      expect(keypoints?.length).toBe(4);
      expect([...new Set(masks?.[0]?.data)].sort()).toEqual([0, 1, 2, 3]);
    }
  });
});

test("text, sound and spectrograms are shown too", () => {
  for (const { before, after } of galleryTexts()) expect(after).not.toBe(before);
  for (const { before, after } of gallerySounds()) expect(after.samples).not.toEqual(before.samples);
  for (const { before, after } of gallerySpectrograms()) expect(after.data).not.toEqual(before.data);
});
