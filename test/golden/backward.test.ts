/** Printed gradient graphs of small models: a change here is a change of what is computed, and is looked at before it is accepted. */

import { expect, test } from "vitest";
import { printGraph } from "../../src/graph/print.ts";
import { verifyGraph } from "../../src/graph/verify.ts";
import { inference, keyOf } from "../../src/ops/registry.ts";
import { removeDeadCode } from "../../src/passes/dead-code.ts";
import { optimize } from "../../src/passes/optimize.ts";
import type { Model } from "../../src/train/model.ts";
import { gradientGraph } from "../../src/train/step-graph.ts";
import { expectSameResults } from "../support/compare-graphs.ts";
import { blockModel, convModel, mlpModel } from "../support/models.ts";

const models: Readonly<Record<string, Model>> = { mlp: mlpModel(), block: blockModel(), conv: convModel() };

test.each(Object.keys(models))("gradients of %s", async (name) => {
  const graph = gradientGraph(models[name] as Model, 2);
  verifyGraph(graph, { inference, keyOf });
  // As differentiation leaves it: the passes that follow have tests of their own.
  await expect(printGraph(removeDeadCode(graph))).toMatchFileSnapshot(`backward-${name}.txt`);
});

test.each(Object.keys(models))("%s lowered for the CPU gives the same gradients", async (name) => {
  const graph = gradientGraph(models[name] as Model, 2);
  const lowered = optimize(graph, "cpu");
  verifyGraph(lowered, { inference, keyOf });
  await expectSameResults(lowered, graph);
});
