import { expect, test } from "vitest";
import { openDevice } from "./device.ts";

test("the CPU says how many threads it has", async () => {
  const { runtime, note } = await openDevice({ device: "cpu", threads: 2 });
  expect([runtime.target, note]).toEqual(["cpu", "CPU, 2 threads"]);
  await runtime[Symbol.asyncDispose]();
});

test("the choice is a device that works, and says why it is not a faster one", async () => {
  const { runtime, note } = await openDevice({ threads: 1 });
  expect(note).toMatch(runtime.target === "cpu" ? /^CPU, 1 thread: \S.+$/ : /^\S.+$/);
  const x = runtime.createBuffer("float32", 1);
  expect(Array.from((await x.read()) as Float32Array)).toEqual([0]);
  await runtime[Symbol.asyncDispose]();
});

test("CUDA that is not installed is refused with what to do", async () => {
  const opened = await openDevice({ device: "cuda" }).catch((error: unknown) => error as Error);
  if (!(opened instanceof Error)) return void (await opened.runtime[Symbol.asyncDispose]()); // somebody's build has it
  expect(opened.message).toMatch(/^runtime\.cuda: cannot start: .+, .+\nhint: .*CAMEO_ONNXRUNTIME/);
});
