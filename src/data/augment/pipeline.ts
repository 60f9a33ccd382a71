/** Pipelines of transforms: JSON in, scenes and replay records out. */

import { z } from "zod";
import { DataError, explain } from "../../base/errors.ts";
import type { PixelArray } from "../image.ts";
import { Canvas } from "./_canvas.ts";
import { checkSteps, parsed, type Step, sequential, transformNamed } from "./_steps.ts";
import type { Visibility } from "./_visibility.ts";
import { finishStep, visibilitySchema } from "./_visibility.ts";
import { drawOf, type SampleId } from "./draw.ts";
import type { Profile } from "./resample.ts";
import type { Scene } from "./transform.ts";

/** A pipeline as it is written down: plain JSON. */
export interface PipelineSpec {
  readonly version: 1;
  /** [0, 2^53) @defaultValue 0 */
  readonly seed?: number;
  /** Arithmetic of resampling. @defaultValue "exact" */
  readonly profile?: Profile;
  /** What happens to what leaves the image. @defaultValue everything is kept as it is */
  readonly visibility?: Visibility;
  readonly steps: readonly Step[];
}

/** Which sample a run is about, and where mixing transforms find others. */
export interface RunContext {
  /** Overrides the pipeline's seed. */
  readonly seed?: number;
  /** @defaultValue 0 */
  readonly epoch?: number;
  /** Number or name of the sample. */
  readonly sample: SampleId;
  /** Needed by transforms that mix samples. */
  readonly others?: Others;
  /**
   * Where the resulting image's pixels go, such as its place in a batch: of their type and number. Without it they go into new memory,
   * which the garbage collector has to find later, and that takes longer than a cheap transform.
   */
  readonly out?: PixelArray;
}

/** The samples that MixUp and its like choose from. */
export interface Others {
  readonly count: number;
  /** The scene of a number in [0, count). */
  scene(index: number): Scene;
}

/** A transform that happened. */
export interface Applied {
  /** Name and version: `"Affine@1"`. */
  readonly op: string;
  readonly params: unknown;
  /** Numbers of the samples that were mixed in. */
  readonly others?: readonly number[];
}

/** What happened to a sample: enough to do the same again, as plain JSON. */
export interface ReplayRecord {
  readonly version: 1;
  readonly profile: Profile;
  readonly visibility?: Visibility;
  readonly applied: readonly Applied[];
}

/** A scene and how it came to be. */
export interface Augmented {
  readonly scene: Scene;
  readonly record: ReplayRecord;
}

/** A pipeline that was checked. */
export interface Pipeline {
  /** What it was made from, with the defaults filled in. */
  readonly spec: PipelineSpec;
  /**
   * Augments a scene, which stays as it is. What happens depends on seed, epoch and sample alone, never on the order of calls or on the
   * worker.
   *
   * @throws ShapeError if `out` does not fit the resulting image.
   */
  run(scene: Scene, context: RunContext): Augmented;
}

const specSchema = z.strictObject({
  version: z.literal(1),
  seed: z.int().min(0).default(0),
  profile: z.enum(["exact", "opencv4"]).default("exact"),
  visibility: visibilitySchema.optional(),
  steps: z.array(z.unknown()),
});

/**
 * Checks a pipeline and makes it ready to run.
 *
 * @param spec - Plain JSON; see {@link PipelineSpec}. Steps are transforms by name with their options, or the combinators `Sequential`,
 * `SomeOf`, `OneOf` and `Sometimes` with steps of their own.
 * @returns The pipeline.
 * @throws TypeError if the JSON has unknown names or values outside of what they may be.
 *
 * @example The same sample, twice
 * ```ts
 * import assert from "node:assert/strict";
 * import { image } from "cameo/data";
 * import { pipeline, replay } from "cameo/data/augment";
 *
 * const augment = pipeline({ version: 1, seed: 7, steps: [{ op: "Flipud", probability: 0.5 }, { op: "Fliplr" }] });
 * const scene = { image: image(new Uint8Array([1, 2, 3, 4]), 2, 2, 1), keypoints: [{ x: 0.5, y: 0.5 }] };
 * const once = augment.run(scene, { sample: 12, epoch: 3 });
 * assert.deepEqual(augment.run(scene, { sample: 12, epoch: 3 }), once);
 * assert.deepEqual(replay(scene, JSON.parse(JSON.stringify(once.record))), once.scene);
 * ```
 */
export function pipeline(spec: PipelineSpec): Pipeline {
  const checked = parsed(specSchema, spec, "this specification");
  const { visibility, profile } = checked;
  const run = sequential(checkSteps(checked.steps, "steps"), "fixed");
  const after = finishStep(visibility);
  return {
    spec: checked as PipelineSpec,
    run(scene, { seed = checked.seed, epoch = 0, sample, others, out }) {
      const canvas = new Canvas(scene, profile, after);
      const applied: Applied[] = [];
      run(drawOf({ seed, epoch, sample }), (transform, config, draw) => {
        const params = transform.sample(config, draw, canvas.frame);
        const op = `${transform.name}@${transform.version}`;
        if (transform.effect.kind === "mix") {
          const { count, scene: sceneOf } = others ?? needOthers(transform.name);
          const chosenDraw = draw.child("others");
          const chosen = Array.from({ length: transform.effect.others(params) }, () =>
            chosenDraw.integer(0, count - 1),
          );
          canvas.apply(transform, params, chosen.map(sceneOf));
          applied.push({ op, params, others: chosen });
        } else {
          canvas.apply(transform, params, []);
          applied.push({ op, params });
        }
      });
      const record = {
        version: 1 as const,
        profile,
        ...(visibility && { visibility: visibility as Visibility }),
        applied,
      };
      return { scene: out === undefined ? canvas.scene() : canvas.sceneIn(out), record };
    },
  };
}

function needOthers(name: string): never {
  throw new TypeError(
    explain({
      api: "pipeline.run",
      action: `apply "${name}"`,
      received: "got no other samples",
      rule: "it mixes several",
      hint: "give `others`",
    }),
  );
}

const recordSchema = z.strictObject({
  version: z.literal(1),
  profile: z.enum(["exact", "opencv4"]),
  visibility: visibilitySchema.optional(),
  applied: z.array(z.strictObject({ op: z.string(), params: z.unknown(), others: z.array(z.int().min(0)).optional() })),
});

/**
 * Does to a scene what a record says, without any randomness: the same bytes as the run that wrote it.
 *
 * @param scene - The scene before augmentation.
 * @param record - From {@link Pipeline.run}, or read from its JSON.
 * @param others - Where mixed samples are found, when there were some.
 * @returns The augmented scene.
 * @throws TypeError if this is no record.
 * @throws DataError if a transform of the record is not known, or has another version by now.
 */
export function replay(scene: Scene, record: ReplayRecord, others?: Others): Scene {
  const { profile, visibility, applied } = parsed(recordSchema, record, "this record");
  const canvas = new Canvas(scene, profile, finishStep(visibility));
  for (const { op, params, others: chosen = [] } of applied) {
    const [name = "", version = ""] = op.split("@");
    const transform = transformNamed(name);
    if (transform === undefined || String(transform.version) !== version)
      throw new DataError(
        explain({
          api: "replay",
          action: `repeat "${op}"`,
          received: transform === undefined ? "no such transform" : `this is version ${transform.version}`,
          rule: "must be the one that wrote the record",
        }),
      );
    const scenes = chosen.map((index) => (others ?? needOthers(name)).scene(index));
    canvas.apply(transform, params, scenes);
  }
  return canvas.scene();
}
