import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCpuRuntime } from "../../src/runtime/cpu.ts";
import { openGenerator } from "../../src/text/gpt-export.ts";
import { startGptRun } from "../../src/text/gpt-run.ts";
import { continueText } from "../../src/text/live-generator.ts";
import { importRun } from "../../src/web/stored-runs.ts";
import { testStorage } from "../support/private-storage.ts";
import { tinyRecipe, tinyText, trainHere } from "../support/web-runs.ts";

// One run, half of it in the browser's code on WebAssembly and half in Node on the CPU, in either order.

let root: string;
let straight: number;
const steps = 12;
const recipe = { steps, warmupSteps: 0, schedule: "constant", checkpointEvery: 6 } as const;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-browser-run-"));
  await using run = trainHere({ recipe });
  straight = (await run.result).loss;
});
afterAll(() => rm(root, { recursive: true }));

async function unpack(archive: Blob, folder: string): Promise<void> {
  for (const [path, content] of Object.entries(unzipSync(new Uint8Array(await archive.arrayBuffer())))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

test("a run of the browser goes on in Node, and its model writes there", async () => {
  await using run = trainHere({ recipe: { ...recipe, steps: 6 } });
  await run.result;
  await unpack(await run.exportRun(), root);
  const out = join(root, "gpt");
  await using resumed = await startGptRun({ data: ["text"], steps }, { out, resume: true });
  const start = (await Array.fromAsync(resumed)).find(({ type }) => type === "start");
  expect(start).toMatchObject({ step: 6, steps });
  expect((await resumed.result).loss).toBeCloseTo(straight, 3);

  const file = join(root, "downloaded.onnx");
  await writeFile(file, new Uint8Array(await (await run.exportOnnx()).arrayBuffer()));
  await using runtime = await createCpuRuntime({ threads: 1 });
  await using generator = await openGenerator(runtime, file);
  const settings = { tokens: 20, temperature: 0 };
  const here = (await Array.fromAsync(run.generate("the quick", settings))).join("");
  expect(await continueText(generator, "the quick", settings)).toBe(here);
});

test("a run of Node goes on in the browser", async () => {
  vi.stubGlobal("navigator", { storage: testStorage(), locks: navigator.locks, hardwareConcurrency: 1 });
  const text = join(root, "text.txt");
  await writeFile(text, tinyText);
  const out = join(root, "from-node");
  await using run = await startGptRun({ ...tinyRecipe, ...recipe, steps: 6, data: [text] }, { out });
  await run.result;
  const paths = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = await Promise.all(
    paths.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [`from-node${path.slice(out.length)}`, await readFile(path)] as const;
    }),
  );
  const name = await importRun(new Blob([zipSync(Object.fromEntries(files)) as Uint8Array<ArrayBuffer>]));
  expect(name).toBe("from-node");
  await using resumed = trainHere({ name, resume: true, recipe: { steps } });
  expect((await resumed.result).loss).toBeCloseTo(straight, 3);
});
