/** Fine-tuning from file to file. */

import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CodecError, DataError, explain, isCameoError } from "../base/errors.ts";
import type { RunEvent } from "../base/events.ts";
import { writeAtomically } from "../base/files.ts";
import { loadExternalData } from "../graph/onnx/external.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";
import { readOnnx } from "../graph/onnx/read.ts";
import { encodeModel } from "../graph/onnx/write.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Run } from "../train/loop-options.ts";
import type { StateTensor } from "../train/memory.ts";
import type { StepProgram } from "../train/step-program.ts";
import { type TrainOptions, train } from "../train/train.ts";
import { exportTuned } from "./export.ts";
import { partsBeside } from "./external-file.ts";
import { type OnnxModelOptions, onnxModel } from "./onnx-model.ts";

/** Options of {@link fineTune}: those of `onnxModel` and of `train`, with where from and where to. */
export interface FineTuneOptions extends OnnxModelOptions, Omit<TrainOptions, "model"> {
  /** Path of the `.onnx` file, or the file as read. */
  readonly file: string | OnnxModel;
  /** Path of the trained `.onnx` file, written when the run is complete; its folder is made at once. */
  readonly out: string;
}

/**
 * Reads an `.onnx` file with its external data.
 *
 * @param path - Of the file; external data lies beside it.
 * @throws DataError if the file is not there, CodecError if it is no ONNX file or its external data is missing.
 */
export async function openOnnx(path: string): Promise<OnnxModel> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const received = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new DataError(
      explain({ api: "openOnnx", action: `read "${path}"`, received, rule: "must be an .onnx file" }),
      {
        source: path,
        cause,
      },
    );
  });
  const model = decodeOnnx(path, bytes);
  await loadExternalData(model, partsBeside(path));
  return model;
}

/**
 * Decodes the bytes of an `.onnx` file; its external data stay where they are.
 *
 * @param path - Of the file, for messages.
 * @param bytes - Its content.
 * @throws CodecError if it is no ONNX file.
 */
export function decodeOnnx(path: string, bytes: Uint8Array): OnnxModel {
  try {
    return readOnnx(bytes);
  } catch (cause) {
    if (!isCameoError(cause, "codec")) throw cause;
    const received = cause.message.replace(/^[\w.]+: cannot /, "cannot ");
    const rule = "must be a whole ONNX file";
    throw new CodecError("onnx", explain({ api: "openOnnx", action: `read "${path}"`, received, rule }), { cause });
  }
}

/**
 * Fine-tunes an ONNX file: the file goes in, a loss is put on one of its outputs, the chosen weights train, and the same file with those
 * weights comes out. It runs unchanged wherever the original ran.
 *
 * For more control use its parts: `onnxModel`, `train` and `exportTuned`.
 *
 * @param options - See {@link FineTuneOptions}.
 * @returns The run, already under way; its last event before `done` is the export.
 * @throws Like `onnxModel` and `train`, before anything runs.
 *
 * @example Ten steps on the last layer
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { tensorDataset } from "cameo/data";
 * import { readOnnx, writeOnnx } from "cameo/graph";
 * import { createBuilder } from "cameo/ops";
 * import { adam } from "cameo/optim";
 * import { filled, tensor } from "cameo/tensor";
 * import { fineTune, openOnnx } from "cameo/tune";
 *
 * const g = createBuilder();
 * const x = g.input("x", "float32", [4, 2]);
 * g.output("y", g.op("MatMul", [x, g.constant(filled("float32", [2, 1], 0), "w")]));
 * const out = join(await mkdtemp(join(tmpdir(), "tuned-")), "tuned.onnx");
 * const run = await fineTune({
 *   file: readOnnx(writeOnnx(g.build())),
 *   out,
 *   loss: { type: "meanSquaredError", output: "y" },
 *   data: tensorDataset({ x: tensor("float32", [4, 2], [1, 0, 0, 1, 1, 1, 2, 1]), target: tensor("float32", [4, 1], [1, 2, 3, 4]) }),
 *   optimizer: adam({ learningRate: 0.1 }),
 *   batchSize: 4,
 *   steps: 10,
 * });
 * const { loss } = await run.result;
 * assert.ok(loss < 3);
 * assert.deepEqual([...(await openOnnx(out)).graph.initializers.keys()], ["w"]);
 * ```
 */
export async function fineTune(options: FineTuneOptions): Promise<Run> {
  const file = typeof options.file === "string" ? await openOnnx(options.file) : options.file;
  const model = onnxModel(file, options);
  await mkdir(dirname(options.out), { recursive: true }); // now, not after hours of training
  return train({
    ...options,
    model,
    onFinish: async (program, runtime) => {
      const earlier = (await options.onFinish?.(program, runtime)) ?? [];
      const bytes = encodeModel(await exportTuned(file, model, await readParameters(program)));
      await writeAtomically(options.out, bytes);
      return [...earlier, { type: "export", path: options.out, sizeBytes: bytes.length } satisfies RunEvent];
    },
  });
}

/**
 * The parameters of a live program as they are now, by path.
 *
 * @param program - A step program, between steps.
 */
export async function readParameters(program: Pick<StepProgram, "parameters">): Promise<Map<string, Float32Array>> {
  const read = async ([path, { view, shape }]: [string, StateTensor]): Promise<[string, Float32Array]> => {
    const data = await view.buffer.read(view.offset, view.offset + sizeOf(shape));
    return [path, data as Float32Array];
  };
  return new Map(await Promise.all([...program.parameters].map(read)));
}
