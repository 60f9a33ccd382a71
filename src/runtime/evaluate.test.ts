import { expect, test } from "vitest";
import { GraphError } from "../base/errors.ts";
import type { Graph } from "../graph/graph.ts";
import { createBuilder } from "../ops/registry.ts";
import { tensor } from "../tensor/tensor.ts";
import { createCpuRuntime } from "./cpu.ts";
import { compile, evaluate, sharedCpuRuntime } from "./evaluate.ts";

function twice(): Graph {
  const g = createBuilder("twice");
  g.output("y", g.op("Mul", [g.input("x", "float32", [2]), g.scalar(2)]));
  return g.build();
}

test("evaluate gives a tensor for each output and ignores feeds nobody asked for", async () => {
  const x = tensor("float32", [2], [1, 2]);
  expect(await evaluate(twice(), { x, other: x })).toEqual({ y: tensor("float32", [2], [2, 4]) });
});

test("evaluate releases its session, and uses the runtime it is given", async () => {
  await using runtime = await createCpuRuntime({ threads: 1 });
  const x = tensor("float32", [2], [1, 2]);
  await evaluate(twice(), { x }, runtime);
  await evaluate(twice(), { x }, runtime);
  expect(runtime.sessionsCreated).toBe(2);
  expect(await sharedCpuRuntime()).toBe(await sharedCpuRuntime());
});

test("a compiled graph runs many times on one session", async () => {
  await using runtime = await createCpuRuntime({ threads: 1 });
  await using compiled = await compile(twice(), runtime);
  for (const value of [1, 2, 3])
    expect((await compiled.run({ x: tensor("float32", [2], [value, 0]) })).y?.data[0]).toBe(2 * value);
  expect(runtime.sessionsCreated).toBe(1);
});

test("feeds that are missing or do not fit are refused with what the model declares", async () => {
  const cases: [Record<string, ReturnType<typeof tensor>>, string][] = [
    [{}, "got nothing"],
    [{ x: tensor("float32", [3], [1, 2, 3]) }, "got float32 [3]"],
    [{ x: tensor("int64", [2], [1, 2]) }, "got int64 [2]"],
  ];
  for (const [feeds, received] of cases) {
    await expect(evaluate(twice(), feeds)).rejects.toThrow(GraphError);
    await expect(evaluate(twice(), feeds)).rejects.toThrow(
      `graph.run: cannot bind input "x": ${received}, the model declares float32 [2]`,
    );
  }
});

test("all dtypes that the host can hold come back as they went in", async () => {
  for (const dtype of [
    "float64",
    "float16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
  ] as const) {
    const g = createBuilder("same");
    g.output("y", g.op("Identity", [g.input("x", dtype, [3])]));
    const x = tensor(dtype, [3], [1, 0, 1]);
    expect((await evaluate(g.build(), { x })).y, dtype).toEqual(x);
  }
});
