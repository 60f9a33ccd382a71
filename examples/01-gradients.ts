/**
 * Builds a small graph, differentiates it, prints it and runs it.
 *
 *     npx node --conditions=cameo-source examples/01-gradients.ts
 */

import assert from "node:assert/strict";
import { gradients } from "cameo/autodiff";
import { printGraph } from "cameo/graph";
import { meanSquaredError } from "cameo/nn";
import { createBuilder } from "cameo/ops";
import { compile } from "cameo/runtime";
import { type Tensor, tensor } from "cameo/tensor";

// A straight line through four points: y = x·w + b. Nothing is computed here; the builder only notes nodes and their shapes.
const g = createBuilder("line");
const x = g.input("x", "float32", [4, 1]);
const y = g.input("y", "float32", [4, 1]);
const w = g.input("w", "float32", [1, 1]);
const b = g.input("b", "float32", [1]);
const predicted = g.op("Add", [g.op("MatMul", [x, w]), b]);
const loss = meanSquaredError(g, predicted, y);

// The gradients are more nodes of the same graph: it could be differentiated again, or written to an .onnx file.
const [dw, db] = gradients(g, loss, [w, b]);
assert(dw !== undefined && db !== undefined);
g.output("loss", loss);
g.output("dw", dw);
g.output("db", db);
const graph = g.build();

console.log(printGraph(graph));

// Loaded once, run many times. The points lie on y = 3x − 1, so that is where plain descent must end.
await using program = await compile(graph);
const points = {
  x: tensor("float32", [4, 1], [-1, 0, 1, 2]),
  y: tensor("float32", [4, 1], [-4, -1, 2, 5]),
};
let [slope, offset] = [0, 0];
for (let step = 0; step <= 60; step++) {
  const feeds = { ...points, w: tensor("float32", [1, 1], [slope]), b: tensor("float32", [1], [offset]) };
  const results = await program.run(feeds);
  const read = (name: string): number => Number((results[name] as Tensor).data[0]);
  if (step % 20 === 0)
    console.log(
      `step ${step}: loss ${read("loss").toFixed(6)}, slope ${slope.toFixed(3)}, offset ${offset.toFixed(3)}`,
    );
  slope -= 0.2 * read("dw");
  offset -= 0.2 * read("db");
}
assert(Math.abs(slope - 3) < 1e-3 && Math.abs(offset + 1) < 1e-3);
