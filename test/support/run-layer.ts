/** Builds a layer or a loss with given tensors, runs it and its gradients on ONNX Runtime, and compares with fixtures. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { gradients } from "../../src/autodiff/gradients.ts";
import type { Value } from "../../src/graph/graph.ts";
import { flattenParameters, type Layer, rootScope } from "../../src/nn/layer.ts";
import type { Builder } from "../../src/ops/operator.ts";
import { createBuilder } from "../../src/ops/registry.ts";
import { compile } from "../../src/runtime/evaluate.ts";
import { type DType, isFloat } from "../../src/tensor/dtype.ts";
import { formatShape } from "../../src/tensor/shape.ts";
import { scalar, type Tensor, tensor } from "../../src/tensor/tensor.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What to run. */
export interface LayerRun {
  readonly layer: Layer;
  readonly x: Tensor;
  /** A tensor for each parameter of the layer. */
  readonly parameters?: Tensors;
  /** @defaultValue true */
  readonly training?: boolean;
  /** Gradient of the output; without it no gradients are built. */
  readonly upstream?: Tensor;
  /** Seeds, one run each: the graph is built once. @defaultValue [0] */
  readonly stepSeeds?: readonly number[];
}

/** What came out. */
export interface LayerResult {
  readonly output: Tensor;
  /** Of `x` (if it is a float) and of every trainable parameter, by name. */
  readonly gradients: Tensors;
  /** New values of tensors that the layer replaced. */
  readonly updates: Tensors;
}

/** Runs a layer once for each seed. */
export async function runLayerSteps(run: LayerRun): Promise<LayerResult[]> {
  const { layer, training = true, parameters = {}, stepSeeds = [0] } = run;
  const g = createBuilder("layer");
  const x = g.input("x", run.x.dtype, run.x.shape);
  const seed = g.input("stepSeed", "int32", []);
  const declared = flattenParameters(layer.parameters);
  expect([...declared.keys()].sort()).toEqual(Object.keys(parameters).sort());
  const values = new Map(
    [...declared].map(([name, { dtype, shape }]) => [name, g.input(`parameter:${name}`, dtype, shape)]),
  );
  const updated: string[] = [];
  const scope = rootScope(g, {
    training,
    values: (path) => values.get(path) as Value,
    onUpdate: (path, value) => {
      updated.push(path);
      g.output(`update:${path}`, named(g, value));
    },
    stepSeed: () => seed,
  });
  const output = layer.apply(scope, x);
  g.output("output", named(g, output));

  const wanted = new Map([...values].filter(([name]) => declared.get(name)?.trainable));
  if (isFloat(x.dtype)) wanted.set("x", x);
  const feeds: Record<string, Tensor> = { x: run.x };
  for (const [name, value] of values) feeds[value.name] = parameters[name] as Tensor;
  const names = addGradients(g, output, wanted, run.upstream, feeds);

  await using compiled = await compile(g.build());
  const results: LayerResult[] = [];
  for (const step of stepSeeds) {
    const out = await compiled.run({ ...feeds, stepSeed: scalar("int32", step | 0) });
    results.push({
      output: out.output as Tensor,
      gradients: Object.fromEntries(names.map((name) => [name, out[`gradient:${name}`] as Tensor])),
      updates: Object.fromEntries(updated.map((name) => [name, out[`update:${name}`] as Tensor])),
    });
  }
  return results;
}

/** Runs a layer once. */
export async function runLayer(run: LayerRun): Promise<LayerResult> {
  return (await runLayerSteps(run))[0] as LayerResult;
}

/** Runs a function of values, such as a loss, and its gradients with respect to the inputs named in `wanted`. */
export async function runFunction(
  build: (g: Builder, ...inputs: Value[]) => Value,
  inputs: Tensors,
  wanted: readonly string[] = [],
  upstream?: Tensor,
): Promise<Omit<LayerResult, "updates">> {
  const g = createBuilder("function");
  const values = Object.entries(inputs).map(([name, { dtype, shape }]) => g.input(name, dtype, shape));
  const output = build(g, ...values);
  g.output("output", named(g, output));
  const feeds: Record<string, Tensor> = { ...inputs };
  const names = addGradients(
    g,
    output,
    new Map(values.filter((value) => wanted.includes(value.name)).map((value) => [value.name, value])),
    upstream,
    feeds,
  );
  await using compiled = await compile(g.build());
  const out = await compiled.run(feeds);
  return {
    output: out.output as Tensor,
    gradients: Object.fromEntries(names.map((name) => [name, out[`gradient:${name}`] as Tensor])),
  };
}

/** An input or constant that is also an output needs a node between. */
function named(g: Builder, value: Value): Value {
  return g.nodes.some((node) => node.outputs.includes(value)) ? value : g.op("Identity", [value]);
}

function addGradients(
  g: Builder,
  output: Value,
  wanted: ReadonlyMap<string, Value>,
  upstream: Tensor | undefined,
  feeds: Record<string, Tensor>,
): string[] {
  if (upstream === undefined) return [];
  const seed = g.input("upstream", upstream.dtype, upstream.shape);
  feeds.upstream = upstream;
  const results = gradients(g, output, [...wanted.values()], { seed });
  for (const [i, name] of [...wanted.keys()].entries()) g.output(`gradient:${name}`, named(g, results[i] as Value));
  return [...wanted.keys()];
}

interface FixtureTensor {
  readonly dtype?: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A case of `fixtures/nn`, as `test/reference/make-nn-fixtures.py` writes it. */
export interface Fixture {
  readonly training: boolean;
  readonly inputs: Tensors;
  readonly parameters: Tensors;
  readonly upstream: Tensor;
  readonly output: Tensor;
  readonly gradients: Tensors;
  readonly updates: Tensors;
}

const toTensor = ({ dtype = "float32", shape, data }: FixtureTensor): Tensor => tensor(dtype, shape, data);

const toTensors = (record: Readonly<Record<string, FixtureTensor>> = {}): Tensors =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, toTensor(value)]));

/** Reads `fixtures/nn/<name>.json` without interpreting its cases. */
export function readFixture(name: string): Readonly<Record<string, unknown>> {
  const path = join(import.meta.dirname, "../../fixtures/nn", `${name}.json`);
  return (JSON.parse(readFileSync(path, "utf8")) as { cases: Record<string, unknown> }).cases;
}

/** The cases of `fixtures/nn/<name>.json`. */
export function readFixtures(name: string): ReadonlyMap<string, Fixture> {
  type Raw = Record<"inputs" | "parameters" | "gradients" | "updates", Record<string, FixtureTensor>> &
    Record<"upstream" | "output", FixtureTensor> & { training?: boolean };
  return new Map(
    Object.entries(readFixture(name) as Record<string, Raw>).map(([key, raw]) => [
      key,
      {
        training: raw.training ?? true,
        inputs: toTensors(raw.inputs),
        parameters: toTensors(raw.parameters),
        upstream: toTensor(raw.upstream),
        output: toTensor(raw.output),
        gradients: toTensors(raw.gradients),
        updates: toTensors(raw.updates),
      },
    ]),
  );
}

/**
 * Throws unless all elements agree within atol·(largest |expected|, at least 1) + rtol·|expected|, naming the worst. Elements of a gradient are sums of
 * terms as large as the tensor's largest, so a small one among large ones carries their rounding.
 */
export function expectClose(name: string, got: Tensor, expected: Tensor, rtol = 1e-5, atol = 1e-6): void {
  expect(formatShape(got.shape), `shape of ${name}`).toBe(formatShape(expected.shape));
  let worst = -1;
  let excess = 0;
  const largest = Array.from(expected.data as ArrayLike<number | bigint>, (value) => Math.abs(Number(value))).reduce(
    (x, y) => Math.max(x, y),
    1,
  );
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [Number(got.data[i]), Number(expected.data[i])];
    const error = Math.abs(a - b) / (atol * largest + rtol * Math.abs(b));
    if (Number.isNaN(a) !== Number.isNaN(b) || error > Math.max(1, excess)) [worst, excess] = [i, error];
  }
  if (worst >= 0)
    expect.fail(
      `${name}[${worst}]: got ${got.data[worst]}, expected ${expected.data[worst]}, ${excess} times the tolerance`,
    );
}

/** {@link expectClose} for two sets of tensors with the same names. */
export function expectAllClose(what: string, got: Tensors, expected: Tensors): void {
  expect(Object.keys(got).sort(), `names of ${what}`).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) expectClose(`${what} of ${name}`, got[name] as Tensor, value);
}
