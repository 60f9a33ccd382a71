/** Pipelines of what is no image: text, sound, spectrograms. The same randomness and records as those of scenes. */

import { z } from "zod";
import { DataError, explain } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { parsed, type Step } from "./_steps.ts";
import { drawOf, type SampleId } from "./draw.ts";
import type { Draw } from "./transform.ts";

/** A transform of values of one type. See `Transform` for what the parts are. */
export interface SequenceTransform<Value, Config = never, Params = never> {
  readonly name: string;
  readonly version: number;
  readonly config: z.ZodType<Config>;
  /** Draws concrete parameters, plain JSON. */
  sample(config: Config, draw: Draw, value: Value): Params;
  /** Returns a new value; never writes into its input. */
  apply(value: Value, params: Params): Value;
}

/** A pipeline as it is written down: plain JSON. */
export interface SequenceSpec {
  readonly version: 1;
  /** [0, 2^53) @defaultValue 0 */
  readonly seed?: number;
  readonly steps: readonly Step[];
}

/** What happened to a value: enough to do the same again. */
export interface SequenceRecord {
  readonly version: 1;
  readonly applied: readonly { readonly op: string; readonly params: unknown }[];
}

/** A pipeline that was checked. */
export interface SequencePipeline<Value> {
  /** Augments a value, which stays as it is; the result depends on seed, epoch and sample alone. */
  run(
    value: Value,
    context: { readonly sample: SampleId; readonly epoch?: number; readonly seed?: number },
  ): { readonly value: Value; readonly record: SequenceRecord };
  /** Does to a value what a record says. */
  replay(value: Value, record: SequenceRecord): Value;
}

/** The transforms that a pipeline may name. */
export type SequenceRegistry<Value> = Readonly<Record<string, SequenceTransform<Value, unknown, unknown>>>;

const specSchema = z.strictObject({
  version: z.literal(1),
  seed: z.int().min(0).default(0),
  steps: z.array(z.unknown()),
});
const recordSchema = z.strictObject({
  version: z.literal(1),
  applied: z.array(z.strictObject({ op: z.string(), params: z.unknown() })),
});
const stepSchema = z.looseObject({ op: z.string(), probability: z.number().min(0).max(1).default(1) });

/**
 * Checks a pipeline over one registry and makes it ready to run.
 *
 * @param api - Name of the public function, for messages.
 * @param registry - By name.
 * @param spec - Steps in their order; each may have a `probability`.
 * @returns The pipeline.
 * @throws TypeError if the JSON has unknown names or values outside of what they may be.
 */
export function sequencePipeline<Value>(
  api: string,
  registry: SequenceRegistry<Value>,
  spec: SequenceSpec,
): SequencePipeline<Value> {
  const checked = parsed(specSchema, spec, "this specification");
  const steps = checked.steps.map((step, i) => {
    const { op, probability, ...options } = parsed(stepSchema, step, `steps[${i}]`);
    const transform = Object.hasOwn(registry, op) ? registry[op] : undefined;
    if (transform === undefined) {
      const close = nearest(op, Object.keys(registry));
      const hint = close === undefined ? undefined : `did you mean "${close}"?`;
      const received = `got "${op}"`;
      throw new TypeError(
        explain({ api, action: `use steps[${i}]`, received, rule: "must be a known transform", hint }),
      );
    }
    return { transform, probability, config: parsed(transform.config, options, `steps[${i}] ("${op}")`) };
  });
  return {
    run(value, { sample, epoch = 0, seed = checked.seed }) {
      const draw = drawOf({ seed, epoch, sample });
      const applied: { op: string; params: unknown }[] = [];
      let now = value;
      for (const [i, { transform, probability, config }] of steps.entries()) {
        const own = draw.child(String(i));
        if (probability < 1 && !own.child("probability").chance(probability)) continue;
        const params = transform.sample(config, own.child(transform.name), now);
        now = transform.apply(now, params);
        applied.push({ op: `${transform.name}@${transform.version}`, params });
      }
      return { value: now, record: { version: 1, applied } };
    },
    replay(value, record) {
      return parsed(recordSchema, record, "this record").applied.reduce((now, { op, params }) => {
        const [name = "", version = ""] = op.split("@");
        const transform = Object.hasOwn(registry, name) ? registry[name] : undefined;
        if (transform === undefined || String(transform.version) !== version) {
          const received = transform === undefined ? "no such transform" : `this is version ${transform.version}`;
          const rule = "must be the one that wrote the record";
          throw new DataError(explain({ api, action: `repeat "${op}"`, received, rule }));
        }
        return transform.apply(now, params);
      }, value);
    },
  };
}
