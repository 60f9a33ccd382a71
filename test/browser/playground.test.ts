/// <reference lib="dom" />
/** The playground as it is hosted: trains for real. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readOnnx } from "../../src/graph/onnx/read.ts";
import { createCpuRuntime } from "../../src/runtime/cpu.ts";
import { openGenerator } from "../../src/text/gpt-export.ts";
import { continueText } from "../../src/text/live-generator.ts";
import { temporaryFolder } from "../support/cli.ts";
import { noBrowser } from "./browser.ts";
import { fillIn, openPlayground, type PlaygroundServer, servePlayground } from "./playground.ts";

let server: PlaygroundServer;
beforeAll(async () => {
  if (noBrowser === null) server = await servePlayground();
});
afterAll(() => server?.[Symbol.asyncDispose]());

test("trains to a lower loss on the CPU; pauses, takes one step, goes on, and resets", async () => {
  await using playground = await openPlayground(server, { webgpu: false });
  const { page, reaches, steps, text } = playground;
  expect(await text("#device-facts")).toMatch(/Will use the CPU, \d+ threads.*No WebGPU/);
  expect(await page.getByRole("radio", { name: "WebGPU" }).isDisabled()).toBe(true);
  await fillIn(playground, 60);
  await page.click("#step");
  await reaches("paused");
  await expect.poll(steps).toBe(1);
  const first = Number(await text("#figure-loss"));
  await page.click("#train");
  await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(5);
  await page.click("#train");
  await reaches("paused");
  const stopped = await steps();
  await page.click("#step");
  await expect.poll(steps).toBe(stopped + 1);
  await page.click("#train");
  await reaches("done");
  expect(await steps()).toBe(60);
  expect(first).toBeGreaterThan(3.5);
  expect(Number(await text("#figure-loss"))).toBeLessThan(first - 0.5);
  expect(Number(await text("#figure-validation"))).toBeLessThan(first - 0.5);
  expect(await page.locator("#samples li h3").count()).toBeGreaterThan(5);

  await page.fill("#prompt", "Lit the lamp");
  await page.click("#write");
  await expect.poll(() => text("#written"), { timeout: 60_000 }).toMatch(/^Lit the lamp[\s\S]{20}/);
  await page.click("#reset");
  await reaches("idle");
  expect(await text("#figure-step")).toBe("–");
  expect(await page.locator("#text").isEnabled()).toBe(true);
});

test("a reload loses nothing, neither the text nor the run nor its curve", async () => {
  await using playground = await openPlayground(server, { webgpu: false });
  const { page, reaches, steps, text } = playground;
  await page.fill("#text", "Typed before the reload. ".repeat(60));
  await page.locator("#text").blur();
  await expect.poll(() => text("#text-facts")).toMatch(/^1,500 characters/);
  await page.waitForFunction(() => document.body.dataset["draft"] === "kept"); // written after the field is left
  await page.reload();
  await expect.poll(() => page.inputValue("#text")).toMatch(/^Typed before the reload/);

  await fillIn(playground, 40);
  await page.click("#train");
  await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(6);
  await page.reload();
  await page.getByRole("button", { name: "Continue", exact: true }).first().click();
  await reaches("done");
  expect(await steps()).toBe(40);
  await page.click("text=As a table");
  await expect.poll(() => page.locator("#table tbody tr").count()).toBe(20);
  expect(await text("#table tbody tr:first-child td")).toBe("2");

  const more = await text("#train");
  expect(more).toBe("Train 20 more");
  await page.click("#train");
  await expect.poll(steps, { timeout: 60_000 }).toBe(60);
  await page.click("#reset");
  await page.getByRole("button", { name: "Delete lighthouse" }).click();
  await page.getByRole("button", { name: "Really delete lighthouse?" }).click();
  await expect.poll(() => page.locator("#runs li").count()).toBe(0);
});

test("the downloaded .onnx writes in Node, and the downloaded run comes back", async () => {
  await using playground = await openPlayground(server, { webgpu: false });
  const { page, reaches, text } = playground;
  await fillIn(playground, 10);
  await page.click("#train");
  await reaches("done");
  const saved = async (button: string): Promise<string> => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
    const path = join(folder, download.suggestedFilename());
    await download.saveAs(path);
    return path;
  };
  const folder = join(temporaryFolder(), "downloads");
  await mkdir(folder);
  const path = await saved("#download-onnx");
  const tokenizer = readOnnx(await readFile(path)).metadata?.get("cameo.tokenizer");
  await writeFile(join(folder, "tokenizer.json"), tokenizer as string);
  await using runtime = await createCpuRuntime();
  const generator = await openGenerator(runtime, path);
  const written = await continueText(generator, "Lit the ", { tokens: 12, temperature: 0.8, seed: 1 });
  expect(written).toHaveLength(12);

  const zip = await saved("#download-run");
  await page.setInputFiles("#import-input", zip);
  await expect.poll(() => text("#runs"), { timeout: 20_000 }).toContain("lighthouse-2");
  await reaches("done");
});

test("engine files that do not arrive are told, and the next try finds them", async () => {
  await using playground = await openPlayground(server, { webgpu: false });
  const { page, reaches, text, expectProblem } = playground;
  expectProblem(/wasm|ArrayBuffer|Aborted|ERR_FAILED/);
  await fillIn(playground, 4);
  await page.route(/\.wasm/, (route) => route.abort());
  await page.click("#train");
  await expect.poll(() => text("#notices")).toMatch(/The engine did not start.*check the connection/);
  await page.unroute(/\.wasm/);
  await expect.poll(() => page.locator("#runs li").count()).toBe(0);
  await page.click("#train");
  await page.waitForFunction(() => document.body.dataset["phase"] !== "failed"); // that of the try before
  await reaches("done");
  expect(await page.locator("[data-key=failure]").count()).toBe(0);
});

test("without isolation the page says so and trains on one thread", async () => {
  await using playground = await openPlayground(server, {
    webgpu: false,
    prepare: (page) =>
      page.route("**/*", async (route) => {
        const response = await route.fetch();
        const { "cross-origin-opener-policy": _, "cross-origin-embedder-policy": __, ...headers } = response.headers();
        await route.fulfill({ response, headers });
      }),
  });
  expect(await playground.text("#notices")).toMatch(/one thread here/);
  await fillIn(playground, 4);
  await playground.page.click("#train");
  await playground.reaches("done");
});

test("trains on WebGPU when that is chosen", async () => {
  await using playground = await openPlayground(server);
  const { page, reaches, text } = playground;
  expect(await text("#device-facts")).toMatch(/Will use the CPU/); // software is no faster
  await page.getByRole("radio", { name: "WebGPU" }).check({ force: true });
  expect(await text("#device-facts")).toMatch(/in software: slower than the CPU/);
  await fillIn(playground, 4);
  await page.click("#train");
  await expect.poll(() => text("#status"), { timeout: 60_000 }).toMatch(/on the GPU/);
  await reaches("done");
}, 240_000);
