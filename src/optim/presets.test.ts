/** Defaults of the presets; their rules are held against fixtures by the optimizer table. */

import { expect, test } from "vitest";
import { adam, adamw } from "./adam.ts";
import { keras, optax, tf1, torch } from "./presets.ts";
import { sgd } from "./sgd.ts";
import type { Transform } from "./transform.ts";

const rateOf = (transform: Transform): number => -(transform.scalars(1e6).negativeRate as number);
const epsilonOf = (transform: Transform): number => transform.scalars(1e6).epsilon as number;
const decayOf = (transform: Transform): number => (transform.scalars(1e6).decay as number) / -rateOf(transform);

test("learning rates", () => {
  expect([torch.sgd(), torch.adam(), torch.adamW(), tf1.adam(), keras.adam(), keras.adamW()].map(rateOf)).toEqual(
    Array(6).fill(1e-3),
  );
  expect(rateOf(keras.sgd())).toBe(0.01);
});

test("epsilons", () => {
  expect([torch.adam(), tf1.adam(), optax.adam({ learningRate: 1 })].map(epsilonOf)).toEqual([1e-8, 1e-8, 1e-8]);
  expect([keras.adam(), keras.adamW()].map(epsilonOf)).toEqual([1e-7, 1e-7]);
});

test("weight decays", () => {
  expect(decayOf(torch.adamW())).toBeCloseTo(0.01, 15);
  expect(decayOf(keras.adamW())).toBeCloseTo(0.004, 15);
  expect(decayOf(optax.adamw({ learningRate: 1 }))).toBeCloseTo(1e-4, 15);
  for (const plain of [torch.adam(), keras.adam(), tf1.adam()]) expect(plain.scalars(0)).not.toHaveProperty("decay");
});

test("the plain functions are PyTorch's", () => {
  for (const step of [0, 1, 1000]) {
    expect(sgd().scalars(step)).toEqual(torch.sgd().scalars(step));
    expect(adam().scalars(step)).toEqual(torch.adam().scalars(step));
    expect(adamw().scalars(step)).toEqual(torch.adamW().scalars(step));
  }
});

test("Keras decays beside the step, PyTorch's sgd and adam in the gradient", () => {
  expect(keras.sgd({ learningRate: 0.5, weightDecay: 0.25 }).scalars(0).decay).toBe(-0.125);
  expect(keras.adam({ learningRate: 0.5, weightDecay: 0.25 }).scalars(0).decay).toBe(-0.125);
  expect(torch.sgd({ weightDecay: 0.25 }).scalars(0)).not.toHaveProperty("decay");
  expect(torch.adam({ weightDecay: 0.25 }).scalars(0)).not.toHaveProperty("decay");
});
