import { describe, expect, test } from "vitest";
import { runtimeContract } from "./runtime.contract.ts";
import { createWasmRuntime } from "./wasm.ts";

runtimeContract("wasm", (threads) => createWasmRuntime(threads === undefined ? {} : { threads }));

describe("createWasmRuntime", () => {
  test.each([0, 1.5, 513, Number.NaN])("refuses %s threads", async (threads) => {
    await expect(createWasmRuntime({ threads })).rejects.toThrow(
      `createWasmRuntime: cannot use threads: got ${threads}, must be an integer in [1, 512]`,
    );
  });

  test("says what cannot be allocated, and that no files are written", async () => {
    await using runtime = await createWasmRuntime({ threads: 1 });
    expect(runtime.description).toBe("WebAssembly, 1 thread");
    await expect(runtime.createBuffer("float32", 2 ** 31).read(0, 1)).rejects.toThrow(
      /^runtime\.web: cannot allocate 8192 MiB: the WebAssembly heap has \d+ MiB, it must fit into 4096 MiB, /,
    );
    await expect(runtime.load(new Uint8Array(4), { dumpPath: "optimized.onnx" })).rejects.toThrow(
      /^program: cannot load the model: dumpPath .+ writes no files/,
    );
  });
});
