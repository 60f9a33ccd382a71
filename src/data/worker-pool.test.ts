import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WorkerPool } from "./worker-pool.ts";

const module = new URL("../../test/support/pool-worker", import.meta.url);

function emptyLog(): string {
  const log = join(mkdtempSync(join(tmpdir(), "pool-")), "log");
  writeFileSync(log, "");
  return log;
}

const linesOf = (log: string): string[] => readFileSync(log, "utf8").split("\n").slice(0, -1);

type Squared = { squared: number; thread: number };

test("tasks are spread over the threads and answered", async () => {
  await using pool = new WorkerPool<object, Squared>(module, { size: 2 });
  const answers = await Promise.all([1, 2, 3, 4].map((square) => pool.run({ square })));
  expect(answers.map(({ squared }) => squared)).toEqual([1, 4, 9, 16]);
  expect(new Set(answers.map(({ thread }) => thread)).size).toBe(2);
});

test("buffers travel without a copy, both ways", async () => {
  await using pool = new WorkerPool<object, ArrayBuffer>(module, { size: 1 });
  const bytes = new ArrayBuffer(16);
  const back = await pool.run({ bytes }, [bytes]);
  expect([bytes.byteLength, back.byteLength]).toEqual([0, 16]);
});

test("what a task throws comes back with its message and fields, and the pool goes on", async () => {
  await using pool = new WorkerPool<object, Squared>(module, { size: 1 });
  await expect(pool.run({ fail: "no such row" })).rejects.toMatchObject({ message: "no such row", row: 7 });
  expect((await pool.run({ square: 3 })).squared).toBe(9);
});

test("a thread that dies rejects its tasks and is replaced", async () => {
  await using pool = new WorkerPool<object, Squared>(module, { size: 1 });
  await expect(pool.run({ die: true })).rejects.toThrow("its thread failed: it ended with code 3");
  expect((await pool.run({ square: 5 })).squared).toBe(25);
});

test("a thread that cannot start is tried once a task, and no more", async () => {
  const log = emptyLog();
  await using pool = new WorkerPool<object, Squared>(module, { size: 1, setup: { log, dies: true } });
  await expect(pool.run({ square: 1 })).rejects.toThrow("its thread failed: no such library");
  await expect(Promise.all([pool.run({ square: 1 }), pool.run({ square: 2 })])).rejects.toThrow("no such library");
  await new Promise((resolve) => setTimeout(resolve, 300)); // nothing starts by itself meanwhile
  expect(linesOf(log)).toEqual(["start", "start"]);
});

test("what is thrown keeps its message when a field of it cannot be copied", async () => {
  await using pool = new WorkerPool<object, Squared>(module, { size: 1 });
  await expect(pool.run({ fail: "refused", odd: true })).rejects.toThrow(/^refused$/);
  expect((await pool.run({ square: 3 })).squared).toBe(9);
});

test("threads close what their tasks have open, and are ended at once where there are none", async () => {
  const log = emptyLog();
  const pool = new WorkerPool<object, Squared>(module, { size: 1, setup: { log }, closes: true });
  const waiting = expect(pool.run({ wait: true })).rejects.toThrow("its thread failed: it ended with code 0");
  await pool[Symbol.asyncDispose]();
  await waiting;
  expect(linesOf(log)).toEqual(["start", "close"]);
  const idle = new WorkerPool<object, Squared>(module, { size: 1, setup: { log }, closes: true });
  await idle.run({ square: 1 });
  await idle[Symbol.asyncDispose]();
  expect(linesOf(log)).toEqual(["start", "close", "start"]);
});

test("a pool with nothing to do lets the process end", () => {
  const script = `
    const { WorkerPool } = await import(${JSON.stringify(new URL("./worker-pool.ts", import.meta.url).href)});
    const pool = new WorkerPool(new URL(${JSON.stringify(module.href)}), { size: 1 });
    await pool.run({ square: 2 });
    await pool.run({ square: () => 1 }).catch(() => {});`;
  const words = ["--conditions=cameo-source", "--input-type=module", "--eval", script];
  execFileSync(process.execPath, words, { timeout: 20_000 });
});

test("a task that cannot be copied is refused, and a disposed pool refuses all", async () => {
  const pool = new WorkerPool<object, Squared>(module, { size: 1 });
  await expect(pool.run({ square: () => 1 })).rejects.toThrow("could not be cloned");
  const waiting = pool.run({ square: 2 });
  const settled = waiting.then(
    () => "answered",
    () => "rejected",
  );
  await pool[Symbol.asyncDispose]();
  expect(["answered", "rejected"]).toContain(await settled);
  await expect(pool.run({ square: 1 })).rejects.toThrow("the pool is disposed");
});

test("the size is checked", () => {
  expect(() => new WorkerPool(module, { size: 0 })).toThrow("got 0, must be an integer in [1, 512]");
});
