import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeOnnx } from "../../src/graph/onnx/export.ts";
import { createBuilder } from "../../src/ops/registry.ts";
import { runtimeContract } from "../../src/runtime/runtime.contract.ts";
import { viewOf } from "../../src/runtime/runtime.ts";
import { noBrowser, openBrowser } from "./browser.ts";
import type { TestPage } from "./page.ts";
import { type RemoteRuntime, remoteRuntime } from "./remote-engine.ts";
import { sharedBrowser } from "./shared-browser.ts";

type Pages = typeof import("./pages/runtime.ts");

const browser = sharedBrowser();
let page: TestPage;
beforeAll(async () => {
  if (noBrowser !== null) return;
  page = await (await browser()).open();
  page.expectProblem(/404/); // models that do not exist
});
afterAll(() => page?.[Symbol.asyncDispose]());

// Hooks of the contract would start what is not there.
describe.skipIf(noBrowser !== null)("the contract", () => {
  for (const device of ["wasm", "webgpu"] as const)
    runtimeContract(`${device} in a browser`, (threads = 1) => remoteRuntime(page, { device, threads }));
});

/** A runtime with a plan of one run. */
async function doubling(runtime: RemoteRuntime) {
  const g = createBuilder("twice");
  g.output("y", g.op("Mul", [g.input("x", "float32", [4]), g.scalar(2)]));
  const executable = await runtime.load(writeOnnx(g.build()), { name: "twice" });
  const [x, y] = [runtime.createBuffer("float32", 4), runtime.createBuffer("float32", 4)];
  const plan = await runtime.prepare([{ executable, inputs: { x: viewOf(x) }, outputs: { y: viewOf(y) } }]);
  return { executable, x, y, plan };
}

describe("a browser that cannot suspend WebAssembly", () => {
  test("runs programs on WebGPU, and starts anew after one that failed", async () => {
    const options = { device: "webgpu", threads: 1, withoutSuspending: true } as const;
    await using runtime = await remoteRuntime(page, options);
    await expect(runtime.load(new Uint8Array(3))).rejects.toThrow(/^program: cannot load the model: /);
    const { executable, x, y, plan } = await doubling(runtime);
    await x.write(Float32Array.of(1, 2, 3, 4));
    for (let i = 0; i < 3; i++) await plan.run();
    expect(await y.read()).toEqual(Float32Array.of(2, 4, 6, 8));
    const wrong = await runtime.prepare([{ executable, inputs: {}, outputs: { y: viewOf(y) } }]);
    await expect(wrong.run()).rejects.toThrow(/^twice: cannot run: [^\n]+$/);
    await expect(plan.run()).rejects.toThrow(/cannot go on after an error/);
    await using next = await remoteRuntime(page, options);
    await (await doubling(next)).plan.run();
  });
});

describe("a device that is lost", () => {
  test.each([false, true])("is said so by every later call (withoutSuspending: %s)", async (withoutSuspending) => {
    await using runtime = await remoteRuntime(page, { device: "webgpu", threads: 1, withoutSuspending });
    const { x, y, plan } = await doubling(runtime);
    await plan.run();
    await runtime.loseDevice();
    const lost = {
      code: "runtime",
      reason: "device-lost",
      message: expect.stringMatching(/^runtime\.webgpu: [^\n]+$/),
    };
    for (const late of [
      () => plan.run(),
      () => x.write(new Float32Array(4)),
      () => y.read(),
      () => runtime.load(new Uint8Array(4)),
      () => runtime.createBuffer("float32", 4).read(),
    ])
      await expect(late()).rejects.toMatchObject(lost);
  });
});

describe("memory that is not there", () => {
  test.each(["wasm", "webgpu"] as const)("is one clear error on %s, and the runtime goes on", async (device) => {
    await using runtime = await remoteRuntime(page, { device, threads: 1 });
    const { x, y, plan } = await doubling(runtime);
    await expect(runtime.createBuffer("float32", 2 ** 32).read(0, 1)).rejects.toMatchObject({
      reason: "out-of-memory",
      message: expect.stringMatching(/^runtime\.web(gpu)?: cannot allocate 16384 MiB: [^\n]+$/),
    });
    await x.write(Float32Array.of(1, 2, 3, 4));
    await plan.run();
    expect(await y.read()).toEqual(Float32Array.of(2, 4, 6, 8));
  });
});

describe("createWebRuntime", () => {
  test("has as many threads as it is told, and one on the GPU", async () => {
    const { started } = page.module<Pages>("runtime");
    expect(await started({ device: "wasm", threads: 3 })).toEqual({
      description: "WebAssembly, 3 threads",
      threads: 3,
    });
    expect(await started({ device: "webgpu" })).toEqual({ description: "WebGPU (google swiftshader)", threads: 1 });
    await expect(started({ device: "wasm", threads: 0 })).rejects.toThrow(
      "createWebRuntime: cannot use threads: got 0, must be an integer in [1, 512]",
    );
  });

  test("has one thread where pages are not isolated, and says why; without WebGPU it says so", async () => {
    await using plain = await openBrowser({ isolated: false, webgpu: false });
    await using other = await plain.open();
    const { started } = other.module<Pages>("runtime");
    expect(await started({ device: "wasm", threads: 3 })).toEqual({
      description: expect.stringMatching(/^WebAssembly, 1 thread: the page is not cross-origin isolated/),
      threads: 1,
    });
    await expect(started({ device: "webgpu" })).rejects.toThrow(
      /^runtime\.webgpu: cannot start: [^\n]+, WebGPU must be available; device "wasm" runs everywhere$/,
    );
  });

  test("says where it looked for the engine's files in vain", async () => {
    page.expectProblem(/Failed to load|absent/);
    const { started } = page.module<Pages>("runtime");
    await expect(started({ device: "wasm", engineUrl: "/absent" })).rejects.toThrow(
      /^runtime\.web: cannot load ONNX Runtime: .+, \/absent must hold the files of onnxruntime-web\/dist$/,
    );
  });
});
