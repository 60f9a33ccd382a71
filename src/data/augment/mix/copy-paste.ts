import { z } from "zod";
import { explain, ShapeError } from "../../../base/errors.ts";
import { RandomStream } from "../../../base/random.ts";
import { withData } from "../pixels.ts";
import type { Box, Mask, Scene, Transform } from "../transform.ts";
import { requireAlike } from "./_blend.ts";
import { areaOf, copyMask, overlap } from "./_rectangle.ts";

interface Config {
  readonly probability: number;
  readonly minVisible: number;
}

interface Params {
  readonly probability: number;
  readonly minVisible: number;
  readonly seed: number;
}

function needMask(): never {
  throw new ShapeError(
    explain({
      api: "CopyPaste",
      action: "paste objects",
      received: "got scenes without masks of one size",
      rule: "the first mask of both scenes says where objects are",
    }),
  );
}

/** Bounding box of each label that is pasted, in pixels of the mask. */
function boxesByLabel({ data, width }: Mask, isPasted: (label: number) => boolean): Map<number, Box> {
  const boxes = new Map<number, { x1: number; y1: number; x2: number; y2: number }>();
  for (let i = 0; i < data.length; i++) {
    const label = data[i] as number;
    if (label <= 0 || !isPasted(label)) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    const box = boxes.get(label);
    if (box === undefined) boxes.set(label, { x1: x, y1: y, x2: x + 1, y2: y + 1 });
    else {
      box.x1 = Math.min(box.x1, x);
      box.x2 = Math.max(box.x2, x + 1);
      box.y2 = y + 1;
    }
  }
  return boxes;
}

/** Intersection over union. */
function likeness(a: Box, b: Box): number {
  const shared = areaOf(overlap(a, b));
  return shared / (areaOf(a) + areaOf(b) - shared || 1);
}

function pasted(scene: Scene, other: Scene, { probability, minVisible, seed }: Params): Scene {
  requireAlike("CopyPaste", scene.image, other.image);
  const [own, foreign] = [scene.masks?.[0], other.masks?.[0]];
  if (
    own === undefined ||
    foreign === undefined ||
    own.data.length !== foreign.data.length ||
    own.width !== foreign.width
  )
    return needMask();
  const stream = new RandomStream(seed, "objects");
  const chosen = new Map<number, boolean>();
  const isPasted = (label: number): boolean => {
    const known = chosen.get(label);
    if (known !== undefined) return known;
    chosen.set(label, stream.uniform(label) < probability);
    return isPasted(label);
  };
  const mask = copyMask(own);
  const image = withData(scene.image, scene.image.data.slice());
  const { width, height, channels } = image;
  const [sx, sy] = [own.width / width, own.height / height];
  const isCovered = new Uint8Array(width * height);
  for (let y = 0, pixel = 0; y < height; y++)
    for (let x = 0; x < width; x++, pixel++) {
      const label = foreign.data[Math.floor((y + 0.5) * sy) * own.width + Math.floor((x + 0.5) * sx)] as number;
      if (label <= 0 || !isPasted(label)) continue;
      isCovered[pixel] = 1;
      for (let i = pixel * channels; i < (pixel + 1) * channels; i++) image.data[i] = other.image.data[i] as number;
    }
  for (let i = 0; i < mask.data.length; i++) {
    const label = foreign.data[i] as number;
    if (label > 0 && isPasted(label)) mask.data[i] = label;
  }
  const hiddenPart = (box: Box): number => {
    let [hidden, all] = [0, 0];
    for (let y = Math.max(Math.floor(box.y1), 0); y < Math.min(box.y2, height); y++)
      for (let x = Math.max(Math.floor(box.x1), 0); x < Math.min(box.x2, width); x++, all++)
        hidden += isCovered[y * width + x] as number;
    return all === 0 ? 1 : hidden / all;
  };
  const added = [...boxesByLabel(foreign, isPasted).values()].map((found): Box => {
    const box = { x1: found.x1 / sx, y1: found.y1 / sy, x2: found.x2 / sx, y2: found.y2 / sy };
    const twin = other.boxes?.reduce<Box | undefined>(
      (best, next) => (likeness(next, box) > (best === undefined ? 0.5 : likeness(best, box)) ? next : best),
      undefined,
    );
    return twin?.tag === undefined ? box : { ...box, tag: twin.tag };
  });
  const kept = scene.boxes?.filter((box) => 1 - hiddenPart(box) >= minVisible) ?? [];
  return {
    ...scene,
    image,
    masks: [mask, ...(scene.masks?.slice(1) ?? [])],
    ...((scene.boxes ?? other.boxes) && { boxes: [...kept, ...added] }),
    ...(scene.keypoints && {
      keypoints: scene.keypoints.map((point) =>
        isCovered[Math.floor(point.y) * width + Math.floor(point.x)] === 1 ? { ...point, visible: false } : point,
      ),
    }),
  };
}

/**
 * Pastes objects of another sample where they stand there: the first mask of each scene gives every object a label above 0, and each label is
 * pasted with `probability`. Its box comes with it, with the tag of the box it matches; boxes of which less than `minVisible` stays are
 * dropped. Labels of classes (`label`), other masks and paths stay those of the scene. Labels of both masks should not clash.
 *
 * @source Ghiasi et al., "Simple Copy-Paste is a Strong Data Augmentation Method for Instance Segmentation", 2021,
 * https://arxiv.org/abs/2012.07177. Differs: no jitter of scale; put a geometric transform before it.
 */
export const CopyPaste: Transform<Config, Params> = {
  name: "CopyPaste",
  version: 1,
  config: z.strictObject({
    probability: z.number().min(0).max(1).default(0.5),
    minVisible: z.number().min(0).max(1).default(0.3),
  }),
  sample: (config, draw) => ({ ...config, seed: draw.seed() }),
  effect: { kind: "mix", others: () => 1, apply: (scene, others, params) => pasted(scene, others[0] as Scene, params) },
};
