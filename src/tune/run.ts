/** Runs a fine-tuning recipe: from an `.onnx` file and samples to the same file with trained weights. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DataError, explain } from "../base/errors.ts";
import type { RunEvent } from "../base/events.ts";
import { writeAtomically } from "../base/files.ts";
import { type TensorDataset, tensorDataset } from "../data/tensor-dataset.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";
import { encodeModel } from "../graph/onnx/write.ts";
import { openDevice } from "../runtime/device.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { filled, type Tensor } from "../tensor/tensor.ts";
import type { Run } from "../train/loop-options.ts";
import { requireRaised } from "../train/recipe.ts";
import { createRunFolder, openRunFolder, type RunFolder, requireCheckpoint } from "../train/run-folder.ts";
import { train } from "../train/train.ts";
import { batchDimension, fail } from "./_file-graph.ts";
import { checkLabels, checkSamples, fitSamples, openSamples, sampledInputs, withBatchAxes } from "./_samples.ts";
import { exportTuned } from "./export.ts";
import { openOnnx, readParameters } from "./fine-tune.ts";
import { type OnnxTrainable, onnxModel } from "./onnx-model.ts";
import { matcher } from "./patterns.ts";
import {
  lossOfRecipe,
  type OnnxRecipe,
  type OnnxRecipeInput,
  onnxRecipe,
  tuneOptimizer,
  tuneSchedule,
} from "./recipe.ts";
import { weightsOf } from "./weights.ts";

/** Options of {@link startOnnxRun}. */
export interface OnnxRunOptions {
  /** Folder of the run. */
  readonly out: string;
  /** Continue the run in the folder with the recipe it was started with. */
  readonly resume?: boolean;
  /** Stops the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Told what is done before the first event. */
  readonly onProgress?: (message: string) => void;
}

/** Batch size where neither the recipe nor the file says one. */
const usualBatchSize = 16;

/**
 * Starts (or continues) a run: reads the file and the samples, trains, checkpoints, and writes `export/model.onnx` when it is complete.
 *
 * All that can be wrong with the file, the samples and the recipe is found before the run's folder is made and before a session is.
 *
 * @param input - The recipe; ignored when resuming, except that `steps` may be raised.
 * @param options - See {@link OnnxRunOptions}.
 * @returns The run, under way.
 * @throws DataError, CodecError, GraphError, ShapeError, UnsupportedOpError, CheckpointError or UsageError when it cannot start.
 */
export async function startOnnxRun(input: OnnxRecipeInput | null, options: OnnxRunOptions): Promise<Run> {
  const opened = options.resume === true ? await openRunFolder(options.out) : null;
  const asked = opened === null ? onnxRecipe(input as OnnxRecipeInput) : resumedRecipe(opened, input);
  options.onProgress?.(`reading ${asked.model}`);
  const { file, sha256 } = await openModel(asked);
  const { recipe, model, data, notes } = await prepare(file, { ...asked, sha256 });
  options.signal?.throwIfAborted();
  // Before a folder is made: a device that is not there leaves nothing behind.
  const { device, threads } = recipe;
  const { runtime, note } = await openDevice({ device, ...(threads === 0 ? {} : { threads }) });
  const folder =
    opened?.folder ??
    (await createRunFolder(options.out, recipe).catch(async (error) => {
      await runtime[Symbol.asyncDispose]();
      throw error;
    }));
  // A run that is killed later resumes with the same number of steps.
  if (opened !== null && input?.steps !== undefined)
    await writeAtomically(folder.recipe, `${JSON.stringify(recipe, null, 2)}\n`);
  const batchSize = recipe.batchSize as number;
  const run = train({
    model,
    data,
    optimizer: tuneOptimizer(recipe),
    batchSize,
    steps: recipe.steps,
    accumulate: recipe.accumulate,
    recompute: recipe.recompute,
    precision: recipe.precision,
    seed: recipe.seed,
    runtime,
    engine: note,
    folder,
    resume: options.resume === true,
    learningRate: tuneSchedule(recipe),
    checkpoint: { every: recipe.checkpointEvery, keep: recipe.keepCheckpoints },
    notes,
    ...(data.sizes.validation > 0
      ? {
          evaluation: {
            every: recipe.evaluateEvery,
            ...(recipe.evaluationBatches === 0 ? {} : { batches: recipe.evaluationBatches }),
          },
        }
      : {}),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onFinish: async (program) => {
      const bytes = encodeModel(await exportTuned(file, model, await readParameters(program)));
      await mkdir(folder.exports, { recursive: true });
      const path = join(folder.exports, "model.onnx");
      await writeAtomically(path, bytes);
      return [{ type: "export", path, sizeBytes: bytes.length } satisfies RunEvent];
    },
  });
  const cleaned = run.result.finally(() => runtime[Symbol.asyncDispose]());
  cleaned.catch(() => {});
  return {
    result: cleaned,
    [Symbol.asyncIterator]: () => run[Symbol.asyncIterator](),
    [Symbol.asyncDispose]: async () => {
      await run[Symbol.asyncDispose]();
      await cleaned.catch(() => {});
    },
  };
}

/** The trained file of a run, as of its newest checkpoint. */
export interface TunedFile {
  readonly bytes: Uint8Array;
  /** Steps completed at the checkpoint. */
  readonly step: number;
}

/**
 * Writes the weights of a run's newest checkpoint into the file that the run began with.
 *
 * @param path - The run's folder.
 * @throws CheckpointError if there is no run or no whole checkpoint; DataError if the file is gone or changed; UsageError if the run is of
 * another kind or has no checkpoint yet.
 */
export async function exportOnnxRun(path: string): Promise<TunedFile> {
  const { folder, recipe: stored } = await openRunFolder(path);
  const recipe = onnxRecipe(stored as OnnxRecipeInput, folder.recipe);
  const checkpoint = await requireCheckpoint(folder, path);
  const { file } = await openModel(recipe);
  const model = modelOf(file, recipe, recipe.dimensions, outputOf(file, recipe));
  const trained = await readSafetensors(join(checkpoint.path, "model.safetensors"));
  const numbers = new Map([...trained].map(([name, { data }]) => [name, data as Float32Array]));
  return { bytes: encodeModel(await exportTuned(file, model, numbers)), step: checkpoint.state.step };
}

/** Reads the file of a recipe; one that a run began with must be as it was. */
async function openModel({ model, sha256 }: OnnxRecipe): Promise<{ file: OnnxModel; sha256: string }> {
  const file = await openOnnx(model);
  const hash = createHash("sha256");
  await pipeline(createReadStream(model), hash);
  const digest = hash.digest("hex");
  if (sha256 !== undefined && sha256 !== digest)
    throw new DataError(
      explain({
        api: "train",
        action: `use "${model}"`,
        received: `its SHA-256 is ${digest.slice(0, 12)}…`,
        rule: `the recipe was made for ${sha256.slice(0, 12)}…`,
        hint: "put that file back, or start a new run",
      }),
      { source: model },
    );
  return { file, sha256: digest };
}

/** All that a run needs, checked; the recipe with what file and samples decide. */
async function prepare(
  file: OnnxModel,
  asked: OnnxRecipe,
): Promise<{ recipe: OnnxRecipe; model: OnnxTrainable; data: TensorDataset; notes: string[] }> {
  const { constants } = asked;
  checkPatterns(file, asked);
  const output = outputOf(file, asked);
  const samples = await openSamples(asked.data);
  const { batchDimension: batch } = asked;
  const { dimensions, axes } = fitSamples(sampledInputs(file, constants), asked.data, samples, asked.dimensions, batch);
  const { fixed } = batchDimension(file, {
    constants: constantsOf(file, asked),
    ...(batch === undefined ? {} : { batch }),
  });
  const batchSize = asked.batchSize ?? fixed ?? usualBatchSize;
  const recipe = { ...asked, output, dimensions, batchSize };
  const model = modelOf(file, recipe, dimensions, output);
  const wanted = model.inputs(batchSize);
  const batchAxes = { ...targetAxes(model, batchSize, axes), ...axes };
  checkSamples(asked.data, samples, wanted, batchAxes);
  const tensors = Object.fromEntries(await readSafetensors(asked.data, Object.keys(wanted)));
  if (asked.loss === "cross-entropy") {
    const target = asked.target ?? "labels";
    const scores = model.signatureOf(output, batchSize)?.shape ?? [];
    const classes = sizeOf(scores) / sizeOf(wanted[target]?.shape ?? []);
    checkLabels(asked.data, target, tensors[target] as Tensor, classes, asked.ignoreIndex);
  }
  const count = tensors[Object.keys(wanted)[0] as string]?.shape[0] ?? 0;
  // A validation split that fills no batch would only be lost to training.
  const isEnough = Math.floor(count * asked.validationFraction) >= batchSize;
  const validationFraction = isEnough ? asked.validationFraction : 0;
  const data = withBatchAxes(tensorDataset(tensors, { validationFraction, seed: asked.seed }), wanted, batchAxes);
  const unused = [...samples.entries.keys()].filter((name) => wanted[name] === undefined);
  return { recipe, model, data, notes: notesOf(recipe, model, data, unused) };
}

/** Where targets count samples: the axis that another batch size changes. Only files whose inputs count them elsewhere need to be asked. */
function targetAxes(
  model: OnnxTrainable,
  batchSize: number,
  axes: Readonly<Record<string, number>>,
): Record<string, number> {
  if (!Object.values(axes).some((axis) => axis > 0)) return {};
  const larger = model.inputs(batchSize + 1);
  return Object.fromEntries(
    Object.entries(model.inputs(batchSize)).map(([name, { shape }]) => [
      name,
      Math.max(
        0,
        shape.findIndex((length, axis) => length !== larger[name]?.shape[axis]),
      ),
    ]),
  );
}

function modelOf(
  file: OnnxModel,
  recipe: OnnxRecipe,
  dimensions: OnnxRecipe["dimensions"],
  output: string,
): OnnxTrainable {
  const { trainable, loraRank, loraAlpha, loraDropout, loraTargets } = recipe;
  return onnxModel(file, {
    loss: lossOfRecipe(recipe, output),
    dimensions,
    constants: constantsOf(file, recipe),
    ...(recipe.batchDimension === undefined ? {} : { batch: recipe.batchDimension }),
    ...(trainable.length === 0 ? {} : { trainable }),
    ...(loraRank === 0
      ? {}
      : {
          lora: {
            rank: loraRank,
            dropout: loraDropout,
            ...(loraAlpha === undefined ? {} : { alpha: loraAlpha }),
            ...(loraTargets.length === 0 ? {} : { targets: loraTargets }),
          },
        }),
  });
}

/** Constant inputs of a recipe as tensors of the dtype and shape that the file says. */
function constantsOf({ graph }: OnnxModel, { constants, dimensions }: OnnxRecipe): Record<string, Tensor> {
  const made: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(constants)) {
    const input = graph.inputs.find((info) => info.name === name);
    const action = `make input "${name}" constant`;
    if (input === undefined)
      return fail(action, "the model has none of that name", `inputs are ${graph.inputs.map((info) => info.name)}`);
    if (input.dtype === null || input.dims === null || /^(string|u?int4|float8)/.test(input.dtype))
      return fail(action, "it is no tensor of numbers with a known shape", "must be one");
    const shape = input.dims.map((length, axis) => {
      const bound = typeof length === "number" ? length : dimensions[length ?? `${name}.${axis}`];
      return typeof bound === "number"
        ? bound
        : fail(
            action,
            `its axis ${axis} has no fixed length`,
            "must have one",
            `bind "${length ?? `${name}.${axis}`}"`,
          );
    });
    made[name] = filled(input.dtype, shape, value);
  }
  return made;
}

/** The tensor that the loss is put on. */
function outputOf({ graph }: OnnxModel, { output }: OnnxRecipe): string {
  if (output !== undefined) return output;
  const [first, ...others] = graph.outputs.map(({ name }) => name);
  if (first !== undefined && others.length === 0) return first;
  return fail(
    "put the loss on an output",
    "got no name",
    `the file has ${graph.outputs.length} outputs`,
    `say which with --output: ${graph.outputs
      .slice(0, 8)
      .map(({ name }) => name)
      .join(", ")}`,
  );
}

/** Each pattern must mean something: one that is misspelt would train less than was asked for. */
function checkPatterns(file: OnnxModel, { trainable }: OnnxRecipe): void {
  const names = [...weightsOf(file).keys()];
  const idle = trainable.find((pattern) => !names.some(matcher(pattern)));
  if (idle === undefined) return;
  const examples = [...weightsOf(file).values()].filter(({ reason }) => reason === undefined);
  fail(
    "choose what trains",
    `no weight matches "${idle}"`,
    "a pattern must match the name of a float weight",
    examples.length === 0
      ? "the file has none"
      : `there are ${examples
          .slice(0, 8)
          .map((weight) => weight.name)
          .join(", ")}`,
  );
}

function notesOf(
  { data, model: path, validationFraction }: OnnxRecipe,
  { weights, adapters }: OnnxTrainable,
  { sizes }: TensorDataset,
  unused: readonly string[],
): string[] {
  const parts = [
    ...(weights.size === 0 ? [] : [`${weights.size} ${weights.size === 1 ? "weight" : "weights"}`]),
    ...(adapters.length === 0 ? [] : [`${adapters.length} ${adapters.length === 1 ? "adapter" : "adapters"}`]),
  ];
  const held =
    sizes.validation > 0
      ? `, ${sizes.validation} more for validation`
      : validationFraction > 0
        ? ", too few to keep a batch for validation"
        : "";
  return [
    `${basename(data)}: ${sizes.train.toLocaleString("en")} samples${held}`,
    ...(unused.length === 0
      ? []
      : [`${unused.slice(0, 5).join(", ")} in it ${unused.length === 1 ? "is" : "are"} not used`]),
    `${parts.join(" and ")} of ${basename(path)} train`,
  ];
}

/** The recipe that a run was started with; its steps may be raised. */
function resumedRecipe(
  { folder, recipe }: { folder: RunFolder; recipe: unknown },
  input: OnnxRecipeInput | null,
): OnnxRecipe {
  const own = onnxRecipe(recipe as OnnxRecipeInput, folder.recipe);
  const { steps = own.steps, device = own.device } = input ?? {};
  requireRaised(own.steps, steps);
  return onnxRecipe({ ...own, steps, device });
}
