/**
 * The playground under a long run: memory of the page's and the GPU's process, JavaScript's heap, and how long the page takes to answer
 * keys and clicks meanwhile. Linux, because it reads the processes' memory from the kernel.
 *
 *     npm run bench soak -- [--minutes 10] [--device wasm|webgpu] [--size tiny|small|medium] [--json]
 *
 * Fails if memory grows by more than 5 % over the second half of the run, or an answer takes longer than 100 ms.
 */

import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, preview } from "vite";
import { openBrowser } from "../test/browser/browser.ts";
import { answerProbe } from "./web/answer-probe.ts";
import { type MemorySample, memoryArguments, memoryProbe } from "./web/memory-probe.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    device: { type: "string", default: "wasm" },
    size: { type: "string", default: "tiny" },
    json: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
/** Largest growth that counts as flat, and slowest answer. */
const [flat, slowestMs] = [0.05, 100];

await using stack = new AsyncDisposableStack();
const outDir = await mkdtemp(join(tmpdir(), "cameo-soak-"));
stack.defer(() => rm(outDir, { recursive: true }));
const configFile = resolve(import.meta.dirname, "../web/vite.config.ts");
await build({ configFile, logLevel: "silent", build: { outDir } });
const server = await preview({ configFile, logLevel: "silent", build: { outDir }, preview: { port: 0 } });
stack.defer(() => server.close());
const { browser } = stack.use(await openBrowser({ args: memoryArguments }));
const page = await browser.newPage();
page.on("pageerror", (error) => console.error(error));
await page.goto(`http://127.0.0.1:${(server.httpServer.address() as AddressInfo).port}/`);

await page.click("#use-sample");
await page.check(`input[name="size"][value="${values.size}"]`, { force: true });
await page.check(`input[name="device"][value="${values.device}"]`, { force: true });
await page.click("text=More settings");
await page.fill("#steps", "1000000");
await page.click("#train");
const stepsDone = async (): Promise<number> =>
  Number.parseInt(((await page.textContent("#figure-step")) ?? "").replaceAll(",", ""), 10) || 0;
while ((await stepsDone()) === 0) {
  const phase = await page.evaluate(() => document.body.dataset["phase"]);
  if (phase === "failed") throw new Error(`the run failed: ${await page.textContent("#notices")}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
}

interface Sample extends MemorySample {
  readonly seconds: number;
  readonly step: number;
  readonly answers: readonly number[];
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0).padStart(6);

const samples: Sample[] = [];
const measure = await memoryProbe(browser, page);
const probe = await answerProbe(page, "#prompt", "#smooth");
if (!values.json) console.log("      s    step    heap    page     GPU MiB   answer ms: median   90 %    most");
const start = performance.now();
const intervalMs = Math.max(5_000, (minutes * 60_000) / 60);
while (performance.now() - start < minutes * 60_000) {
  await new Promise((resolve) => setTimeout(resolve, intervalMs));
  const answers = await probe.taken();
  const seconds = Math.round((performance.now() - start) / 1000);
  const sample: Sample = { seconds, step: await stepsDone(), ...(await measure()), answers };
  samples.push(sample);
  const [median, late, most] = [0.5, 0.9, 1].map((share) => quantile(answers, share).toFixed(1).padStart(6));
  if (values.json) console.log(JSON.stringify({ ...sample, answers: answers.map(Math.round) }));
  else
    console.log(
      `${String(seconds).padStart(7)} ${String(sample.step).padStart(7)} ${megabytes(sample.heap)}  ${megabytes(sample.page)}  ${megabytes(sample.gpu)}                  ${median} ${late}  ${most}`,
    );
}
await probe.stop();

/** Growth of the line fitted through the second half, in units of its middle. */
function growth(of: keyof MemorySample): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const [xs, ys] = [half.map(({ seconds }) => seconds), half.map((sample) => sample[of])];
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  const slope =
    xs.reduce((sum, x, i) => sum + (x - x0) * ((ys[i] as number) - y0), 0) /
    Math.max(
      1,
      xs.reduce((sum, x) => sum + (x - x0) ** 2, 0),
    );
  return (slope * ((xs.at(-1) as number) - (xs[0] as number))) / Math.max(1, y0);
}

const growths = { heap: growth("heap"), page: growth("page"), gpu: growth("gpu") };
const answers = samples.flatMap(({ answers }) => answers);
const most = quantile(answers, 1);
const isFlat = Object.values(growths).every((share) => share <= flat);
if (!isFlat || most > slowestMs) process.exitCode = 1;
if (values.json) console.log(JSON.stringify({ growths, answers: answers.length, mostMs: most, isFlat }));
else {
  const percent = Object.entries(growths).map(([name, share]) => `${name} ${(100 * share).toFixed(1)} %`);
  console.log(`growth over the second half: ${percent.join(", ")}: ${isFlat ? "flat" : "NOT FLAT"}`);
  console.log(
    `${answers.length} answers, the slowest after ${most.toFixed(0)} ms: ${most <= slowestMs ? "in time" : "TOO SLOW"}`,
  );
}
