import { expect, test } from "vitest";
import { ReadAhead } from "./_read-ahead.ts";

/** Makes numbers that take `sizeBytes`; `made` is what was begun, in order. */
function numbers(sizeBytes: number, limitBytes: number, expectedBytes = sizeBytes, end?: number) {
  const made: number[] = [];
  const ahead = new ReadAhead<number>(
    async (index) => {
      made.push(index);
      return { result: index, sizeBytes };
    },
    limitBytes,
    expectedBytes,
    end,
  );
  return { made, ahead };
}

test("as many are made ahead as memory holds, and each once", async () => {
  const { made, ahead } = numbers(10, 35);
  for (let index = 0; index < 20; index++) {
    expect(await ahead.get(index)).toBe(index);
    expect(made).toHaveLength(index + 4);
  }
  expect(made).toEqual(Array.from({ length: 23 }, (_, i) => i));
});

test("one that is larger than all of the memory is made when it is asked for", async () => {
  const { made, ahead } = numbers(100, 50);
  for (let index = 0; index < 3; index++) await ahead.get(index);
  expect(made).toEqual([0, 1, 2]);
});

test("what was larger than expected counts from then on", async () => {
  const { made, ahead } = numbers(100, 200, 1, 1000);
  await ahead.get(0);
  const first = made.length;
  for (let index = 1; index < first; index++) await ahead.get(index);
  expect(made.length - first).toBeLessThan(3);
});

test("a jump drops what was made for nothing, and goes on from there", async () => {
  const { made, ahead } = numbers(10, 20);
  await ahead.get(0);
  await ahead.get(500);
  await ahead.get(0);
  expect(made.filter((index) => index === 0)).toHaveLength(2);
  await ahead.get(1);
  expect(made.at(-1)).toBeLessThan(5);
});

test("who jumps about has no more made than is asked for", async () => {
  const { made, ahead } = numbers(1, 1000);
  await ahead.get(10);
  const first = made.length;
  for (let index = 100_000; index > 0; index -= 1000) await ahead.get(index);
  expect(made).toHaveLength(first + 100);
  await ahead.get(1001);
  expect(made.length).toBeGreaterThan(first + 110); // in order again
});

test("nothing is made past the end", async () => {
  const { made, ahead } = numbers(1, 1000, 1, 4);
  await ahead.get(2);
  expect(made).toEqual([2, 3]);
});

test("a failure is that of who asks for it, again and again", async () => {
  let failures = 0;
  const ahead = new ReadAhead<number>(
    async (index) => {
      if (index === 1) throw new Error(`failure ${failures++}`);
      return { result: index, sizeBytes: 1 };
    },
    10,
    1,
  );
  await ahead.get(0);
  await expect(ahead.get(1)).rejects.toThrow("failure 0");
  await expect(ahead.get(1)).rejects.toThrow("failure 1");
  expect(await ahead.get(2)).toBe(2);
});
