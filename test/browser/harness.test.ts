import { expect, test, vi } from "vitest";
import { openBrowser } from "./browser.ts";
import { enginePath } from "./server.ts";

type Probe = typeof import("./pages/probe.ts");

test("pages and workers are isolated, have WebGPU on software, and find the engine's files", async () => {
  await using browser = await openBrowser();
  await using page = await browser.open();
  for (const thread of ["page", "worker"] as const) {
    const probe = page.module<Probe>("probe", thread);
    expect(await probe.surroundings()).toEqual({ thread, isolated: true, adapter: "swiftshader" });
  }
  const wasm = await page.module<Probe>("probe").fetched(`${enginePath}ort-wasm-simd-threaded.wasm`);
  expect(wasm.type).toBe("application/wasm");
  expect(wasm.bytes).toBeGreaterThan(1e6);
});

test("isolation and WebGPU can be left out", async () => {
  await using browser = await openBrowser({ isolated: false, webgpu: false });
  await using page = await browser.open();
  const probe = page.module<Probe>("probe");
  expect(await probe.surroundings()).toEqual({ thread: "worker", isolated: false, adapter: null });
});

test("errors keep their name, code and message on the way", async () => {
  await using browser = await openBrowser();
  await using page = await browser.open();
  for (const thread of ["page", "worker"] as const)
    await expect(page.module<Probe>("probe", thread).fail()).rejects.toMatchObject({
      name: "RangeError",
      code: "range",
      message: "probe: cannot succeed",
    });
});

test("what a page reports is printed, unless the test foresaw it", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  await using browser = await openBrowser();
  for (const foreseen of [true, false]) {
    await using page = await browser.open();
    if (foreseen) page.expectProblem(/nobody caught/);
    await page.module<Probe>("probe", "page").failLater();
    await expect.poll(() => page.problems).toHaveLength(1);
    expect(printed).not.toHaveBeenCalled();
  }
  expect(printed).toHaveBeenCalledExactlyOnceWith(
    expect.stringMatching(/^the page reported: Error: nobody caught this/),
  );
});
