/** Every kind of model: loss and gradients on WebGPU and wasm are the CPU's, and on WebGPU all of it runs on the device. */

import { afterAll, describe, expect, test } from "vitest";
import { optimize } from "../../src/passes/optimize.ts";
import { describeUnsupported, unsupportedNodes } from "../../src/passes/target-support.ts";
import { openDevice } from "../../src/runtime/device.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { gradientGraph } from "../../src/train/step-graph.ts";
import { gradientDifferences } from "../support/check-model.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";
import { zoo } from "../support/zoo.ts";

/** Measured: at most 1.3·10⁻⁶ on both. */
const tolerance = 1e-5;

const missing: Readonly<Record<"wasm" | "webgpu", string | null>> = { wasm: null, webgpu: useSoftwareVulkan() };

for (const target of ["wasm", "webgpu"] as const)
  describe.skipIf(missing[target] !== null)(missing[target] ? `${target}: ${missing[target]}` : target, () => {
    let opening: Promise<{ runtime: Runtime }> | undefined;
    const runtime = async (): Promise<Runtime> => {
      opening ??= openDevice({ device: target });
      return (await opening).runtime;
    };
    afterAll(async () => (await opening)?.runtime[Symbol.asyncDispose]());

    // ResNet has eleven million numbers: see targets-models.slow.test.ts.
    for (const [name, make] of Object.entries(zoo).filter(([key]) => key !== "resnet"))
      test(name, async () => {
        const model = make();
        const differences = await gradientDifferences(model, await runtime());
        expect(Math.max(...differences.values())).toBeLessThan(tolerance);
        const graph = optimize(gradientGraph(model, 4), target);
        expect(describeUnsupported(unsupportedNodes(graph, target))).toBe("");
      });
  });
