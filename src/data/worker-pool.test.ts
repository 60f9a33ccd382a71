import { expect, test } from "vitest";
import { WorkerPool } from "./worker-pool.ts";

const module = new URL("../../test/support/pool-worker", import.meta.url);
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
