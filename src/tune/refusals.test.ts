import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { fileOf, perceptron, weight } from "../../test/support/files.ts";
import { labelledPoints, perceptronFiles, writeModel, writeSamples } from "../../test/support/tune-samples.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";
import { createBuilder } from "../ops/registry.ts";
import { filled, tensor } from "../tensor/tensor.ts";
import type { OnnxRecipeInput } from "./recipe.ts";
import { startOnnxRun } from "./run.ts";

// All of it is found before there is a runtime: where one is made, the run says so in place of training.
vi.mock("../runtime/device.ts", async (original) => ({
  ...(await original<typeof import("../runtime/device.ts")>()),
  openDevice: () => Promise.reject(new Error("a runtime was made")),
}));

const folder = mkdtempSync(join(tmpdir(), "cameo-refusals-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
let [model, data] = ["", ""];
beforeAll(async () => {
  ({ model, data } = await perceptronFiles(folder));
});

/** A perceptron with one thing changed. */
function changed(name: string, change: (file: OnnxModel) => void): string {
  const file = perceptron();
  change(file);
  return writeModel(at(name), file);
}

/** x [batch, length] → y [batch, length], z [batch, 2] that no weight reaches, and the class. */
function threeOutputs(): OnnxModel {
  return fileOf(
    (g) => {
      const x = g.input("x", "float32", [2, 4]);
      const y = g.op("Mul", [x, g.constant(weight("gain", [1, 4]), "gain")]);
      g.output("y", y);
      g.output("z", g.op("MatMul", [x, g.constant(weight("other", [4, 2]), "other")]));
      g.output("class", g.op("Cast", [g.op("ArgMax", [y], { axis: 1 })], { to: 1 }));
    },
    { x: ["batch", 4], y: ["batch", 4], z: ["batch", 2] },
  );
}

type Change = Omit<Partial<OnnxRecipeInput>, "model" | "data"> & { model?: () => string; data?: () => Promise<string> };

const points = labelledPoints(8);

test("nothing is wrong with the files of the table below", async () => {
  await expect(startOnnxRun({ model, data, loss: "cross-entropy" }, { out: at("right") })).rejects.toThrow(
    "a runtime was made",
  );
});

test.each<[string, Change, RegExp]>([
  [
    "a missing file",
    { model: () => at("none.onnx") },
    /^openOnnx: cannot read ".*none\.onnx": there is no such file, must be an \.onnx file$/,
  ],
  ["a folder", { model: () => folder }, /^openOnnx: cannot read ".*": EISDIR: .*, must be an \.onnx file$/],
  [
    "a file that is no ONNX",
    {
      model: () => {
        writeFileSync(at("text.onnx"), "this is a text");
        return at("text.onnx");
      },
    },
    /^openOnnx: cannot read ".*text\.onnx": .*, must be a whole ONNX file$/,
  ],
  [
    "missing external data",
    {
      model: () => {
        const g = createBuilder();
        g.output("y", g.op("MatMul", [g.input("x", "float32", [1, 4]), g.constant(filled("float32", [4, 3], 1), "w")]));
        const external = () => ({ location: "gone.bin", offset: 0, length: 48 });
        writeFileSync(at("external.onnx"), writeOnnx(g.build(), { external }));
        return at("external.onnx");
      },
    },
    /^openOnnx: cannot load the weights of ".*external\.onnx": there is no file "gone\.bin" beside it, a file with external data needs that data$/,
  ],
  [
    "an operator that nobody knows",
    {
      model: () =>
        changed("foreign.onnx", ({ graph, opsets }) => {
          opsets.set("com.example", 1);
          Object.assign(graph.nodes.at(-1) as object, { op: "Twist", domain: "com.example", name: "twist" });
        }),
    },
    /^importGraph: cannot read node "twist" \(Twist\): .*com\.example\.Twist: the operator is not in the table, .*\nhint: /,
  ],
  [
    "a cycle",
    {
      model: () =>
        changed("cycle.onnx", ({ graph }) => {
          (graph.nodes[0] as { inputs: string[] }).inputs[0] = "logits";
        }),
    },
    /^importGraph: cannot read node ".*" \(Gemm\): .*cannot read "logits": the node uses it, no node, input or initializer before it makes it\nhint: nodes must stand in an order in which they can run, without cycles$/,
  ],
  [
    "no samples for an input",
    { data: () => writeSamples(at("no-x.safetensors"), { labels: points.labels }) },
    /^train: cannot use the samples ".*": got none for input "x", every input needs samples under its name\nhint: the file holds labels$/,
  ],
  [
    "no samples for the target",
    { target: "classes" },
    /: got none for target "classes", the loss compares with it\nhint: name another with --target; the file holds .*labels/,
  ],
  [
    "samples of another dtype",
    { data: () => writeSamples(at("int.safetensors"), { ...points, labels: tensor("int32", [8], new Int32Array(8)) }) },
    /: "labels" is int32, must be int64\nhint: write the file with "labels" as int64$/,
  ],
  [
    "samples of another shape",
    { data: () => writeSamples(at("wide.safetensors"), { ...points, x: filled("float32", [8, 5], 1) }) },
    /: "x" is \[8, 5\], must be \[samples, 4\]: the first axis counts samples$/,
  ],
  [
    "samples with other axes",
    { data: () => writeSamples(at("flat.safetensors"), { ...points, x: filled("float32", [32], 1) }) },
    /: "x" is \[32\], the model takes 2 axes: \[batch, 4\]$/,
  ],
  [
    "tensors with different numbers of samples",
    { data: () => writeSamples(at("odd.safetensors"), { ...points, labels: tensor("int64", [3], [0, 1, 2]) }) },
    /^tensorDataset: cannot count samples: "x" has 8 and "labels" has 3, /,
  ],
  [
    "labels that are no class",
    {
      data: () =>
        writeSamples(at("classes.safetensors"), { ...points, labels: tensor("int64", [8], [0, 1, 2, 3, 0, 0, 0, 0]) }),
    },
    /: "labels" holds 3 at position 3, the loss has 3 classes: labels are 0 to 2\nhint: /,
  ],
  [
    "no file of samples",
    { data: async () => at("none.safetensors") },
    /^train: cannot read ".*none\.safetensors": there is no such file, samples are tensors in a \.safetensors file$/,
  ],
  [
    "samples in another format",
    {
      data: async () => {
        writeFileSync(at("no.safetensors"), "x,labels\n1,2\n");
        return at("no.safetensors");
      },
    },
    /^safetensors: cannot read ".*no\.safetensors": /,
  ],
  [
    "a dimension that no input has",
    { dimensions: { sequence: 8 } },
    /: no input has dimension "sequence", dimensions are batch\nhint: leave it out: samples tell the lengths$/,
  ],
  [
    "an input without axes",
    {
      model: () =>
        changed("scalar.onnx", ({ graph }) => {
          graph.inputs.push({ name: "rate", dtype: "int64", dims: [] });
        }),
    },
    /: input "rate" has no axes, it is one number for all samples\nhint: say which with --constants rate=N$/,
  ],
  [
    "a length for the batch",
    { dimensions: { batch: 8 } },
    /: dimension "batch" counts samples, it cannot be given as 8\nhint: use --batch-size$/,
  ],
  [
    "a dimension that is two lengths",
    {
      model: () =>
        writeModel(
          at("two.onnx"),
          fileOf(
            (g) => {
              const [a, b] = [g.input("a", "float32", [1, 4]), g.input("b", "float32", [1, 4])];
              g.output("y", g.op("Mul", [g.op("Add", [a, b]), g.constant(weight("w", [1]), "w")]));
            },
            { a: ["batch", "length"], b: ["batch", "length"] },
          ),
        ),
      data: () =>
        writeSamples(at("two.safetensors"), { a: filled("float32", [8, 4], 1), b: filled("float32", [8, 5], 1) }),
    },
    /: dimension "length" is 4 in "a" and 5 in "b", it must be one length$/,
  ],
  [
    "an input of unknown axes",
    {
      model: () =>
        changed("unranked.onnx", ({ graph }) => {
          (graph.inputs[0] as { dims: null }).dims = null;
        }),
    },
    /cannot read input "x": its number of axes is unknown, every length must be known\nhint: declare it in the file$/,
  ],
  [
    "a batch size that the file does not have",
    {
      model: () =>
        changed("fixed.onnx", ({ graph }) => {
          for (const info of [...graph.inputs, ...graph.outputs]) (info.dims as unknown[])[0] = 2;
        }),
      batchSize: 8,
    },
    /cannot take batches of 8: the file was exported for batches of 2, .*\nhint: use a batch size of 2 and accumulate /,
  ],
  [
    "a pattern that matches nothing",
    { trainable: ["head.*", "haed.*"] },
    /^onnxModel: cannot choose what trains: no weight matches "haed\.\*", a pattern must match the name of a float weight\nhint: there are body\.weight, /,
  ],
  [
    "adapters for nothing",
    { loraRank: 2, loraTargets: ["attention.*"] },
    /^lora: cannot find weights to adapt: none of 2 matches, .*\nhint: there are body\.weight, head\.weight$/,
  ],
  [
    "a loss on an unknown output",
    { output: "logit" },
    /cannot put crossEntropy on "logit": the model has no tensor of that name, .*\nhint: the last are .*logits/,
  ],
  [
    "no choice among outputs",
    { model: () => writeModel(at("three.onnx"), threeOutputs()) },
    /cannot put the loss on an output: got no name, the file has 3 outputs\nhint: say which with --output: y, z, class$/,
  ],
  [
    "a loss that a chosen weight does not reach",
    { model: () => writeModel(at("three.onnx"), threeOutputs()), output: "y", trainable: ["other"] },
    /cannot train "other": the loss does not depend on it through operators that have a gradient, /,
  ],
  [
    "a loss that no weight reaches",
    {
      model: () => writeModel(at("three.onnx"), threeOutputs()),
      output: "class",
      loss: "mean-squared-error",
      data: () => writeSamples(at("class.safetensors"), { x: points.x, target: filled("float32", [8, 1], 1) }),
    },
    /cannot choose what trains: no weight of the file reaches the loss, at least one must\nhint: put the loss on another output$/,
  ],
  [
    "an input that is to be constant and is none",
    { constants: { rate: 16000 } },
    /cannot make input "rate" constant: the model has none of that name, inputs are x$/,
  ],
])("%s is refused before there is a session or a folder", async (_, change, message) => {
  const { model: file, data: samples, ...keys } = change;
  const recipe = {
    loss: "cross-entropy" as const,
    ...keys,
    model: file?.() ?? model,
    data: (await samples?.()) ?? data,
  };
  const error: Error = await startOnnxRun(recipe, { out: at("run") }).then(
    () => new Error("it ran"),
    (cause: Error) => cause,
  );
  expect(error.message).toMatch(message);
  expect(error.message).toMatch(/^[\w. ]+: cannot [^\n]*(\nhint: [^\n]*)?$/);
  expect(existsSync(at("run"))).toBe(false);
  for (const name of ["int", "no-x", "wide", "flat", "odd", "classes", "two", "class"])
    rmSync(at(`${name}.safetensors`), { force: true });
});
