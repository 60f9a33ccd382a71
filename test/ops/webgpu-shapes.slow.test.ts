/**
 * WebGPU kernels come in variants for widths that two, three or four divide, and some are wrong: common operators over random shapes, as they
 * are lowered, beside the CPU.
 */

import { expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import type { Value } from "../../src/graph/graph.ts";
import type { Builder } from "../../src/ops/operator.ts";
import { createBuilder } from "../../src/ops/registry.ts";
import { optimize } from "../../src/passes/optimize.ts";
import { openDevice } from "../../src/runtime/device.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { differenceOf } from "../support/parity.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";

/** Draws for one graph. */
class Draw {
  readonly #stream: RandomStream;
  readonly g: Builder;
  readonly feeds: Record<string, Tensor> = {};
  #next = 0;

  constructor(index: number) {
    this.#stream = new RandomStream(1, `shapes/${index}`);
    this.g = createBuilder("shapes");
  }

  /** An integer in [least, most]. */
  upTo(most: number, least = 1): number {
    return least + this.#stream.integer(this.#next++, most - least + 1);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.upTo(list.length) - 1] as T;
  }

  input(shape: Shape): Value {
    const name = `x${Object.keys(this.feeds).length}`;
    const step = 0.7 + 0.13 * Object.keys(this.feeds).length;
    const numbers = Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * step + 0.3));
    this.feeds[name] = tensor("float32", shape, numbers);
    return this.g.input(name, "float32", shape);
  }
}

const kinds: Readonly<Record<string, (d: Draw) => Value>> = {
  MatMul: (d) => {
    const [m, k, n] = [d.upTo(70), d.upTo(70), d.upTo(70)];
    return d.g.op("MatMul", [d.input([d.upTo(3), m, k]), d.input([k, n])]);
  },
  Gemm: (d) => {
    const [m, k, n, transA, transB] = [d.upTo(70), d.upTo(70), d.upTo(70), d.upTo(1, 0), d.upTo(1, 0)];
    const addend = d.pick<Shape | null>([null, [], [n], [1, n], [m, 1], [m, n]]);
    const operands = [d.input(transA ? [k, m] : [m, k]), d.input(transB ? [n, k] : [k, n])];
    return d.g.op("Gemm", [...operands, ...(addend === null ? [] : [d.input(addend)])], { transA, transB });
  },
  Conv: (d) => {
    const [group, channels, filters] = [d.pick([1, 1, 2, 3, 4]), d.upTo(10), d.upTo(10)];
    const x = d.input([d.upTo(7), group * channels, d.upTo(9, 5), d.upTo(9, 5)]);
    const w = d.input([group * filters, channels, d.upTo(4), d.upTo(4)]);
    const pads = [d.upTo(2, 0), d.upTo(2, 0), d.upTo(2, 0), d.upTo(2, 0)];
    return d.g.op("Conv", [x, w], { group, strides: [d.upTo(2), d.upTo(2)], pads });
  },
  ConvTranspose: (d) => {
    const channels = d.upTo(10);
    const x = d.input([d.upTo(7), channels, d.upTo(6, 2), d.upTo(6, 2)]);
    return d.g.op("ConvTranspose", [x, d.input([channels, d.upTo(10), d.upTo(4), d.upTo(4)])], {
      strides: [d.upTo(2), d.upTo(2)],
    });
  },
  LayerNormalization: (d) => {
    const width = d.upTo(70);
    return d.g.op("LayerNormalization", [d.input([d.upTo(9), d.upTo(5), width]), d.input([width]), d.input([width])]);
  },
  Softmax: (d) => d.g.op("Softmax", [d.input([d.upTo(6), d.upTo(9), d.upTo(70)])], { axis: d.pick([-1, 1, 0]) }),
  Transpose: (d) => {
    const perm = d.pick([
      [0, 2, 1, 3],
      [3, 2, 1, 0],
      [0, 3, 1, 2],
      [1, 0, 3, 2],
      [0, 1, 3, 2],
    ]);
    return d.g.op("Transpose", [d.input([d.upTo(9), d.upTo(9), d.upTo(9), d.upTo(9)])], { perm });
  },
  ReduceSum: (d) => {
    const axes = d.g.ints(d.pick([[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]]));
    return d.g.op("ReduceSum", [d.input([d.upTo(33), d.upTo(33), d.upTo(9)]), axes], { keepdims: d.upTo(1, 0) });
  },
  Add: (d) => {
    const shape = [d.upTo(9), d.upTo(9), d.upTo(9)];
    return d.g.op("Add", [d.input(shape), d.input(shape.map((length) => d.pick([length, 1])).slice(d.upTo(2, 0)))]);
  },
  Concat: (d) => {
    const shape = [d.upTo(9), d.upTo(9), d.upTo(9)];
    const axis = d.upTo(2, 0);
    const part = () => d.input(shape.map((length, i) => (i === axis ? d.upTo(7) : length)));
    return d.g.op("Concat", Array.from({ length: d.upTo(12, 2) }, part), { axis });
  },
};

const missing = useSoftwareVulkan();
test.skipIf(missing !== null).each(Object.entries(kinds))(
  `%s over random shapes is the CPU's${missing === null ? "" : `: ${missing}`}`,
  async (_, make) => {
    const { runtime } = await openDevice({ device: "webgpu" });
    await using device = runtime;
    for (let index = 0; index < 60; index++) {
      const draw = new Draw(index);
      draw.g.output("y", make(draw));
      const graph = draw.g.build();
      const expected = await evaluate(optimize(graph, "cpu"), draw.feeds);
      const got = await evaluate(optimize(graph, "webgpu"), draw.feeds, device);
      const shapes = Object.values(draw.feeds).map(({ shape }) => shape.join("×"));
      expect(differenceOf(got.y as Tensor, expected.y as Tensor), shapes.join(" ")).toBeLessThan(1e-4);
    }
  },
);
