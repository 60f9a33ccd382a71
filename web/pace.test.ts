import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

test("the pace is that of the last seconds, by the clock", () => {
  const pace = new Pace();
  expect(pace.stepsPerSecond).toBeNaN();
  for (let step = 1; step <= 100; step++) pace.add(step, step * 100);
  expect(pace.stepsPerSecond).toBeCloseTo(10, 6);
  for (let step = 1; step <= 1000; step++) pace.add(100 + step, 10_000 + step * 50);
  expect(pace.stepsPerSecond).toBeCloseTo(20, 1);
});

test("a pause is forgotten", () => {
  const pace = new Pace();
  for (let step = 1; step <= 10; step++) pace.add(step, step * 300);
  pace.clear();
  for (let step = 1; step <= 10; step++) pace.add(10 + step, 1e6 + step * 500);
  expect(pace.stepsPerSecond).toBeCloseTo(2, 6);
});
