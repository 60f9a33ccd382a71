/** The exported model under ONNX's checker and Python's ONNX Runtime: set CAMEO_PYTHON to a Python that has both. */

import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import type { GptModel } from "../../src/text/gpt.ts";
import { exportGpt } from "../../src/text/gpt-export.ts";
import { trainCharacter } from "../../src/text/tokenizer/character.ts";
import { floats } from "../support/compare-graphs.ts";
import { randomWeights, smallGpt, trainingLogitsGraph } from "../support/gpts.ts";

const python = process.env.CAMEO_PYTHON ?? "";
const missing = reasonToSkip();

/** Why the check cannot be made, or null. */
function reasonToSkip(): string | null {
  if (python === "") return "CAMEO_PYTHON is not set to a Python with onnx and onnxruntime";
  const { status, error } = spawnSync(python, ["-c", "import numpy, onnx, onnxruntime"]);
  if (error !== undefined) return `CAMEO_PYTHON cannot be run: ${error.message}`;
  return status === 0 ? null : "the Python of CAMEO_PYTHON lacks numpy, onnx or onnxruntime";
}

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-python-"));
});
afterAll(() => rm(root, { recursive: true }));

const models: Readonly<Record<string, GptModel>> = {
  plain: smallGpt(),
  "with biases": smallGpt({ bias: true }),
  wider: smallGpt({ layers: 3, heads: 4, width: 32, context: 12 }),
};

describe(`exported models in Python${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  test.skipIf(missing !== null).each(Object.keys(models))("%s", async (name) => {
    const model = models[name] as GptModel;
    const { context, vocabulary, layers } = model.config;
    const weights = randomWeights(model, 7);
    const folder = join(root, name);
    const characters = "abcdefghijklm";
    const { path } = await exportGpt(folder, model, weights, await trainCharacter([characters]));

    // The logits of the training graph, turned from [T·B, V] to rows.
    const rows = [0, 1].map((row) => Array.from({ length: context }, (_, i) => (i * 5 + row * 3 + i * i) % vocabulary));
    const tokens = tensor(
      "int32",
      [2 * context],
      Array.from({ length: 2 * context }, (_, i) => rows[i % 2]?.[i >> 1] as number),
    );
    const { logits } = await evaluate(trainingLogitsGraph(model, 2), {
      ...Object.fromEntries(weights),
      tokens,
      labels: tokens,
    });
    const at = (row: number, position: number) =>
      Array.from(floats(logits).subarray((position * 2 + row) * vocabulary, (position * 2 + row + 1) * vocabulary));
    const cases = { tokens: rows, logits: rows.map((ids, row) => ids.map((_, position) => at(row, position))) };
    await writeFile(join(folder, "cases.json"), JSON.stringify(cases));

    const script = join(import.meta.dirname, "check-export.py");
    const { stdout } = await promisify(execFile)(python, [script, path, join(folder, "cases.json")]);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report.whole).toBeLessThan(1e-4);
    expect(report.cached).toBeLessThan(1e-4);
    const cache = (kind: string) =>
      Array.from({ length: layers }, (_, i) => [`${kind}.${i}.key`, `${kind}.${i}.value`]).flat();
    expect(report).toMatchObject({ domains: [""], opset: 21, irVersion: 10 });
    expect(report.inputs).toEqual(["input_ids", "attention_mask", "position_ids", ...cache("past_key_values")]);
    expect([...(report.outputs as string[])].sort()).toEqual(["logits", ...cache("present")].sort());
  });
});
