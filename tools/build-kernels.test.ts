import { expect, test } from "vitest";
import { Kernel } from "../src/data/kernels/kernel.ts";
import { listFiles, root } from "./_files.ts";
import { compileKernel, kernelNames } from "./build-kernels.ts";

test("every kernel has its compiled file, and no compiled file is without its source", () => {
  expect(listFiles(root, "src/data/kernels/*-wasm.ts")).toEqual(
    kernelNames().map((name) => `src/data/kernels/${name}-wasm.ts`),
  );
});

test("a kernel that does not compile says why", () => {
  expect(() => compileKernel("absent")).toThrow(/cannot compile "absent":\n[\s\S]*absent/);
});

test("a kernel's memory grows with what is reserved, and is free again after a reset", () => {
  const [name = ""] = kernelNames();
  const text = compileKernel(name);
  const kernel = new Kernel<object>(/"([^"]+)"/.exec(text)?.[1] as string);
  const first = kernel.reserve(100);
  const second = kernel.reserve(1_000_000);
  expect([first % 64, second % 64, second - first]).toEqual([0, 0, 128]);
  kernel.bytes(second, 1_000_000).fill(7);
  expect(kernel.bytes(first, 128)).not.toContain(7);
  kernel.reset();
  expect(kernel.reserve(1)).toBe(first);
});
