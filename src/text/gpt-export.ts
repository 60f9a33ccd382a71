/** Exports a GPT as an inference model with a key–value cache, and opens such models for generation. */

import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CheckpointError, explain, messageOf, UsageError } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { flattenParameters } from "../nn/layer.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { openRunFolder, requireCheckpoint } from "../train/run-folder.ts";
import { type GptModel, type GptOptions, gpt } from "./gpt.ts";
import { gptModelFile, readGptFacts } from "./gpt-model-file.ts";
import { type Generator, liveGenerator } from "./live-generator.ts";
import { loadTokenizer } from "./tokenizer/load.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/**
 * Writes `model.onnx` and `tokenizer.json` into a folder. The model has the inputs and outputs of Hugging Face's ONNX
 * decoders (see `decoderGraph`), so what drives those drives it, on stock ONNX Runtime.
 *
 * @param folder - Where; made if missing.
 * @param model - The model.
 * @param weights - Tensors by parameter path.
 * @param tokenizer - Written beside the model.
 * @returns Path and size of the model file.
 */
export async function exportGpt(
  folder: string,
  model: GptModel,
  weights: ReadonlyMap<string, Tensor>,
  tokenizer: Tokenizer,
): Promise<{ path: string; sizeBytes: number }> {
  const bytes = gptModelFile(model, weights, null);
  await mkdir(folder, { recursive: true });
  const path = join(folder, "model.onnx");
  await writeAtomically(path, bytes);
  await writeAtomically(join(folder, "tokenizer.json"), `${JSON.stringify(tokenizer.toJSON())}\n`);
  return { path, sizeBytes: bytes.length };
}

/**
 * Opens an exported `.onnx` or the newest checkpoint of a run for generation.
 *
 * @param runtime - Where to run.
 * @param source - Path of a `.onnx` file that Cameo exported, or of a run's folder.
 * @throws CodecError or CheckpointError if the file or run is damaged; UsageError if it holds no GPT of Cameo's.
 */
export async function openGenerator(runtime: Runtime, source: string): Promise<Generator> {
  if (!source.endsWith(".onnx")) {
    const { model, weights, tokenizer } = await readRun(source);
    return liveGenerator(runtime, model, () => weights, tokenizer);
  }
  const fail = (received: string, rule: string, cause?: unknown) =>
    new UsageError(explain({ api: "generate", action: `open "${source}"`, received, rule }), { cause });
  const bytes = await readFile(source).catch((cause) => {
    throw fail(messageOf(cause), "must be a file", cause);
  });
  const { sizes, tokenizer: embedded } = readGptFacts(bytes, source);
  const tokenizer = embedded ?? (await loadTokenizer(join(dirname(source), "tokenizer.json")));
  const executable = await runtime.load(bytes, { name: source, onHost: true });
  return {
    start: async () => (inputs, outputs) => executable.call(inputs, outputs),
    sizes,
    tokenizer,
    [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
  };
}

/** What a run's folder holds of its model. */
export interface RunModel {
  readonly model: GptModel;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly tokenizer: Tokenizer;
  /** Steps completed at the checkpoint. */
  readonly step: number;
}

/**
 * Reads model, newest weights and tokenizer of a run.
 *
 * @param path - The run's folder.
 * @throws CheckpointError if there is no run, or no whole checkpoint; UsageError if the run is no GPT's.
 */
export async function readRun(path: string): Promise<RunModel> {
  const { folder, recipe } = await openRunFolder(path);
  const options = (recipe ?? {}) as Partial<GptOptions> & { kind?: unknown };
  if (options.kind !== "gpt")
    throw new UsageError(
      explain({
        api: "run",
        action: `open "${path}"`,
        received: `it is of kind ${JSON.stringify(options.kind)}`,
        rule: "must be a gpt run",
      }),
    );
  const checkpoint = await requireCheckpoint(folder, path);
  const tokenizer = await loadTokenizer(join(folder.path, "data", "tokenizer.json"));
  const { layers, heads, width, context, bias, dropout } = options as Required<GptOptions>;
  const model = gpt({ layers, heads, width, context, bias, dropout, vocabulary: tokenizer.size });
  const weights = await readSafetensors(join(checkpoint.path, "model.safetensors"));
  for (const [name, { shape }] of flattenParameters(model.parameters)) {
    const stored = weights.get(name)?.shape;
    if (stored === undefined || !sameShape(stored, shape))
      throw new CheckpointError(
        explain({
          api: "run",
          action: `open "${path}"`,
          received: stored === undefined ? `the checkpoint has no "${name}"` : `"${name}" is ${formatShape(stored)}`,
          rule: `recipe.json makes it ${formatShape(shape)}`,
        }),
      );
  }
  return { model, weights, tokenizer, step: checkpoint.state.step };
}
