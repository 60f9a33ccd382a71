/** What every runtime must do: call it from the test of an implementation. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { RuntimeError, ShapeError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder } from "../ops/registry.ts";
import { arrayTypeOf, type TypedArray } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { type DeviceBuffer, type Executable, type Runtime, viewOf } from "./runtime.ts";

/** Bytes of a model from `x` to `y`. */
function modelOf(shape: Shape, build: (g: Builder, x: Value) => Value): Uint8Array {
  const g = createBuilder("program");
  g.output("y", build(g, g.input("x", "float32", shape)));
  return writeOnnx(g.build());
}

const doubling = (shape: Shape = [3]): Uint8Array => modelOf(shape, (g, x) => g.op("Mul", [x, g.scalar(2)]));

/**
 * Declares the tests of a runtime.
 *
 * @param name - Of the implementation.
 * @param create - Makes a runtime; with another number of threads when asked.
 */
export function runtimeContract(name: string, create: (threads?: number) => Promise<Runtime>): void {
  describe(`${name} as a runtime`, () => {
    let runtime: Runtime;
    let folder: string;
    beforeAll(async () => {
      runtime = await create();
      folder = await mkdtemp(join(tmpdir(), "cameo-runtime-"));
    });
    afterAll(async () => {
      await runtime[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });
    const made: Runtime[] = [];
    afterEach(async () => {
      for (const other of made.splice(0)) await other[Symbol.asyncDispose]();
    });
    const another = async (threads?: number): Promise<Runtime> => {
      const other = await create(threads);
      made.push(other);
      return other;
    };
    const bufferOf = async (values: readonly number[], on: Runtime = runtime): Promise<DeviceBuffer> => {
      const buffer = on.createBuffer("float32", values.length);
      await buffer.write(Float32Array.from(values));
      return buffer;
    };
    const numbers = async (buffer: DeviceBuffer): Promise<number[]> =>
      Array.from((await buffer.read()) as ArrayLike<unknown>, Number);

    test("is called with plain tensors, also where a program runs on the host", async () => {
      const x = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) } as const;
      for (const onHost of [false, true]) {
        await using program = await runtime.load(doubling(), { onHost });
        const { y } = await program.call({ x }, ["y"]);
        expect([y?.dtype, y?.shape, Array.from(y?.data as Float32Array)]).toEqual(["float32", [3], [2, 4, 6]]);
      }
    });

    test("says what it is", () => {
      expect(runtime.description).toMatch(/^\S.*\S$/);
      expect(["flat", "whole"]).toContain(runtime.memory);
      expect(runtime.threads).toBeGreaterThanOrEqual(1);
      expect(["cpu", "webgpu", "wasm", "cuda"]).toContain(runtime.target);
    });

    describe("memory", () => {
      test("starts as zeros and keeps dtype and length", async () => {
        const buffer = runtime.createBuffer("int64", 3);
        expect([buffer.dtype, buffer.length]).toEqual(["int64", 3]);
        expect(await numbers(buffer)).toEqual([0, 0, 0]);
      });

      test("is written at an offset and read in part", async () => {
        const buffer = await bufferOf([1, 2, 3, 4]);
        await buffer.write(Float32Array.of(9), 2);
        expect(Array.from((await buffer.read(1, 3)) as Float32Array)).toEqual([2, 9]);
        await expect(buffer.write(new Float32Array(2), 3)).rejects.toThrow(RangeError);
      });

      test("holds elements of any size, written and read at any place", async () => {
        for (const dtype of ["uint8", "bool", "float16", "int64"] as const) {
          const Array = arrayTypeOf(dtype);
          const elements = (...values: number[]): TypedArray => {
            const array = new Array(values.length);
            for (const [i, value] of values.entries()) array[i] = dtype === "int64" ? BigInt(value) : value;
            return array;
          };
          const buffer = runtime.createBuffer(dtype, 7);
          await buffer.write(elements(1, 1, 1, 1, 1, 1, 1));
          await buffer.write(elements(2, 3), 1);
          await buffer.write(elements(4), 5);
          await buffer.write(elements(), 7);
          expect(await numbers(buffer), dtype).toEqual([1, 2, 3, 1, 1, 4, 1]);
          for (const [begin, end] of [
            [1, 2],
            [2, 7],
            [3, 3],
          ] as const)
            expect(await buffer.read(begin, end), dtype).toEqual(elements(1, 2, 3, 1, 1, 4, 1).slice(begin, end));
        }
      });

      test("what is read is a copy", async () => {
        const buffer = await bufferOf([1]);
        const copy = await buffer.read();
        await buffer.write(Float32Array.of(5));
        expect(copy[0]).toBe(1);
      });

      test("that the host sees is the memory that runs use", async () => {
        const [x, y] = [runtime.createBuffer("float32", 3), runtime.createBuffer("float32", 3)];
        if (x.host === null || y.host === null) return; // devices with memory of their own
        await using program = await runtime.load(doubling());
        await using plan = await runtime.prepare([
          { executable: program, inputs: { x: viewOf(x) }, outputs: { y: viewOf(y) } },
        ]);
        for (const value of [1, 2]) {
          (x.host as Float32Array).fill(value);
          await plan.run();
          expect(Array.from(y.host as Float32Array)).toEqual([2 * value, 2 * value, 2 * value]);
        }
      });
    });

    describe("plans", () => {
      test("run over views with offsets and touch nothing around them, or refuse such views", async () => {
        const memory = await bufferOf([9, 1, 2, 3, 9, 0, 0, 0, 9]);
        await using program = await runtime.load(doubling(), { name: "twice" });
        if (runtime.memory === "whole") {
          const part = { executable: program, inputs: { x: viewOf(memory, [3], 1) }, outputs: {} };
          await expect(runtime.prepare([part])).rejects.toThrow(/^twice: cannot bind "x": .+ whole buffers only$/);
          const x = await bufferOf([1, 2, 3]);
          const over = { executable: program, inputs: { x: viewOf(x) }, outputs: { y: viewOf(x) } };
          await expect(runtime.prepare([over])).rejects.toThrow(
            /^twice: cannot bind "y": it is an input of the same call/,
          );
          return;
        }
        const call = {
          executable: program,
          inputs: { x: viewOf(memory, [3], 1) },
          outputs: { y: viewOf(memory, [3], 5) },
        };
        await using plan = await runtime.prepare([call]);
        expect(await plan.run()).toBeGreaterThanOrEqual(0);
        expect(await numbers(memory)).toEqual([9, 1, 2, 3, 9, 2, 4, 6, 9]);
      });

      test("run their calls in order, any number of times", async () => {
        const [a, b] = [await bufferOf([1, 1, 1]), await bufferOf([0, 0, 0])];
        await using program = await runtime.load(doubling());
        const call = (from: DeviceBuffer, to: DeviceBuffer) => ({
          executable: program,
          inputs: { x: viewOf(from) },
          outputs: { y: viewOf(to) },
        });
        await using plan = await runtime.prepare([call(a, b), call(b, a)]);
        for (let i = 0; i < 3; i++) await plan.run();
        expect(await numbers(a)).toEqual([64, 64, 64]);
      });

      test("copy what lies with the host, and say how many bytes", async () => {
        await using program = await runtime.load(doubling());
        const [x, y] = [runtime.createBuffer("float32", 3, "host"), runtime.createBuffer("float32", 3, "host")];
        const kept = await bufferOf([0, 0, 0]);
        const calls = [
          { executable: program, inputs: { x: viewOf(x) }, outputs: { y: viewOf(kept) } },
          { executable: program, inputs: { x: viewOf(kept) }, outputs: { y: viewOf(y) } },
        ];
        await using plan = await runtime.prepare(calls);
        for (const value of [1, 5]) {
          await x.write(new Float32Array(3).fill(value));
          const before = runtime.copiedBytes;
          await plan.run();
          expect(runtime.copiedBytes - before).toBe(runtime.memory === "whole" ? 24 : 0);
          expect(await numbers(y)).toEqual([4 * value, 4 * value, 4 * value]);
        }
      });

      test("take scalars and tensors without elements", async () => {
        const empty = await runtime.load(doubling([2, 0, 3]));
        const scalar = await runtime.load(doubling([]));
        const [x, y] = [await bufferOf([7]), await bufferOf([0])];
        const nowhere = () => viewOf(runtime.createBuffer("float32", 0), [2, 0, 3]);
        const plan = await runtime.prepare([
          { executable: empty, inputs: { x: nowhere() }, outputs: { y: nowhere() } },
          { executable: scalar, inputs: { x: viewOf(x, []) }, outputs: { y: viewOf(y, []) } },
        ]);
        await plan.run();
        expect(await numbers(y)).toEqual([14]);
        for (const item of [plan, empty, scalar]) await item[Symbol.asyncDispose]();
      });

      test("are refused over views that leave their buffer", async () => {
        await using program = await runtime.load(doubling(), { name: "twice" });
        const [x, y] = [await bufferOf([1, 2, 3]), await bufferOf([0, 0, 0])];
        for (const offset of [1, -1]) {
          const calls = [{ executable: program, inputs: { x: viewOf(x, [3], offset) }, outputs: { y: viewOf(y) } }];
          await expect(runtime.prepare(calls)).rejects.toThrow(ShapeError);
          await expect(runtime.prepare(calls)).rejects.toThrow(`twice: cannot bind "x": got [3] at element ${offset}`);
        }
      });

      test("that do not fit the program fail with its name, in one line, and leave the runtime whole", async () => {
        await using program = await runtime.load(doubling(), { name: "twice" });
        const [x, y] = [await bufferOf([1, 2, 3]), await bufferOf([0, 0, 0])];
        const integers = runtime.createBuffer("int64", 3);
        const fits = { x: viewOf(x) };
        const wrong: Record<string, Parameters<Runtime["prepare"]>[0][number]> = {
          "unknown input": { executable: program, inputs: { z: viewOf(x) }, outputs: { y: viewOf(y) } },
          "missing input": { executable: program, inputs: {}, outputs: { y: viewOf(y) } },
          "unknown output": { executable: program, inputs: fits, outputs: { z: viewOf(y) } },
          shape: { executable: program, inputs: { x: viewOf(x, [3, 1]) }, outputs: { y: viewOf(y) } },
          dtype: { executable: program, inputs: { x: viewOf(integers) }, outputs: { y: viewOf(y) } },
          "shape of the output": { executable: program, inputs: fits, outputs: { y: viewOf(y, [3, 1]) } },
        };
        for (const [what, call] of Object.entries(wrong)) {
          const plan = await runtime.prepare([call]);
          const error = await plan.run().then(
            () => null,
            (reason: unknown) => reason as Error,
          );
          expect(error, what).toBeInstanceOf(RuntimeError);
          expect(error?.message, what).toMatch(/^twice: cannot run: [^\n]+$/);
          await plan[Symbol.asyncDispose]();
        }
        await using plan = await runtime.prepare([{ executable: program, inputs: fits, outputs: { y: viewOf(y) } }]);
        await plan.run();
        expect(await numbers(y)).toEqual([2, 4, 6]);
      });

      test("of another runtime's programs are refused", async () => {
        const other = await another();
        const foreign = await other.load(doubling(), { name: "twice" });
        const x = await bufferOf([1, 2, 3]);
        const call = { executable: foreign, inputs: { x: viewOf(x) }, outputs: { y: viewOf(x) } };
        await expect(runtime.prepare([call])).rejects.toThrow(/cannot call "twice": another runtime loaded it/);
      });
    });

    describe("loading", () => {
      test("from bytes and from a file", async () => {
        const path = join(folder, "model.onnx");
        await writeFile(path, doubling());
        for (const source of [doubling(), path]) {
          await using program = await runtime.load(source, { name: "twice" });
          expect(program.name).toBe("twice");
        }
      });

      test("damaged models fails in one line that names the program, and crashes nothing", async () => {
        const whole = doubling();
        const bad: (Uint8Array | string)[] = [
          new Uint8Array(0),
          Uint8Array.of(1, 2, 3),
          join(folder, "absent.onnx"),
          folder,
        ];
        for (let cut = 1; cut < whole.length; cut += 7) bad.push(whole.subarray(0, cut));
        for (let at = 0; at < whole.length; at += 5) bad.push(whole.map((byte, i) => (i === at ? byte ^ 0xff : byte)));
        let refused = 0;
        for (const model of bad) {
          const result = await runtime.load(model, { name: "damaged" }).catch((error: unknown) => error as Error);
          if (!(result instanceof Error)) {
            await result[Symbol.asyncDispose](); // some bytes are only names
            continue;
          }
          refused++;
          expect(result).toBeInstanceOf(RuntimeError);
          expect(result.message).toMatch(/^damaged: cannot load the model: [^\n]+$/);
        }
        expect(refused).toBeGreaterThan(bad.length / 2);
        await using program = await runtime.load(whole);
        expect(program.name).toBe("program");
      });

      test("counts sessions; running and preparing make none", async () => {
        const other = await another();
        expect(other.sessionsCreated).toBe(0);
        await other.load(new Uint8Array(3)).catch(() => {});
        expect(other.sessionsCreated).toBe(0);
        const programs = [await other.load(doubling()), await other.load(doubling())];
        const x = await bufferOf([1, 2, 3], other);
        const y = await bufferOf([0, 0, 0], other);
        for (const executable of programs) {
          const plan = await other.prepare([{ executable, inputs: { x: viewOf(x) }, outputs: { y: viewOf(y) } }]);
          for (let i = 0; i < 5; i++) await plan.run();
        }
        expect(other.sessionsCreated).toBe(2);
      });
    });

    describe("disposal", () => {
      test("of a plan, a program and a runtime can be repeated, one after the other and at once", async () => {
        const other = await create();
        const program = await other.load(doubling());
        const [x, y] = [await bufferOf([1, 2, 3], other), await bufferOf([0, 0, 0], other)];
        const plan = await other.prepare([
          { executable: program, inputs: { x: viewOf(x) }, outputs: { y: viewOf(y) } },
        ]);
        for (const item of [plan, program, other] as AsyncDisposable[]) {
          await Promise.all([item[Symbol.asyncDispose](), item[Symbol.asyncDispose]()]);
          await item[Symbol.asyncDispose]();
        }
        for (const item of [plan, program] as AsyncDisposable[]) await item[Symbol.asyncDispose]();
      });

      test("of all of them at once, in any order and with runs under way, is no error and ends", async () => {
        for (const reversed of [false, true]) {
          const other = await create();
          const program = await other.load(doubling());
          const [x, y] = [await bufferOf([1, 2, 3], other), await bufferOf([0, 0, 0], other)];
          const plan = await other.prepare([
            { executable: program, inputs: { x: viewOf(x) }, outputs: { y: viewOf(y) } },
          ]);
          const run = plan.run();
          const items: AsyncDisposable[] = reversed ? [other, program, plan] : [plan, program, other];
          const disposed = Promise.all(items.map((item) => item[Symbol.asyncDispose]()));
          const late = expect(plan.run()).rejects.toThrow(/disposed/);
          await Promise.all([run, disposed, late]);
        }
      });

      test("makes later runs reject, also those of plans whose program is gone", async () => {
        const other = await another();
        const program = await other.load(doubling(), { name: "twice" });
        const [x, y] = [await bufferOf([1, 2, 3], other), await bufferOf([0, 0, 0], other)];
        const call = { executable: program, inputs: { x: viewOf(x) }, outputs: { y: viewOf(y) } };
        const [first, second] = [await other.prepare([call]), await other.prepare([call])];
        await first[Symbol.asyncDispose]();
        await expect(first.run()).rejects.toThrow(/the plan is disposed/);
        await program[Symbol.asyncDispose]();
        await expect(second.run()).rejects.toThrow(/^twice: cannot run: the program is disposed/);
        await expect(other.prepare([call])).rejects.toThrow(/disposed/);
        await other[Symbol.asyncDispose]();
        for (const late of [second.run(), other.load(doubling()), other.prepare([])])
          await expect(late).rejects.toThrow(/cannot run: the runtime is disposed/);
      });
    });

    test("two runtimes with different thread counts live side by side and agree", async () => {
      const size = 96;
      const model = modelOf([size, size], (g, x) => g.op("Softmax", [g.op("MatMul", [x, x])], { axis: -1 }));
      const values = Array.from({ length: size * size }, (_, i) => Math.sin(i));
      const results = await Promise.all(
        [1, 2, 3].map(async (threads) => {
          const other = await another(threads);
          expect(other.threads).toBe(threads);
          const program = await other.load(model);
          const [x, y] = [await bufferOf(values, other), other.createBuffer("float32", values.length)];
          const views = { x: viewOf(x, [size, size]), y: viewOf(y, [size, size]) };
          const plan = await other.prepare([{ executable: program, inputs: { x: views.x }, outputs: { y: views.y } }]);
          for (let i = 0; i < 20; i++) await plan.run();
          return numbers(y);
        }),
      );
      for (const result of results.slice(1))
        for (const [i, value] of result.entries()) expect(value).toBeCloseTo(results[0]?.[i] as number, 5);
    });

    test("leaves the event loop free while it runs", async () => {
      const size = runtime.memory === "whole" ? 64 : 256; // a GPU may be a program on the processor, and slow
      const program: Executable = await runtime.load(modelOf([size, size], (g, x) => g.op("MatMul", [x, x])));
      const [x, y] = [runtime.createBuffer("float32", size * size), runtime.createBuffer("float32", size * size)];
      const call = {
        executable: program,
        inputs: { x: viewOf(x, [size, size]) },
        outputs: { y: viewOf(y, [size, size]) },
      };
      const plan = await runtime.prepare(Array.from({ length: 300 }, () => call));
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      const ms = await plan.run();
      clearInterval(timer);
      // One tick in 20 ms is a generous bound; a blocked loop has none before the run is over.
      expect(ticks).toBeGreaterThan(Math.min(3, ms / 20));
      for (const item of [plan, program]) await item[Symbol.asyncDispose]();
    });
  });
}
