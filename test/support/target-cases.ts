/** The rows of the operators' case tables as tests of one target: results and gradients are the CPU's, and the target's table says what is not. */

import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { Graph, Node } from "../../src/graph/graph.ts";
import { optimize } from "../../src/passes/optimize.ts";
import { unsupportedNodes } from "../../src/passes/target-support.ts";
import { openDevice } from "../../src/runtime/device.ts";
import { sharedCpuRuntime } from "../../src/runtime/evaluate.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { OperatorCase } from "./operator-case.ts";
import { graphOf, parityOf } from "./parity.ts";
import { targetTolerance, untold } from "./target-tolerance.ts";

const folder = join(import.meta.dirname, "../../src/ops");

/** All rows, in the order of the files. */
export async function allCases(): Promise<OperatorCase[]> {
  const rows: OperatorCase[] = [];
  for (const file of globSync("*.cases.ts", { cwd: folder }).sort()) {
    const { cases } = (await import(pathToFileURL(join(folder, file)).href)) as { cases: readonly OperatorCase[] };
    rows.push(...cases);
  }
  return rows;
}

/** The first row of every operator. */
export function firstOfEach(rows: readonly OperatorCase[]): OperatorCase[] {
  return [...Map.groupBy(rows, ({ op }) => op).values()].map(([row]) => row as OperatorCase);
}

/** Declares a test for each row. */
export function testTarget(target: "wasm" | "webgpu", rows: readonly OperatorCase[]): void {
  let opening: Promise<{ runtime: Runtime }> | undefined;
  afterAll(async () => (await opening)?.runtime[Symbol.asyncDispose]());
  for (const row of rows) {
    const reason = untold(row);
    if (reason !== undefined) {
      test.skip(`${row.op}: ${row.name}: ${reason}`);
      continue;
    }
    test(`${row.op}: ${row.name}`, async () => {
      opening ??= openDevice({ device: target });
      const { runtime } = await opening;
      const { forward, gradient, onHost, error } = await parityOf(row, runtime, await sharedCpuRuntime());
      expect(error).toBeUndefined();
      const tolerance = targetTolerance(row, target);
      expect(forward).toBeLessThanOrEqual(tolerance);
      if (gradient !== null) expect(gradient).toBeLessThanOrEqual(tolerance);
      const lowered = optimize(graphOf(row, true).graph, target);
      if (!isTold(lowered)) return;
      const unsupported = unsupportedNodes(lowered, target);
      expect(unsupported.length > 0, "the table says what is taken to the CPU").toBe(onHost !== "none");
    });
  }
}

/** False for graphs of which the engine does not say where they run: without nodes, and with graphs inside nodes. */
function isTold({ nodes }: Graph): boolean {
  const isAround = (node: Node): boolean => Object.values(node.attributes).some(({ kind }) => kind === "graph");
  return nodes.length > 0 && !nodes.some(isAround);
}
