import { describe, expect, test } from "vitest";
import { runNode, sourceUrl } from "../../test/support/run-node.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import { createBuilder } from "../ops/registry.ts";
import { tensor } from "../tensor/tensor.ts";
import { createCpuRuntime } from "./cpu.ts";
import { runtimeContract } from "./runtime.contract.ts";
import { viewOf } from "./runtime.ts";

runtimeContract("cpu", (threads) => createCpuRuntime(threads === undefined ? {} : { threads }));

/** Rows of any number, their sums, and as many rows of zeros as `count` says. */
function dynamicModel(): Uint8Array {
  const g = createBuilder("rows");
  const x = g.input("x", "float32", [5, 2]);
  g.output("sums", g.op("ReduceSum", [x, g.ints([1])], { keepdims: 0 }));
  return writeOnnx(g.build(), { dynamicShapes: { x: ["rows", 2], sums: ["rows"] } });
}

describe("createCpuRuntime", () => {
  test.each([0, 1.5, 513, Number.NaN])("refuses %s threads", async (threads) => {
    await expect(createCpuRuntime({ threads })).rejects.toThrow(
      `createNativeRuntime: cannot use threads: got ${threads}, must be an integer in [1, 512]`,
    );
  });

  test("names the variable that points to a library which does not exist", async () => {
    const script = `
      const { createCpuRuntime } = await import(${JSON.stringify(sourceUrl("src/runtime/cpu.ts"))});
      await createCpuRuntime().catch((error) => console.log(error.message));`;
    const { stdout, code } = await runNode(script, { env: { CAMEO_ONNXRUNTIME: "/absent/libonnxruntime.so" } });
    expect(stdout).toMatch(
      /^runtime\.cpu: cannot load ONNX Runtime: CAMEO_ONNXRUNTIME is "\/absent\/libonnxruntime\.so", .+\n$/,
    );
    expect(code).toBe(0); // and the engine's thread does not keep the process alive
  });
});

describe("process", () => {
  const start = `
    const { createCpuRuntime, viewOf } = await import(${JSON.stringify(sourceUrl("src/runtime/index.ts"))});
    const { createBuilder } = await import(${JSON.stringify(sourceUrl("src/ops/registry.ts"))});
    const { writeOnnx } = await import(${JSON.stringify(sourceUrl("src/graph/onnx/export.ts"))});
    const g = createBuilder("twice");
    g.output("y", g.op("Mul", [g.input("x", "float32", [3]), g.scalar(2)]));
    const runtime = await createCpuRuntime({ threads: 2 });
    const program = await runtime.load(writeOnnx(g.build()));
    const [x, y] = [runtime.createBuffer("float32", 3), runtime.createBuffer("float32", 3)];
    const plan = await runtime.prepare([{ executable: program, inputs: { x: viewOf(x) }, outputs: { y: viewOf(y) } }]);`;

  test("starts where a session of onnxruntime-node made the library's environment before", async () => {
    const model = new URL("../../fixtures/onnx/tuned-encoder.onnx", import.meta.url).pathname;
    const script = `
      const { InferenceSession } = await import(${JSON.stringify(import.meta.resolve("onnxruntime-node"))});
      const session = await InferenceSession.create(${JSON.stringify(model)});
      ${start} await plan.run(); console.log("ran"); await session.release(); process.exit(0);`;
    const { code, stdout, stderr } = await runNode(script);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "ran\n", stderr: "" });
  });

  test("ends when the engine is idle, disposed or not", async () => {
    const { code, signal, stdout, stderr } = await runNode(`${start} await plan.run(); console.log("ran");`);
    expect({ code, signal, stdout, stderr }).toEqual({ code: 0, signal: null, stdout: "ran\n", stderr: "" });
  });

  test("stays while a run is under way", async () => {
    const { code, stdout } = await runNode(`${start} plan.run().then(() => console.log("ran"));`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "ran\n" });
  });

  test("prints nothing when the engine refuses a run", async () => {
    const script = `${start}
      const bad = await runtime.prepare([{ executable: program, inputs: {}, outputs: { y: viewOf(y) } }]);
      await bad.run().catch(() => console.log("refused"));`;
    const { code, stdout, stderr } = await runNode(script);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "refused\n", stderr: "" });
  });
});

describe("call", () => {
  test("takes and gives plain tensors of any length", async () => {
    await using runtime = await createCpuRuntime({ threads: 1 });
    await using program = await runtime.load(dynamicModel());
    for (const rows of [1, 4, 0]) {
      const x = tensor(
        "float32",
        [rows, 2],
        Array.from({ length: 2 * rows }, (_, i) => i),
      );
      const { sums } = await program.call({ x }, ["sums"]);
      expect(sums?.shape).toEqual([rows]);
      expect(Array.from(sums?.data as Float32Array)).toEqual(Array.from({ length: rows }, (_, i) => 4 * i + 1));
    }
  });

  test("reads parts of larger arrays, shared memory included", async () => {
    await using runtime = await createCpuRuntime({ threads: 1 });
    await using program = await runtime.load(dynamicModel());
    const plain = Float32Array.of(9, 9, 1, 2, 9);
    const shared = runtime.createBuffer("float32", 5);
    await shared.write(plain);
    for (const data of [plain, shared.host as Float32Array]) {
      const { sums } = await program.call({ x: { dtype: "float32", shape: [1, 2], data: data.subarray(2, 4) } }, [
        "sums",
      ]);
      expect(Array.from(sums?.data as Float32Array)).toEqual([3]);
    }
  });

  test("refuses what does not fit, with the program's name", async () => {
    await using runtime = await createCpuRuntime({ threads: 1 });
    await using program = await runtime.load(dynamicModel(), { name: "rows" });
    const bad = (x: Parameters<typeof program.call>[0][string]) => program.call({ x }, ["sums"]);
    await expect(bad(tensor("float32", [2], [1, 2]))).rejects.toThrow(/^rows: cannot run: /);
    await expect(bad({ dtype: "float32", shape: [3, 2], data: new Float32Array(4) })).rejects.toThrow(
      /^rows: cannot bind "x"/,
    );
    await expect(bad({ dtype: "string", shape: [1], data: ["a"] })).rejects.toThrow(TypeError);
    await expect(program.call({ x: tensor("float32", [1, 2], [1, 2]) }, ["absent"])).rejects.toThrow(
      /^rows: cannot run: /,
    );
  });
});

test("views cover a buffer or a part of it", async () => {
  await using runtime = await createCpuRuntime({ threads: 1 });
  const buffer = runtime.createBuffer("float32", 6);
  expect(viewOf(buffer)).toEqual({ buffer, offset: 0, shape: [6] });
  expect(viewOf(buffer, [2, 2], 1)).toEqual({ buffer, offset: 1, shape: [2, 2] });
});
