import { expect, test } from "vitest";
import { OpenShards } from "./_open-shards.ts";
import type { ShardFile } from "./shard-file.ts";
import type { ShardLayout } from "./shard-layout.ts";

/** Shards that open when they are told to; `log` is what happened to them. */
function shards() {
  const log: string[] = [];
  const gates = new Map<number, PromiseWithResolvers<void>>();
  const open = new OpenShards(async (number, signal) => {
    log.push(`open ${number}`);
    const gate = Promise.withResolvers<void>();
    gates.set(number, gate);
    signal.addEventListener("abort", () => gate.reject(signal.reason));
    await gate.promise;
    const file = {
      heldBytes: 0,
      [Symbol.asyncDispose]: async () => void log.push(`close ${number}`),
    } as unknown as ShardFile;
    return { file, layout: {} as ShardLayout };
  });
  return { log, gates, open };
}

test("who gives up waiting for a shard does not take it from others", async () => {
  const { log, gates, open } = shards();
  const stop = new AbortController();
  const first = open.use(1, async () => "first", stop.signal);
  const second = open.use(1, async () => "second");
  stop.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  gates.get(1)?.resolve();
  expect(await second).toBe("second");
  await open[Symbol.asyncDispose]();
  expect(log).toEqual(["open 1", "close 1"]);
});

test("what is being opened when all is closed is stopped, and what is open is closed", async () => {
  const { log, gates, open } = shards();
  const stopped = open.use(1, async () => "never");
  stopped.catch(() => {}); // awaited below
  const used = open.use(2, async () => "used");
  gates.get(2)?.resolve();
  expect(await used).toBe("used");
  await open[Symbol.asyncDispose]();
  await expect(stopped).rejects.toThrow("aborted");
  expect(log).toEqual(["open 1", "open 2", "close 2"]);
});
