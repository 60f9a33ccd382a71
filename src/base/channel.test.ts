import { expect, test, vi } from "vitest";
import { Channel } from "./channel.ts";

const drain = async <T>(channel: Channel<T>): Promise<T[]> => {
  const values: T[] = [];
  for await (const value of channel) values.push(value);
  return values;
};

test("gives what was pushed before and during the loop, in order", async () => {
  const channel = new Channel<number>(() => {});
  channel.push(1);
  channel.push(2);
  const drained = drain(channel);
  await Promise.resolve();
  channel.push(3);
  setTimeout(() => {
    channel.push(4);
    channel.close();
    channel.push(5); // too late
  }, 1);
  expect(await drained).toEqual([1, 2, 3, 4]);
});

test("a closed channel still gives what waits in it", async () => {
  const channel = new Channel<string>(() => {});
  channel.push("a");
  channel.close();
  expect(await drain(channel)).toEqual(["a"]);
});

test("tells when the loop is left early, and only then", async () => {
  const onLeave = vi.fn();
  const left = new Channel<number>(onLeave);
  left.push(1);
  for await (const value of left) if (value === 1) break;
  expect(onLeave).toHaveBeenCalledTimes(1);
  const finished = new Channel<number>(onLeave);
  finished.close();
  await drain(finished);
  expect(onLeave).toHaveBeenCalledTimes(1);
});

test("has one consumer", async () => {
  const channel = new Channel<number>(() => {});
  channel.close();
  await drain(channel);
  await expect(drain(channel)).rejects.toThrow(TypeError);
});
