/** A step with every optimizer on WebGPU gives the CPU's parameters and state. */

import { afterAll, expect, test } from "vitest";
import { optimize } from "../../src/passes/optimize.ts";
import { openDevice } from "../../src/runtime/device.ts";
import { sharedCpuRuntime } from "../../src/runtime/evaluate.ts";
import type { LoadOptions, Runtime } from "../../src/runtime/runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { firstStep, optimizers } from "../support/optimizer-steps.ts";
import { deviceOnly, differenceOf, runOn } from "../support/parity.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";

/** Relative to the largest number of a tensor, or to 0.01. Measured: under 10⁻⁵ for all but Shampoo, which takes roots of matrices that hardly have any. */
const tolerance = (name: string): number => (name.includes("shampoo") ? 1e-2 : 1e-5);

const missing = useSoftwareVulkan();
let opening: Promise<{ runtime: Runtime }> | undefined;
afterAll(async () => (await opening)?.runtime[Symbol.asyncDispose]());

for (const [name, make] of missing === null ? optimizers : [])
  test(name, async () => {
    opening ??= openDevice({ device: "webgpu" });
    const { graph, feeds } = firstStep(make());
    const on = (target: Runtime, options: LoadOptions = {}): Promise<Readonly<Record<string, Tensor>>> =>
      runOn(target, { graph: optimize(graph, target.target), feeds }, options);
    const got = await on((await opening).runtime, deviceOnly);
    const expected = await on(await sharedCpuRuntime());
    const apart = graph.outputs.map((output) =>
      differenceOf(got[output.name] as Tensor, expected[output.name] as Tensor, 1e-2),
    );
    expect(Math.max(...apart)).toBeLessThan(tolerance(name));
  });

if (missing !== null) test.skip(`steps on WebGPU: ${missing}`);
