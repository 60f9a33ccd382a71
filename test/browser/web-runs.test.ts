import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WebEvent } from "../../src/web/web-event.ts";
import { tinyRecipe, tinyText } from "../support/web-runs.ts";
import { noBrowser, openBrowser, type TestBrowser } from "./browser.ts";
import type { Remote, TestPage } from "./page.ts";

type Web = typeof import("./pages/web.ts");

let browser: TestBrowser;
beforeAll(async () => {
  if (noBrowser === null) browser = await openBrowser();
});
afterAll(() => browser?.[Symbol.asyncDispose]());

/** A browser that shares its machine takes its time. */
const poll = { timeout: 60_000 };

const webOf = (page: TestPage): Remote<Web> => page.module<Web>("web", "page");
const lossesOf = (events: readonly WebEvent[]): number[] =>
  events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
const options = { text: tinyText, recipe: tinyRecipe, device: "wasm", threads: 2 } as const;

test("the browser is surveyed", async () => {
  await using page = await browser.open();
  expect(await webOf(page).survey()).toMatchObject({
    device: "wasm",
    webgpu: { available: true, software: true, adapter: expect.stringMatching(/swiftshader/i) },
    threads: { count: expect.any(Number) },
    storage: { available: true, quotaBytes: expect.any(Number) },
  });
  await using bare = await openBrowser({ isolated: false, webgpu: false });
  await using other = await bare.open();
  expect(await webOf(other).survey()).toMatchObject({
    device: "wasm",
    webgpu: { available: false, reason: expect.stringMatching(/WebGPU|GPU/) },
    threads: { count: 1, reason: expect.stringMatching(/not cross-origin isolated/) },
  });
});

describe("a run on the processor", () => {
  test("goes on bit for bit after the page was closed in the middle", async () => {
    const context = await browser.browser.newContext();
    const recipe = { ...tinyRecipe, steps: 400, checkpointEvery: 5, warmupSteps: 0 };
    const closed = await browser.open("/", context);
    const straight = lossesOf(await webOf(closed).end(await webOf(closed).begin({ ...options, recipe })));
    const id = await webOf(closed).begin({ ...options, recipe, name: "closed" });
    await expect.poll(async () => lossesOf(await webOf(closed).eventsOf(id)).length, poll).toBeGreaterThan(12);
    await closed[Symbol.asyncDispose]();

    await using page = await browser.open("/", context);
    const [kept] = await webOf(page).stored();
    expect(kept).toMatchObject({ name: "closed", steps: 400 });
    const step = kept?.step as number;
    expect(step).toBeGreaterThanOrEqual(10);
    expect(step).toBeLessThan(400);
    const events = await webOf(page).end(
      await webOf(page).begin({ device: "wasm", threads: 2, name: "closed", resume: true }),
    );
    expect(lossesOf(events)).toEqual(straight.slice(step));
    await context.close();
  });

  test("belongs to one of two tabs", async () => {
    const context = await browser.browser.newContext();
    await using first = await browser.open("/", context);
    await using second = await browser.open("/", context);
    const id = await webOf(first).begin({ ...options, name: "shared", paused: true });
    await webOf(first).press(id, "step");
    const resumed = { device: "wasm", name: "shared", resume: true } as const;
    await expect(webOf(second).end(await webOf(second).begin(resumed))).rejects.toThrow(/another tab trains it/);
    await webOf(first).dispose(id);
    const events = await webOf(second).end(await webOf(second).begin(resumed));
    expect(events.at(-1)).toMatchObject({ type: "done", step: tinyRecipe.steps });
  });

  test("writes a checkpoint when the page is hidden, and goes on", async () => {
    await using page = await browser.open();
    const web = webOf(page);
    const recipe = { ...tinyRecipe, steps: 5000, checkpointEvery: 100_000 };
    const id = await web.begin({ ...options, recipe, name: "hidden" });
    await expect.poll(async () => lossesOf(await web.eventsOf(id)).length, poll).toBeGreaterThan(2);
    await web.hide();
    const checkpoint = async () => (await web.eventsOf(id)).find(({ type }) => type === "checkpoint");
    await expect.poll(checkpoint, poll).toBeDefined();
    const { length } = lossesOf(await web.eventsOf(id));
    await expect.poll(async () => lossesOf(await web.eventsOf(id)).length, poll).toBeGreaterThan(length);
    await web.press(id, "stop");
  });

  test("goes on without checkpoints when the storage is full", async () => {
    await using page = await browser.open();
    const web = webOf(page);
    const id = await web.begin({ ...options, recipe: { ...tinyRecipe, steps: 12 }, name: "full", paused: true });
    for (let step = 0; step < 5; step++) await web.press(id, "step");
    await page.devtools.send("Storage.overrideQuotaForOrigin", { origin: browser.origin, quotaSize: 1 });
    await web.press(id, "play");
    const events = await web.end(id);
    expect(events.at(-1)).toMatchObject({ status: "completed", step: 12 });
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    expect(warnings.join("\n")).toMatch(/cannot write "full\/step-8": the browser's storage for this page is full/);
    expect(await web.stored()).toMatchObject([{ name: "full", step: 4 }]);
    await page.devtools.send("Storage.overrideQuotaForOrigin", { origin: browser.origin });
  });

  test("writes, exports and comes back from its archive", async () => {
    await using page = await browser.open();
    const web = webOf(page);
    const id = await web.begin({ ...options, name: "fox" });
    const events = await web.end(id);
    expect([...(await web.write(id, "the ", { tokens: 10 }))]).toHaveLength(10);
    expect((await web.onnxBytes(id)).length).toBeGreaterThan(1000);
    const archive = await web.archiveBytes(id);
    await web.dispose(id);
    await web.remove("fox");
    expect(await web.importBytes(archive)).toBe("fox");
    const again = await web.begin({ device: "wasm", name: "fox", resume: true, recipe: { steps: 9 } });
    const more = await web.end(again);
    expect(lossesOf(events)).toHaveLength(8);
    expect(lossesOf(more)).toHaveLength(1);
  });

  test("trains with one thread where the page is not isolated, and says why", async () => {
    await using bare = await openBrowser({ isolated: false });
    await using page = await bare.open();
    const events = await webOf(page).end(await webOf(page).begin(options));
    const start = events.find((event) => event.type === "start");
    expect(start).toMatchObject({
      threads: 1,
      engine: expect.stringMatching(/not cross-origin isolated/),
    });
    expect(events.at(-1)).toMatchObject({ status: "completed" });
  });

  test("says in one line that the engine's files cannot be reached", async () => {
    await using page = await browser.open();
    page.expectProblem(/404|Failed to load/);
    const id = await webOf(page).begin({ ...options, engine: "/nowhere/" });
    await expect(webOf(page).end(id)).rejects.toMatchObject({
      code: "runtime",
      message: expect.stringMatching(/^runtime\.web: cannot load ONNX Runtime: .*\/nowhere\/ must hold the files/),
    });
  });
});

describe("a run on the GPU", () => {
  const onGpu = { ...options, device: "webgpu", recipe: { ...tinyRecipe, dropout: 0 } } as const;

  test("trains, copying no more than batch and loss, and writes", async () => {
    await using page = await browser.open();
    const web = webOf(page);
    const id = await web.begin({ ...onGpu, recipe: { ...onGpu.recipe, evaluateEvery: 100, checkpointEvery: 100 } });
    const events = await web.end(id);
    const onProcessor = await web.end(await web.begin({ ...options, recipe: { ...onGpu.recipe, evaluateEvery: 100 } }));
    for (const [step, loss] of lossesOf(events).entries())
      expect(loss).toBeCloseTo(lossesOf(onProcessor)[step] as number, 3);
    const copied = events.flatMap((event) => (event.type === "step" ? [event.copiedBytes ?? 0] : []));
    const batchBytes = 2 * 4 * 4 * 16; // tokens and labels, int32, four rows of sixteen
    expect(Math.max(...copied)).toBeLessThanOrEqual(batchBytes + 64); // and a loss, a norm, and the scalars of the step
    expect(Math.max(...copied)).toBeGreaterThan(0);
    expect([...(await web.write(id, "the ", { tokens: 5 }))]).toHaveLength(5);
  });

  test("survives the end of the browser's GPU process", async () => {
    await using own = await openBrowser();
    await using page = await own.open();
    const web = webOf(page);
    const recipe = { ...onGpu.recipe, steps: 30, checkpointEvery: 5 };
    const id = await web.begin({ ...onGpu, recipe, name: "lost" });
    await expect.poll(async () => lossesOf(await web.eventsOf(id)).length, poll).toBeGreaterThan(6);
    await (await own.browser.newBrowserCDPSession()).send("Browser.crashGpuProcess");
    const events = await web.end(id);
    expect(events.at(-1)).toMatchObject({ status: "completed", step: 30 });
    expect(events.flatMap((event) => (event.type === "state" ? [event.state] : []))).toContain("recovering");
    expect(events.filter(({ type }) => type === "start")).toHaveLength(2);
  });

  test("is refused where there is none", async () => {
    await using bare = await openBrowser({ webgpu: false });
    await using page = await bare.open();
    await expect(webOf(page).end(await webOf(page).begin(onGpu))).rejects.toMatchObject({
      code: "runtime",
      message: expect.stringMatching(/^runtime\.webgpu: cannot start: .*device "wasm" runs everywhere/),
    });
  });
});
