/// <reference lib="dom" />
/** The playground as visitors meet it, whatever their means: with a double that trains in no time and fails on demand. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noBrowser } from "./browser.ts";
import { faintTexts } from "./contrast.ts";
import { openPlayground, type Playground, type PlaygroundServer, serveDouble } from "./playground.ts";

let server: PlaygroundServer;
beforeAll(async () => {
  if (noBrowser === null) server = await serveDouble();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const open = (fake = "", more: Parameters<typeof openPlayground>[1] = {}): Promise<Playground> =>
  openPlayground(server, { webgpu: false, query: fake === "" ? "" : `?fake=${fake}`, ...more });

/** Presses Tab until something has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`no way to ${selector} by keyboard`);
}

test("the whole way can be gone by keyboard", async () => {
  await using playground = await open();
  const { page, reaches, text, steps } = playground;
  await tabTo(page, ".skip");
  await tabTo(page, "#use-sample");
  await page.keyboard.press("Enter");
  await tabTo(page, "[name=size]");
  await page.keyboard.press("ArrowLeft");
  expect(await text("#setup-summary")).toMatch(/^Tiny/);
  await tabTo(page, "[name=device]");
  await page.keyboard.press("ArrowRight");
  expect(await page.isChecked("[value=webgpu]")).toBe(true);
  await tabTo(page, ".more summary");
  await page.keyboard.press("Enter");
  await tabTo(page, "#steps");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("300");
  await tabTo(page, "#train");
  await page.keyboard.press("Enter");
  await expect.poll(steps).toBeGreaterThan(10);
  await page.keyboard.press("Enter");
  await reaches("paused");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("train");
  await tabTo(page, "#step");
  const before = await steps();
  await page.keyboard.press("Space");
  await expect.poll(steps).toBe(before + 1);
  await tabTo(page, "#log");
  await page.keyboard.press("Space");
  await tabTo(page, "#chart");
  await page.keyboard.press("End");
  await expect.poll(() => page.getAttribute("#chart", "aria-valuetext")).toMatch(/^step \d+: training loss \d\.\d{3}/);
  const atEnd = await page.getAttribute("#chart", "aria-valuenow");
  await page.keyboard.press("ArrowLeft");
  expect(Number(await page.getAttribute("#chart", "aria-valuenow"))).toBeLessThan(Number(atEnd));
  expect(await page.isVisible(".readout")).toBe(true);
  await tabTo(page, "#prompt");
  await page.keyboard.type("14 March");
  await page.keyboard.press("Enter");
  await expect.poll(() => text("#written")).toMatch(/^14 March .*lamp at dusk/s);
  await page.keyboard.press("Shift+Tab");
  await tabTo(page, "#download-run");
  await page.locator("#reset").focus();
  await page.keyboard.press("Enter");
  await reaches("idle");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("train");
});

/** What the accessibility tree calls a control. */
const controls = [
  "button",
  "textbox",
  "radio",
  "combobox",
  "spinbutton",
  "slider",
  "checkbox",
  "link",
  "progressbar",
  "DisclosureTriangle",
];

async function namelessControls(page: Page): Promise<string[]> {
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send("Accessibility.getFullAXTree");
  const shown = nodes.filter(({ ignored, role }) => !ignored && controls.includes(String(role?.value)));
  expect(shown.length).toBeGreaterThan(15);
  return shown
    .filter(({ name }) => !name?.value)
    .map(({ role, backendDOMNodeId }) => `${role?.value} ${backendDOMNodeId}`);
}

for (const colorScheme of ["light", "dark"] as const)
  test(`every control has a name, and every text can be read: ${colorScheme}`, async () => {
    await using playground = await open("not-isolated,no-webgpu,engine", { context: { colorScheme } });
    const { page, text } = playground;
    const check = async (): Promise<void> => {
      expect(await namelessControls(page)).toEqual([]);
      expect(await page.evaluate(faintTexts, 4.5)).toEqual([]);
    };
    await page.click(".more summary");
    await check();
    await page.click("#train");
    await expect.poll(() => text("#text-facts")).toMatch(/no text yet/);
    await check();
    await page.click("#use-sample");
    await page.click("#train");
    await expect.poll(() => text("#notices")).toMatch(/engine did not start/);
    await check();

    await page.goto(`${server.origin}/`);
    await page.click("#use-sample");
    await page.click("#train");
    await page.waitForFunction(() => document.querySelectorAll(".dot").length > 0);
    await page.hover("#chart");
    await page.fill("#prompt", "14 March");
    await page.click("#write");
    await page.click("text=As a table");
    await check();
  });

test("the switch of colours stays, and goes against the system", async () => {
  await using playground = await open("", { context: { colorScheme: "light" } });
  const { page } = playground;
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Switch to dark colours" }).click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await ground()).toBe(dark);
});

test("nothing is wider than the screen, on a phone and with large text", async () => {
  for (const [width, fontSize] of [
    [360, 16],
    [390, 24],
    [768, 16],
    [1600, 16],
  ] as const) {
    await using playground = await open("", { context: { viewport: { width, height: 800 } } });
    const { page } = playground;
    await page.addStyleTag({ content: `:root { font-size: ${fontSize}px }` });
    await page.click("#use-sample");
    await page.click(".more summary");
    const excess = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await excess()).toBeLessThanOrEqual(0);
    await page.click("#train");
    await page.waitForFunction(() => document.querySelectorAll(".dot").length > 0);
    expect(await excess()).toBeLessThanOrEqual(0);
  }
});

test("files are read, joined and refused with a reason", async () => {
  await using playground = await open();
  const { page, text } = playground;
  const file = (name: string, content: string | Uint8Array) => ({ name, mimeType: "", buffer: Buffer.from(content) });
  await page.setInputFiles("#file-input", [
    file("a.txt", "abc ".repeat(300)),
    file(`${"a very long name ".repeat(8)}.txt`, "abc ".repeat(300)),
    file("b.md", "xyz ".repeat(300)),
    file("photo.png", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1)),
  ]);
  await expect.poll(() => text("#notices")).toMatch(/“photo.png” is not text: it holds binary data/);
  await expect.poll(() => text("#text-facts")).toBe("3,600 characters, 8 different.");
  expect(await page.evaluate(() => document.querySelector("#files")?.getBoundingClientRect().right)).toBeLessThan(
    await page.evaluate(() => document.querySelector("#setup-fold")?.getBoundingClientRect().right as number),
  );
  await page.getByRole("button", { name: "Remove a.txt" }).click();
  await expect.poll(() => text("#text-facts")).toBe("2,400 characters, 8 different.");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("text");
  await page.waitForFunction(() => document.body.dataset["draft"] === "kept");
  await page.reload();
  await expect.poll(() => text("#files")).toMatch(/b\.md/);
  expect(await text("#files")).not.toMatch(/a\.txt/);
});

test("a setting out of range is pointed at and nothing starts", async () => {
  await using playground = await open();
  const { page } = playground;
  await page.click("#use-sample");
  await page.click(".more summary");
  await page.fill("#batchSize", "0");
  await page.click(".more summary");
  await page.click("#train");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("batchSize");
  expect(await page.evaluate(() => document.body.dataset["phase"])).toBe("idle");
});

test("a sample run takes one click, and can change its device on the way", async () => {
  await using playground = await open("slow");
  const { page, reaches, steps, text } = playground;
  await page.click("#try");
  await expect.poll(steps).toBeGreaterThan(2);
  expect(await page.isHidden("#try")).toBe(true);
  expect(await page.isDisabled("#text")).toBe(true);
  const before = await steps();
  await page.getByRole("radio", { name: "WebGPU" }).check({ force: true });
  await reaches("preparing");
  await reaches("running");
  await expect.poll(steps).toBeGreaterThan(before);
  expect(await text("#runs")).toMatch(/^lighthouse/);
  expect(await page.locator("#runs li").count()).toBe(1);
});

test("a file that is dropped anywhere is taken", async () => {
  await using playground = await open();
  const { page, text } = playground;
  const data = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["dropped ".repeat(200)], "dropped.txt"));
    return transfer;
  });
  await page.dispatchEvent("#chart", "dragenter", { dataTransfer: data });
  expect(await page.isVisible("#drop")).toBe(true);
  await page.dispatchEvent("#chart", "drop", { dataTransfer: data });
  expect(await page.isVisible("#drop")).toBe(false);
  await expect.poll(() => text("#text-facts")).toBe("1,600 characters, 6 different.");
});

test("a lost device, full storage and missing storage are said plainly, and training goes on", async () => {
  await using playground = await open("lost,quota");
  const { page, text, steps } = playground;
  await page.click("#use-sample");
  await page.click("#train");
  await expect.poll(() => text("#notices")).toMatch(/storage is full\..*Delete runs/);
  await expect.poll(() => text("#status"), { timeout: 20_000 }).toMatch(/^Recovering: the GPU was lost/);
  await expect.poll(steps, { timeout: 20_000 }).toBeGreaterThan(125);

  await using without = await open("no-storage");
  expect(await without.text("#notices")).toMatch(
    /Runs are not saved in this browser:.*Download a run before you leave/,
  );
});

test("a tab that was hidden says what happened meanwhile", async () => {
  await using playground = await open();
  const { page, text, steps } = playground;
  await page.click("#use-sample");
  await page.click("#train");
  await expect.poll(steps).toBeGreaterThan(5);
  const turn = (hidden: boolean): Promise<void> =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await turn(true);
  await page.waitForTimeout(500);
  await turn(false);
  expect(await text("#notices")).toMatch(
    /While this tab was hidden, training went on: \d+ steps, loss from [\d.]+ to [\d.]+\. It still trains\./,
  );
});

test("screen readers hear phases and quarters, not every step", async () => {
  await using playground = await open();
  const { page, reaches } = playground;
  await page.evaluate(() => {
    const heard: string[] = [];
    Object.assign(globalThis, { heard });
    new MutationObserver(() => heard.push(document.getElementById("announcer")?.textContent ?? "")).observe(
      document.getElementById("announcer") as Element,
      { childList: true, characterData: true, subtree: true },
    );
  });
  await page.click("#use-sample");
  await page.click(".more summary");
  await page.fill("#steps", "200");
  await page.click("#train");
  await reaches("done");
  const heard = await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard);
  expect(heard[0]).toBe("Preparing");
  expect(heard.at(-1)).toMatch(/^Done after 200 steps, loss/);
  expect(heard.length).toBeLessThanOrEqual(6);
});
