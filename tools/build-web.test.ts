import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildWeb, nameCompiledWorker } from "./build-web.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cameo-build-web-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("both scripts hold all that they run, but for ONNX Runtime's own files", async () => {
  const paths = await buildWeb(folder);
  expect(paths.map((path) => basename(path))).toEqual(["cameo-web.js", "cameo-worker.js"]);
  const [page, worker] = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  const importsOf = (text: string | undefined) =>
    [
      ...(text ?? "").matchAll(
        /(?:^|[;}\s])(?:import|export)\s*[^;"'`]*?from\s*["']([^"']+)|import\(\s*["'`]([^"'`]+)/g,
      ),
    ]
      .map(([, fixed, dynamic]) => fixed ?? dynamic)
      .sort();
  expect(importsOf(page)).toEqual([]);
  expect(importsOf(worker)).toHaveLength(3);
  expect(importsOf(worker).every((name) => name?.startsWith("onnxruntime-web/"))).toBe(true);
  expect(page).toContain("cameo-worker.js");
  // The page's script is for pages: the trainer is in the worker's alone.
  expect(page?.length).toBeLessThan(64 * 1024);
  expect(worker?.length).toBeGreaterThan(200 * 1024);
});

test("a compiled module names the compiled worker, or the build stops", async () => {
  const path = join(folder, "default-worker.js");
  await writeFile(path, 'new Worker(new URL("./worker/start.ts", import.meta.url), {})');
  nameCompiledWorker(path);
  expect(await readFile(path, "utf8")).toBe('new Worker(new URL("./worker/start.js", import.meta.url), {})');
  expect(() => nameCompiledWorker(path)).toThrow(/does not name the worker/);
});
