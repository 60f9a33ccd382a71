import { expect, test } from "vitest";
import { estimateMemory } from "../../src/web/estimate-memory.ts";
import { openBrowser } from "./browser.ts";

type GpuMemory = typeof import("./pages/gpu-memory.ts");

test.each([
  { layers: 2, heads: 2, width: 64, context: 32, batchSize: 16 },
  { layers: 2, heads: 8, width: 64, context: 64, batchSize: 8 },
])("buffers of a step over $heads heads are within a quarter of the estimate", async (sizes) => {
  await using browser = await openBrowser();
  await using page = await browser.open();
  const text = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(100);
  const { peak, vocabulary } = await page.module<GpuMemory>("gpu-memory").peakBytes(sizes, text);
  const ratio = estimateMemory({ ...sizes, vocabulary }, "webgpu").totalBytes / peak;
  expect(ratio).toBeGreaterThan(0.75);
  expect(ratio).toBeLessThan(1.25);
});
