/** A drawn landscape with everything a scene may carry, for the gallery and for whoever wants to look at a pipeline without data. */

import { image } from "../image.ts";
import { uniformField } from "./noise/field.ts";
import type { Scene } from "./transform.ts";
import { fractalField, smoothStep } from "./weather/fractal.ts";

type Color = readonly [red: number, green: number, blue: number];

/** Colours and places of one view of the landscape. */
interface View {
  readonly skyTop: Color;
  readonly skyLow: Color;
  readonly far: Color;
  readonly near: Color;
  readonly wall: Color;
  readonly roof: Color;
  readonly balloon: readonly [Color, Color];
  /** Fractions of the width. */
  readonly house: number;
  readonly tree: number;
  readonly balloonAt: readonly [x: number, y: number];
}

const views: readonly View[] = [
  {
    skyTop: [62, 130, 214],
    skyLow: [206, 228, 242],
    far: [96, 140, 150],
    near: [110, 160, 70],
    wall: [240, 226, 200],
    roof: [178, 62, 48],
    balloon: [
      [226, 62, 70],
      [250, 214, 92],
    ],
    house: 0.66,
    tree: 0.2,
    balloonAt: [0.4, 0.25],
  },
  {
    skyTop: [70, 48, 110],
    skyLow: [250, 170, 110],
    far: [110, 76, 110],
    near: [92, 84, 60],
    wall: [214, 170, 150],
    roof: [88, 54, 76],
    balloon: [
      [70, 170, 190],
      [244, 240, 220],
    ],
    house: 0.3,
    tree: 0.72,
    balloonAt: [0.68, 0.3],
  },
  {
    skyTop: [150, 170, 190],
    skyLow: [232, 238, 242],
    far: [170, 188, 204],
    near: [236, 240, 246],
    wall: [150, 96, 70],
    roof: [246, 248, 252],
    balloon: [
      [90, 80, 170],
      [240, 150, 60],
    ],
    house: 0.5,
    tree: 0.82,
    balloonAt: [0.2, 0.3],
  },
  {
    skyTop: [40, 110, 120],
    skyLow: [190, 226, 200],
    far: [70, 120, 100],
    near: [190, 160, 70],
    wall: [226, 232, 236],
    roof: [40, 84, 130],
    balloon: [
      [240, 120, 160],
      [255, 250, 240],
    ],
    house: 0.74,
    tree: 0.18,
    balloonAt: [0.5, 0.26],
  },
];

/** Pixels that are painted one shape over another; shapes are functions of place, 1 inside and 0 outside, with soft edges. */
class Painting {
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;
  readonly #width: number;
  readonly #height: number;

  constructor(width: number, height: number) {
    this.pixels = new Float32Array(width * height * 3);
    this.labels = new Uint8Array(width * height);
    this.#width = width;
    this.#height = height;
  }

  paint(shape: (x: number, y: number) => number, color: (x: number, y: number) => Color, label?: number): void {
    for (let y = 0, pixel = 0; y < this.#height; y++)
      for (let x = 0; x < this.#width; x++, pixel++) {
        const cover = Math.min(Math.max(shape(x + 0.5, y + 0.5), 0), 1);
        if (cover === 0) continue;
        const own = color(x + 0.5, y + 0.5);
        for (let k = 0; k < 3; k++) {
          const i = pixel * 3 + k;
          this.pixels[i] = (this.pixels[i] as number) * (1 - cover) + (own[k] as number) * cover;
        }
        if (label !== undefined && cover > 0.5) this.labels[pixel] = label;
      }
  }
}

const mix = (a: Color, b: Color, t: number): Color => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];
const shade = (color: Color, factor: number): Color => [color[0] * factor, color[1] * factor, color[2] * factor];

/** Inside of a rectangle, with edges one pixel soft. */
const rectangle =
  (x1: number, y1: number, x2: number, y2: number) =>
  (x: number, y: number): number =>
    Math.min(x - x1, x2 - x, y - y1, y2 - y) + 0.5;

const ellipse =
  (cx: number, cy: number, rx: number, ry: number) =>
  (x: number, y: number): number =>
    (1 - Math.hypot((x - cx) / rx, (y - cy) / ry)) * Math.min(rx, ry) + 0.5;

/** What stands where, in pixels. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly house: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly tree: { readonly x: number; readonly y: number; readonly r: number };
  readonly balloon: { readonly x: number; readonly y: number; readonly r: number };
}

function paintLand(painting: Painting, view: View, { width, height }: Layout, number: number): void {
  const clouds = fractalField(40 + number, width, height, { cell: height / 2.2, octaves: 5, persistence: 0.5 });
  const grain = uniformField(90 + number, width * height);
  const at = (field: Float32Array, x: number, y: number): number =>
    field[Math.floor(y) * width + Math.floor(x)] as number;
  painting.paint(
    () => 1,
    (x, y) => {
      const sky = mix(view.skyTop, view.skyLow, Math.min(y / (0.62 * height), 1));
      return mix(sky, [255, 255, 255], 0.75 * smoothStep(0.5, 0.72, at(clouds, x, y)) * (1 - y / height));
    },
  );
  const ridge = (x: number): number =>
    height * (0.6 - 0.07 * Math.sin(5.2 * (x / width) + number) - 0.035 * Math.sin(13 * (x / width) + 2 * number));
  const meadow = (x: number): number => height * (0.74 - 0.035 * Math.sin(4 * (x / width) + 1 + number));
  painting.paint(
    (x, y) => y - ridge(x),
    (x, y) => shade(view.far, 1.05 - 0.25 * ((y - ridge(x)) / height) + 0.06 * (at(grain, x, y) - 0.5)),
  );
  painting.paint(
    (x, y) => y - meadow(x),
    (x, y) => shade(view.near, 1.1 - 0.9 * ((y - meadow(x)) / height) + 0.16 * (at(grain, x, y) - 0.5)),
  );
}

function paintHouse(painting: Painting, view: View, { house: { x, y, w, h } }: Layout): void {
  const [wallTop, middle] = [y + 0.42 * h, x + w / 2];
  painting.paint(
    rectangle(x, wallTop, x + w, y + h),
    (px, py) => shade(view.wall, 1 - 0.14 * ((px - x) / w) - (Math.floor((py - wallTop) / 4) % 2 === 0 ? 0.04 : 0)),
    1,
  );
  painting.paint(
    (px, py) => {
      const half = (0.58 * w * (py - y)) / (0.42 * h);
      return Math.min(half - Math.abs(px - middle), wallTop - py, py - y) + 0.5;
    },
    (px, py) => shade(view.roof, (Math.floor((py - y) / 3) % 2 === 0 ? 1 : 0.88) - 0.1 * (px > middle ? 1 : 0)),
    1,
  );
  painting.paint(rectangle(middle - 0.09 * w, y + 0.68 * h, middle + 0.09 * w, y + h), () => [92, 62, 44], 1);
  for (const side of [-1, 1])
    painting.paint(
      rectangle(middle + side * 0.3 * w - 0.09 * w, y + 0.56 * h, middle + side * 0.3 * w + 0.09 * w, y + 0.74 * h),
      (px, py) => ((px + py) % 9 < 4 ? [140, 190, 220] : [110, 160, 200]),
      1,
    );
}

function paintTree(painting: Painting, view: View, { tree: { x, y, r } }: Layout, number: number): void {
  const leaves = fractalField(7 + number, 64, 64, { cell: 10, octaves: 2, persistence: 0.6 });
  painting.paint(rectangle(x - 0.12 * r, y, x + 0.12 * r, y + 2 * r), () => [98, 70, 46], 2);
  const green = mix([58, 120, 52], view.near, 0.25);
  for (const [dx, dy, size] of [
    [-0.45, 0.15, 0.75],
    [0.45, 0.15, 0.75],
    [0, -0.35, 0.9],
  ] as const)
    painting.paint(
      ellipse(x + dx * r, y + dy * r, size * r, size * r),
      (px, py) => {
        const leaf = leaves[(Math.floor(py) % 64) * 64 + (Math.floor(px) % 64)] as number;
        return shade(green, 0.7 + 0.6 * leaf - (0.18 * (py - y)) / r);
      },
      2,
    );
}

function paintBalloon(painting: Painting, view: View, { balloon: { x, y, r } }: Layout): void {
  for (const side of [-0.22, 0.22])
    painting.paint(rectangle(x + side * r - 0.5, y + 0.7 * r, x + side * r + 0.5, y + 1.75 * r), () => [70, 60, 50], 3);
  painting.paint(rectangle(x - 0.26 * r, y + 1.6 * r, x + 0.26 * r, y + 1.98 * r), () => [128, 86, 48], 3);
  painting.paint(
    (px, py) => {
      const narrow = py > y ? Math.max(1 - 0.55 * ((py - y) / (1.25 * r)) ** 2, 0.3) : 1;
      return ellipse(x, y, r * narrow, py > y ? 1.25 * r : r)(px, py);
    },
    (px, py) => {
      const around = Math.asin(Math.min(Math.max((px - x) / r, -1), 1));
      const stripe = Math.floor((around / Math.PI + 0.5) * 7) % 2;
      return shade(view.balloon[stripe] as Color, 1.08 - 0.3 * ((px - x) / r) ** 2 - (0.16 * (py - y)) / r);
    },
    3,
  );
}

/**
 * Draws the landscape: a house, a tree and a balloon with boxes, keypoints, a mask of objects, an outline and a label of four classes.
 *
 * @param number - Which of four views, 0 to 3.
 * @param width - Of the image [pixels].
 * @param height - Of the image [pixels].
 * @param drift - How far the balloon has moved to the right [fraction of the width]: frames of a video.
 * @returns The scene.
 */
export function galleryPicture(number: number, width = 288, height = 216, drift = 0): Scene {
  const view = views[number % views.length] as View;
  const layout: Layout = {
    width,
    height,
    house: { x: (view.house - 0.14) * width, y: 0.5 * height, w: 0.28 * width, h: 0.36 * height },
    tree: { x: view.tree * width, y: 0.66 * height, r: 0.11 * height },
    balloon: { x: (view.balloonAt[0] + drift) * width, y: view.balloonAt[1] * height, r: 0.14 * height },
  };
  const painting = new Painting(width, height);
  paintLand(painting, view, layout, number);
  paintHouse(painting, view, layout);
  paintTree(painting, view, layout, number);
  paintBalloon(painting, view, layout);
  const { house, tree, balloon } = layout;
  const pixels = new Uint8ClampedArray(painting.pixels);
  return {
    image: image(new Uint8Array(pixels.buffer), width, height, 3),
    masks: [{ data: painting.labels, width, height }],
    boxes: [
      {
        x1: house.x - 0.02 * width,
        y1: house.y,
        x2: house.x + house.w + 0.02 * width,
        y2: house.y + house.h,
        tag: "house",
      },
      {
        x1: tree.x - 1.25 * tree.r,
        y1: tree.y - 1.3 * tree.r,
        x2: tree.x + 1.25 * tree.r,
        y2: tree.y + 2 * tree.r,
        tag: "tree",
      },
      {
        x1: balloon.x - balloon.r,
        y1: balloon.y - balloon.r,
        x2: balloon.x + balloon.r,
        y2: balloon.y + 2 * balloon.r,
        tag: "balloon",
      },
    ],
    keypoints: [
      { x: house.x + house.w / 2, y: house.y, tag: "gable" },
      { x: tree.x, y: tree.y - 1.25 * tree.r, tag: "treetop" },
      { x: balloon.x, y: balloon.y - balloon.r, tag: "crown" },
      { x: balloon.x, y: balloon.y + 1.8 * balloon.r, tag: "basket" },
    ],
    polygons: [
      {
        points: [
          [house.x - 0.08 * house.w, house.y + 0.42 * house.h],
          [house.x + house.w / 2, house.y],
          [house.x + 1.08 * house.w, house.y + 0.42 * house.h],
        ],
        tag: "roof",
      },
    ],
    label: Float32Array.from({ length: views.length }, (_, i) => (i === number % views.length ? 1 : 0)),
  };
}
