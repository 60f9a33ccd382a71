import { expect, test } from "vitest";
import { writeOnnx } from "../graph/onnx/export.ts";
import { createBuilder } from "../ops/registry.ts";
import { viewOf } from "./runtime.ts";
import { createWasmRuntime } from "./wasm.ts";

test("gives the memory of plans and programs back", async () => {
  await using runtime = await createWasmRuntime({ threads: 1 });
  const size = 2 ** 22;
  const g = createBuilder("large");
  g.output("y", g.op("Mul", [g.input("x", "float32", [size]), g.scalar(2)]));
  const model = writeOnnx(g.build());
  const x = { dtype: "float32", shape: [size], data: new Float32Array(size).fill(3) } as const;
  const [from, to] = [runtime.createBuffer("float32", size), runtime.createBuffer("float32", size)];
  // More than 8 GiB in all would not fit if anything stayed.
  for (let i = 0; i < 140; i++) {
    await using program = await runtime.load(model);
    const { y } = await program.call({ x }, ["y"]);
    expect(y?.data[size - 1]).toBe(6);
    await using plan = await runtime.prepare([
      { executable: program, inputs: { x: viewOf(from) }, outputs: { y: viewOf(to) } },
    ]);
    await plan.run();
  }
});
