/// <reference lib="dom" />
/** The examples for pages, built and served as their headers say. */

import { copyFileSync, cpSync, mkdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { build, preview } from "vite";
import { expect, test } from "vitest";
import { buildWeb } from "../../tools/build-web.ts";
import { temporaryFolder } from "../support/cli.ts";
import type { TestPage } from "./page.ts";
import { sharedBrowser } from "./shared-browser.ts";

const root = resolve(import.meta.dirname, "../..");
const browser = sharedBrowser();

/** Serves a folder with the headers of isolation. */
async function serveFolder(outDir: string): Promise<AsyncDisposable & { readonly url: string }> {
  const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const settings = { port: 0, host: "127.0.0.1", headers };
  const server = await preview({ configFile: false, logLevel: "silent", build: { outDir }, preview: settings });
  const { port } = server.httpServer.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: () => server.close() };
}

/** Trains three steps on the page, and looks what it says. */
async function trainsThreeSteps({ page }: TestPage, url: string): Promise<void> {
  await page.goto(url);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.fill("#steps", "3");
  await page.click("#train");
  await expect.poll(() => page.textContent("#written")).toHaveLength(100);
  expect(await page.textContent("#state")).toMatch(/^step 3: loss \d\.\d{3}$/);
}

test("examples/web-vite works when it is built", async () => {
  const outDir = temporaryFolder();
  const configFile = join(root, "examples/web-vite/vite.config.ts");
  await build({ configFile, logLevel: "silent", build: { outDir } });
  await using server = await serveFolder(outDir);
  await using page = await (await browser()).open();
  await trainsThreeSteps(page, server.url);
});

test("examples/web-plain works with the scripts and the engine's files beside it", async () => {
  const folder = temporaryFolder();
  const beside = join(folder, "cameo");
  mkdirSync(beside);
  copyFileSync(join(root, "examples/web-plain/index.html"), join(folder, "index.html"));
  await buildWeb(beside);
  const engine = join(root, "node_modules/onnxruntime-web/dist");
  const filter = (path: string): boolean => path === engine || /ort-wasm-simd-threaded[.\w]*\.(mjs|wasm)$/.test(path);
  cpSync(engine, beside, { recursive: true, filter });
  await using server = await serveFolder(folder);
  await using page = await (await browser()).open();
  await trainsThreeSteps(page, server.url);
});

test.each(["web-vite/main.ts", "web-plain/index.html"])("examples/%s is short", (path) => {
  const text = readFileSync(join(root, "examples", path), "utf8");
  expect(text.split("\n").length).toBeLessThanOrEqual(100);
});
