/** Applies transforms with concrete parameters to a scene, one after another, and resamples as rarely as it can. */

import { explain, ShapeError } from "../../base/errors.ts";
import type { PixelArray } from "../image.ts";
import { recycle } from "./_recycled.ts";
import { fieldMove } from "./field-move.ts";
import { typeCode } from "./image-kernel.ts";
import type { Projection } from "./lossless.ts";
import { symmetryOf } from "./lossless.ts";
import { compose } from "./matrix.ts";
import { matrixMove } from "./matrix-move.ts";
import { moveScene } from "./move-scene.ts";
import type { Profile } from "./resample.ts";
import type { Effect, Frame, MatrixEffect, Scene, Transform } from "./transform.ts";

/** A scene being transformed. Matrices wait until something needs pixels. */
export class Canvas {
  #scene: Scene;
  readonly #profile: Profile;
  readonly #finishStep: (scene: Scene) => Scene;
  #waiting: Projection | undefined;
  #frame: Frame;
  /** Whether the pixels were made here, so that nobody else has them. */
  #isOwn = false;

  constructor(scene: Scene, profile: Profile, finishStep: (scene: Scene) => Scene) {
    this.#scene = scene;
    this.#profile = profile;
    this.#finishStep = finishStep;
    this.#frame = scene.image;
  }

  /** Size of what the next transform gets. */
  get frame(): Frame {
    const { width, height, channels } = this.#frame;
    return { width, height, channels };
  }

  /** Applies a transform; `others` are the scenes that a mixing one asked for. */
  apply({ effect }: Transform<unknown, unknown>, params: unknown, others: readonly Scene[]): void {
    if (effect.kind === "matrix") this.#project(effect.matrix(params, this.frame));
    else {
      // What these two return may belong to the caller, or hold on to what they got.
      const isForeign = effect.kind === "scene" || effect.kind === "mix";
      this.#replace(this.#applied(effect, params, others), !isForeign);
    }
  }

  #applied(effect: Exclude<Effect<unknown>, MatrixEffect<unknown>>, params: unknown, others: readonly Scene[]): Scene {
    const scene = this.scene();
    switch (effect.kind) {
      case "field": {
        const move = fieldMove(effect.field(params, this.frame), scene.image, this.#profile);
        return this.#finishStep(moveScene(scene, move));
      }
      case "pixels": {
        const image = effect.apply(scene.image, params);
        return scene.frames === undefined
          ? { ...scene, image }
          : { ...scene, image, frames: scene.frames.map((frame) => effect.apply(frame, params)) };
      }
      case "scene":
        return this.#finishStep(effect.apply(scene, params));
      case "mix":
        return this.#finishStep(effect.apply(scene, others, params));
    }
  }

  /** The scene, with all that waited done. */
  scene(): Scene {
    if (this.#waiting !== undefined) {
      const move = matrixMove(this.#waiting, this.#scene.image, this.#profile);
      this.#waiting = undefined;
      this.#replace(this.#finishStep(moveScene(this.#scene, move)), true);
    }
    return this.#scene;
  }

  /**
   * The scene, with the pixels of its image in `out` instead of memory of their own. The canvas is done then.
   *
   * @throws ShapeError if `out` has another type or length than they.
   */
  sceneIn(out: PixelArray): Scene {
    const scene = this.scene();
    const { image } = scene;
    if (typeCode(out) !== typeCode(image.data) || out.length !== image.data.length)
      throw new ShapeError(
        explain({
          api: "pipeline.run",
          action: "put the image into `out`",
          received: `got a ${out.constructor.name} of ${out.length}`,
          rule: `the image is a ${image.data.constructor.name} of ${image.data.length}`,
        }),
      );
    out.set(image.data);
    if (this.#isOwn) recycle(image.data);
    return { ...scene, image: { ...image, data: out } };
  }

  /** `isMade`: pixels that are not those from before were made for this canvas alone. */
  #replace(scene: Scene, isMade: boolean): void {
    const before = this.#scene.image.data;
    const isOther = scene.image.data.buffer !== before.buffer;
    if (isMade && isOther && this.#isOwn) recycle(before);
    this.#isOwn = isMade && (isOther || this.#isOwn);
    this.#scene = scene;
    this.#frame = scene.image;
  }

  /** Lets a map wait, multiplied to what waits already if both fill and interpolate alike. */
  #project(next: Projection): void {
    const first = this.#waiting;
    const isSymmetry = symmetryOf(next, this.#frame) !== undefined;
    const firstIsSymmetry = first !== undefined && symmetryOf(first, this.#scene.image) !== undefined;
    const canMerge = first === undefined || isSymmetry || firstIsSymmetry || sameResample(first, next);
    // The opencv4 profile rounds between operations, as OpenCV does.
    if (!canMerge || this.#profile === "opencv4") this.scene();
    const before = this.#waiting;
    this.#waiting =
      before === undefined
        ? next
        : {
            ...next,
            matrix: compose(next.matrix, before.matrix),
            resample: isSymmetry ? before.resample : next.resample,
          };
    this.#frame = { ...this.#frame, width: next.width, height: next.height };
  }
}

function sameResample(a: Projection, b: Projection): boolean {
  const [p, q] = [a.resample, b.resample];
  return p.interpolation === q.interpolation && p.border === q.border && (p.border !== "constant" || p.fill === q.fill);
}
