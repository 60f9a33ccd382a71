/** Runs whose page is left alone: behind other tabs, and without a network. */

import { expect, test } from "vitest";
import type { WebEvent } from "../../src/web/web-event.ts";
import { tinyRecipe, tinyText } from "../support/web-runs.ts";
import { openBrowser } from "./browser.ts";
import { openTab } from "./tab.ts";

type Web = typeof import("./pages/web.ts");

const stepsOf = (events: readonly WebEvent[]): number => events.filter(({ type }) => type === "step").length;

test.each(["wasm", "webgpu"] as const)("a run on %s goes on in a tab that is hidden behind another", async (device) => {
  await using browser = await openBrowser({ throttled: true });
  const tab = await openTab(browser.browser, browser.origin);
  const web = (name: keyof Web, ...args: readonly unknown[]) => {
    const request = JSON.stringify({ module: "/test/browser/pages/web.ts", name, args });
    return tab.evaluate(
      `calls.callHere(${request}).then(({ value, error }) => error === undefined ? value : Promise.reject(error))`,
    );
  };
  const steps = async () => stepsOf((await web("eventsOf", 0)) as readonly WebEvent[]);
  await expect.poll(() => tab.evaluate("typeof calls")).toBe("object");
  expect(await tab.evaluate("document.visibilityState")).toBe("visible");

  const recipe = { ...tinyRecipe, steps: 100_000, evaluateEvery: 100_000, checkpointEvery: 100_000 };
  await web("begin", { text: tinyText, recipe, device, name: "behind" });
  await expect.poll(steps).toBeGreaterThan(5);
  await openTab(browser.browser, "about:blank");
  await expect.poll(() => tab.evaluate("document.visibilityState")).toBe("hidden");
  const before = await steps();
  await expect.poll(steps).toBeGreaterThan(before + 20);
  const events = (await web("eventsOf", 0)) as readonly WebEvent[];
  expect(events.filter(({ type }) => type === "checkpoint")).toHaveLength(1); // the browser may end a hidden page
  await web("press", 0, "stop");
});

test("a run that has begun needs no network; one that begins without it is refused in one line", async () => {
  await using browser = await openBrowser();
  await using page = await browser.open();
  page.expectProblem(/ERR_INTERNET_DISCONNECTED/);
  const context = page.page.context();
  const web = page.module<Web>("web", "page");
  const options = { text: tinyText, recipe: { ...tinyRecipe, steps: 60 }, device: "wasm" } as const;
  const begun = await web.begin(options);
  await expect.poll(async () => stepsOf(await web.eventsOf(begun))).toBeGreaterThan(0);
  await context.setOffline(true);
  expect((await web.end(begun)).at(-1)).toMatchObject({ type: "done", status: "completed", step: 60 });

  await expect(web.end(await web.begin({ ...options, engine: "/engine/?again" }))).rejects.toMatchObject({
    code: "runtime",
    message: expect.stringMatching(/^[^\n]+: cannot [^\n]+: [^\n]+(\nhint: [^\n]+)?$/),
  });
  await context.setOffline(false);
  expect((await web.end(await web.begin(options))).at(-1)).toMatchObject({ status: "completed" });
});
