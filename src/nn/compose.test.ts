/** How layers are named, initialised and combined, and what they say to an input that does not fit. */

import { describe, expect, test } from "vitest";
import { RandomStream } from "../base/random.ts";
import type { Value } from "../graph/graph.ts";
import { createBuilder } from "../ops/registry.ts";
import type { DType } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type Activation, activation, elu, leakyRelu, relu } from "./activations.ts";
import { batchNorm } from "./batch-norm.ts";
import { conv1d, conv2d, convTranspose2d } from "./conv.ts";
import { embedding } from "./embedding.ts";
import { flatten } from "./flatten.ts";
import { groupNorm } from "./group-norm.ts";
import { flattenParameters, type Layer, rootScope } from "./layer.ts";
import { layerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import { mlp } from "./mlp.ts";
import { averagePool2d, globalAveragePool, maxPool2d } from "./pool.ts";
import { residual } from "./residual.ts";
import { rmsNorm } from "./rms-norm.ts";
import { sequential } from "./sequential.ts";

function applied(layer: Layer, shape: readonly number[], { dtype = "float32" as DType, training = true } = {}): Value {
  const g = createBuilder();
  const declared = flattenParameters(layer.parameters);
  const values = new Map([...declared].map(([name, p]) => [name, g.input(name, p.dtype, p.shape)]));
  const scope = rootScope(g, { training, values: (path) => values.get(path) as Value });
  return layer.apply(scope, g.input("x", dtype, shape));
}

const namesOf = (layer: Layer) => [...flattenParameters(layer.parameters).keys()];

test("sequential names a list by numbers and a record by its names, and residual adds none", () => {
  const list = sequential([
    linear({ inputs: 2, outputs: 2 }),
    relu(),
    residual(linear({ inputs: 2, outputs: 2, bias: false })),
  ]);
  expect(namesOf(list)).toEqual(["0.weight", "0.bias", "2.weight"]);
  const record = sequential({ first: linear({ inputs: 2, outputs: 3 }), second: layerNorm(3) });
  expect(namesOf(record)).toEqual(["first.weight", "first.bias", "second.weight", "second.bias"]);
  expect(applied(record, [5, 2]).shape).toEqual([5, 3]);
  expect(applied(sequential([]), [5, 2]).name).toBe("x");
});

test("mlp drops after its last layer", () => {
  const layer = mlp({ inputs: 4, hidden: 8, dropout: 0.5 });
  expect(namesOf(layer)).toEqual(["up.weight", "up.bias", "down.weight", "down.bias"]);
  expect(() => applied(layer, [2, 4])).toThrow("this graph has no seed");
  expect(applied(layer, [2, 4], { training: false }).shape).toEqual([2, 4]);
});

test("layers without options start as PyTorch's do", () => {
  const boundOf = (layer: Layer, name: string): number => {
    const { shape, initialize } = flattenParameters(layer.parameters).get(name) ?? expect.fail(name);
    const data = new Float32Array(sizeOf(shape));
    initialize(shape, data, new RandomStream(3, name));
    return data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  };
  const near = (found: number, bound: number) => {
    expect(found).toBeLessThanOrEqual(bound);
    expect(found).toBeGreaterThan(0.97 * bound);
  };
  const fully = linear({ inputs: 50, outputs: 400 });
  near(boundOf(fully, "weight"), 1 / Math.sqrt(50));
  near(boundOf(fully, "bias"), 1 / Math.sqrt(50));
  const image = conv2d({ inputs: 8, outputs: 300, kernel: [3, 5], groups: 2 });
  near(boundOf(image, "weight"), 1 / Math.sqrt(4 * 15));
  near(boundOf(image, "bias"), 1 / Math.sqrt(4 * 15));
  const turned = convTranspose2d({ inputs: 8, outputs: 300, kernel: 3 });
  near(boundOf(turned, "weight"), 1 / Math.sqrt(300 * 9));
  near(boundOf(turned, "bias"), 1 / Math.sqrt(300 * 9));
});

test("training asks nodes for what their gradients need, inference does not", () => {
  const outputsOf = (layer: Layer, shape: readonly number[], training: boolean): number => {
    const g = createBuilder();
    const scope = rootScope(g, { training, values: (path) => g.input(path, "float32", [6]) });
    layer.apply(scope, g.input("x", "float32", shape));
    return g.nodes[0]?.outputs.length as number;
  };
  expect([outputsOf(layerNorm(6), [2, 6], true), outputsOf(layerNorm(6), [2, 6], false)]).toEqual([3, 1]);
  const pool = maxPool2d({ kernel: 2 });
  expect([outputsOf(pool, [1, 1, 4, 4], true), outputsOf(pool, [1, 1, 4, 4], false)]).toEqual([2, 1]);
});

describe("an input that does not fit is named with its layer and the rule", () => {
  const misfits: readonly [string, Layer, readonly number[], string][] = [
    ["linear", linear({ inputs: 4, outputs: 2 }), [3, 5], "got float32 [3, 5], its last axis must be 4"],
    ["linear of a scalar", linear({ inputs: 4, outputs: 2 }), [], "got float32 [], its last axis must be 4"],
    ["embedding", embedding({ count: 4, size: 2 }), [3], "got float32 [3], indices must be int32 or int64"],
    ["layerNorm", layerNorm(4), [2, 3], "its last axis must be 4"],
    ["rmsNorm", rmsNorm(4), [2, 3], "its last axis must be 4"],
    ["groupNorm", groupNorm({ channels: 4, groups: 2 }), [2, 4], "must be [batch, 4, and at least 1 spatial axes]"],
    ["batchNorm", batchNorm(4), [2, 3, 2], "must be [batch, 4, and at least 0 spatial axes]"],
    ["batchNorm of one value", batchNorm(4), [1, 4], "training needs more than one value per channel"],
    ["conv1d", conv1d({ inputs: 3, outputs: 2, kernel: 3 }), [2, 3], "must be [batch, 3, and 1 spatial axis]"],
    ["conv2d", conv2d({ inputs: 3, outputs: 2, kernel: 3 }), [2, 1, 8, 8], "must be [batch, 3, and 2 spatial axes]"],
    ["conv2d too small", conv2d({ inputs: 1, outputs: 2, kernel: 5 }), [2, 1, 8, 4], "it reaches over 5 elements"],
    ["convTranspose2d", convTranspose2d({ inputs: 3, outputs: 2, kernel: 3 }), [3, 8, 8], "must be [batch, 3,"],
    ["maxPool2d", maxPool2d({ kernel: 2 }), [2, 8, 8], "must be [batch, channels, height, width]"],
    ["averagePool2d", averagePool2d({ kernel: 2 }), [2, 8, 8], "must be [batch, channels, height, width]"],
    ["globalAveragePool", globalAveragePool(), [2, 8], "must be [batch, channels, and spatial axes]"],
    ["flatten", flatten(2), [2, 8], "must have more than 2 axes"],
    ["residual", residual(linear({ inputs: 4, outputs: 2 })), [3, 4], "must keep its shape, and gave [3, 2]"],
  ];
  for (const [name, layer, shape, rule] of misfits)
    test(name, () => {
      const inModel = sequential({ part: layer });
      expect(() => applied(inModel, shape)).toThrow(rule);
      expect(() => applied(inModel, shape)).toThrow(expect.objectContaining({ code: "shape" }));
      if (name !== "conv2d too small")
        expect(() => applied(inModel, shape)).toThrow(/^\w+ "part": cannot take its input: /);
    });
});

test("options out of range are refused when the layer is made", () => {
  const wrong: readonly (() => unknown)[] = [
    () => linear({ inputs: 0, outputs: 1 }),
    () => embedding({ count: 1.5, size: 1 }),
    () => layerNorm(4, { epsilon: 0 }),
    () => rmsNorm(-1),
    () => groupNorm({ channels: 4, groups: 3 }),
    () => batchNorm(4, { momentum: 0 }),
    () => conv2d({ inputs: 3, outputs: 4, kernel: 3, groups: 2 }),
    () => conv2d({ inputs: 3, outputs: 4, kernel: [3, 3, 3] }),
    () => conv2d({ inputs: 3, outputs: 4, kernel: 3, padding: "same", stride: 2 }),
    () => convTranspose2d({ inputs: 3, outputs: 4, kernel: 3, outputPadding: 1 }),
    () => maxPool2d({ kernel: 2, padding: 2 }),
    () => flatten(-1),
    () => activation("swish" as Activation),
    () => leakyRelu(Number.NaN),
    () => elu(0),
    () => mlp({ inputs: 4, hidden: 0 }),
    () => mlp({ inputs: 4, hidden: 4, dropout: 1 }),
  ];
  for (const make of wrong) expect(make, String(make)).toThrow(RangeError);
  expect(() => linear({ inputs: 0, outputs: 1 })).toThrow(
    "linear: cannot use inputs: got 0, must be a positive integer",
  );
  expect(() => activation("swish" as Activation)).toThrow('got "swish", must be one of relu, gelu,');
});
