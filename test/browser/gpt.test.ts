import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { RunEvent } from "../../src/base/events.ts";
import { startGptRun } from "../../src/text/gpt-run.ts";
import type { WebEvent } from "../../src/web/web-event.ts";
import { tinyText } from "../support/web-runs.ts";
import { sharedBrowser } from "./shared-browser.ts";

type Web = typeof import("./pages/web.ts");

const recipe = {
  tokenizer: "character",
  layers: 1,
  heads: 2,
  width: 16,
  context: 8,
  batchSize: 4,
  steps: 50,
  warmupSteps: 5,
  learningRate: 1e-2,
  evaluateEvery: 1000,
  checkpointEvery: 1000,
  sampleEvery: 0,
} as const;

const lossesOf = (events: readonly (WebEvent | RunEvent)[]): number[] =>
  events.flatMap((event) => (event.type === "step" ? [event.loss] : []));

async function lossesInNode(): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "cameo-browser-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const text = join(folder, "text.txt");
  await writeFile(text, tinyText);
  await using run = await startGptRun(
    { ...recipe, data: [text], device: "cpu", threads: 1 },
    { out: join(folder, "run") },
  );
  return lossesOf(await Array.fromAsync(run));
}

const browser = sharedBrowser();

test.each(["wasm", "webgpu"] as const)("trainGpt on %s learns what it learns in Node", async (device) => {
  await using page = await (await browser()).open();
  const web = page.module<Web>("web", "page");
  const id = await web.begin({ text: tinyText, recipe, device });
  const [events, expected] = await Promise.all([web.end(id), lossesInNode()]);
  expect(events.at(-1)).toMatchObject({ type: "done", status: "completed", step: 50 });
  const losses = lossesOf(events);
  expect(losses).toHaveLength(50);
  expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number));
  const apart = losses.map((loss, step) => Math.abs(loss - (expected[step] as number)));
  expect(Math.max(...apart), `losses apart: ${apart.join(", ")}`).toBeLessThan(1e-4);
});
