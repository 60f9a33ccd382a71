/** What a stream of batches is made from: plain JSON, so that it can be hashed, kept beside a run and given to threads. */

import { z } from "zod";
import { explain } from "../../base/errors.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { PipelineSpec } from "../augment/pipeline.ts";
import type { OrderSpec } from "./sample-order.ts";
import type { LastBatch } from "./stream-plan.ts";

/** One source of a stream. */
export interface StreamSource {
  /** Path, folder, glob, `https://` or `s3://` location of data of any format that finds rows by number. */
  readonly location: string;
  /** @defaultValue told by names and first bytes */
  readonly format?: string;
  /**
   * Which part of the data. @defaultValue "train", or all files where there is no such split; under `validation` and at the location of a
   * training source, "validation"
   */
  readonly split?: string;
  /** Share of the samples, in proportion to the others'. @defaultValue 1 */
  readonly weight?: number;
}

/** An encoded image becomes pixels. */
export interface ImageInput {
  readonly kind: "image";
  readonly column: string;
  /** 1 grey, 3 RGB, 4 RGBA. @defaultValue 3 */
  readonly channels?: 1 | 3 | 4;
  /**
   * What training does to an image, among it what gives all images one size. What happens is a function of seed, pass and sample.
   * @defaultValue nothing
   */
  readonly augment?: PipelineSpec;
  /**
   * What evaluation does in the place of `augment`: as little as gives all images the same size.
   * @defaultValue nothing
   */
  readonly evaluate?: PipelineSpec;
  /** `"CHW"` as convolutions want it, or `"HWC"`. @defaultValue "CHW" */
  readonly layout?: "CHW" | "HWC";
  /** `"float32"` is divided by 255 and then normalised. @defaultValue "float32" */
  readonly dtype?: "uint8" | "float32";
  /** By channel, subtracted from values in [0, 1]. @defaultValue 0 */
  readonly mean?: readonly number[];
  /** By channel; values are divided by it. @defaultValue 1 */
  readonly deviation?: readonly number[];
}

/** A number, an array or bytes, taken as they are. */
export interface ValueInput {
  readonly kind: "value";
  readonly column: string;
  /** Converts numbers. @defaultValue that of the column */
  readonly dtype?: DType;
}

/** A module of the user's, whose export `map` makes the inputs of a sample from its cells. */
export interface MapModule {
  /** Path or `file:` URL of a module that Node can import; in worker threads, once in each. */
  readonly module: string;
  /** Given to the function; plain JSON. */
  readonly options?: unknown;
  /** Columns that it gets. @defaultValue all */
  readonly columns?: readonly string[];
}

/** What a stream of batches is made from. Exactly one of `inputs` and `map` is given. */
export interface StreamSpec {
  readonly sources: readonly StreamSource[];
  /** Order of the rows of each source. @defaultValue blocks of 262,144 rows */
  readonly order?: OrderSpec;
  /** Decides the order, the mixture and every augmentation, [0, 2^53). @defaultValue 0 */
  readonly seed?: number;
  /** Samples in an epoch. @defaultValue the rows of all sources */
  readonly epochSize?: number;
  /** The end of an epoch: go on into the next one, drop what fills no batch, or pad with the epoch's first. @defaultValue "wrap" */
  readonly last?: LastBatch;
  /** Arrays of a batch, by the names of the model's inputs. */
  readonly inputs?: Readonly<Record<string, ImageInput | ValueInput>>;
  readonly map?: MapModule;
  /** Name of an array that is 1 for samples and 0 for padding (float32). @defaultValue none */
  readonly mask?: string;
  /** Sources of the evaluation, in order. @defaultValue none */
  readonly validation?: readonly StreamSource[];
}

const source = z.strictObject({
  location: z.string().min(1),
  format: z.string().optional(),
  split: z.string().optional(),
  weight: z.number().nonnegative().optional(),
});

const input = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("image"),
    column: z.string(),
    channels: z.literal([1, 3, 4]).optional(),
    augment: z.looseObject({ version: z.literal(1) }).optional(),
    evaluate: z.looseObject({ version: z.literal(1) }).optional(),
    layout: z.enum(["CHW", "HWC"]).optional(),
    dtype: z.enum(["uint8", "float32"]).optional(),
    mean: z.array(z.number()).optional(),
    deviation: z.array(z.number().refine((value) => value !== 0)).optional(),
  }),
  z.strictObject({ kind: z.literal("value"), column: z.string(), dtype: z.string().optional() }),
]);

const schema = z
  .strictObject({
    sources: z.array(source).min(1),
    order: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("sequential") }),
        z.strictObject({ kind: z.literal("global") }),
        z.strictObject({ kind: z.literal("blocks"), blockRows: z.int().positive() }),
      ])
      .default({ kind: "blocks", blockRows: 2 ** 18 }),
    seed: z.int().nonnegative().default(0),
    epochSize: z.int().positive().optional(),
    last: z.enum(["wrap", "drop", "pad"]).default("wrap"),
    inputs: z.record(z.string(), input).optional(),
    map: z
      .strictObject({
        module: z.string().min(1),
        options: z.unknown().optional(),
        columns: z.array(z.string()).optional(),
      })
      .optional(),
    mask: z.string().optional(),
    validation: z.array(source).min(1).optional(),
  })
  .refine(
    ({ inputs, map }) => (inputs === undefined) !== (map === undefined),
    "exactly one of inputs and map is given",
  );

/** A spec with its defaults filled in. */
export type CheckedStreamSpec = StreamSpec & Required<Pick<StreamSpec, "order" | "seed" | "last">>;

/**
 * Checks a spec and fills in its defaults.
 *
 * @throws TypeError naming the field at fault.
 */
export function checkStreamSpec(spec: StreamSpec): CheckedStreamSpec {
  const parsed = schema.safeParse(spec);
  if (parsed.success) return parsed.data as CheckedStreamSpec;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") ?? "";
  throw new TypeError(
    explain({
      api: "streamDataset",
      action: place === "" ? "use this spec" : `use "${place}"`,
      received: issue?.message ?? "",
      rule: "see StreamSpec",
    }),
  );
}
