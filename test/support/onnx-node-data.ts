/** ONNX's own test data: one model for each behaviour of each operator, with inputs and expected outputs. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { readTarGz } from "./tar.ts";

const folder = process.env["CAMEO_DATA"] ?? join(import.meta.dirname, "../../../shared/data");
const archive = join(folder, "onnx-node", "v1.22.0.tar.gz");

/** Why tests on this data are skipped, or undefined if the archive is there. */
export const skipReason: string | undefined = existsSync(archive)
  ? undefined
  : "onnx-node/v1.22.0.tar.gz is not in the data folder (set CAMEO_DATA to the folder that holds onnx-node)";

/** One test of the archive: `test_add` with its model and the serialised tensors beside it. */
export interface NodeTest {
  readonly name: string;
  readonly model: Uint8Array;
  /** `.pb` files by their path below the test's folder: `"test_data_set_0/input_0.pb"`. */
  readonly tensors: ReadonlyMap<string, Uint8Array>;
}

interface Folder {
  model?: Uint8Array;
  tensors: Map<string, Uint8Array>;
}

/** All tests of the archive, by name, in its order. */
export function readNodeTests(): NodeTest[] {
  const folders = new Map<string, Folder>();
  for (const { path, bytes } of readTarGz(archive)) {
    const match = /\/data\/node\/([^/]+)\/(.+)$/.exec(path);
    if (match === null) continue;
    const [, name, file] = match as unknown as [string, string, string];
    const entry: Folder = folders.get(name) ?? { tensors: new Map() };
    folders.set(name, entry);
    if (file === "model.onnx") entry.model = bytes;
    else if (file.endsWith(".pb")) entry.tensors.set(file, bytes);
  }
  return [...folders].flatMap(([name, { model, tensors }]) => (model === undefined ? [] : [{ name, model, tensors }]));
}
