import { describe, expect, test } from "vitest";
import { type AdamOptions, adam, adamw } from "./adam.ts";
import { perParameter, Trainer } from "./optimizers.contract.ts";
import { keras, tf1 } from "./presets.ts";
import type { Transform } from "./transform.ts";

const weight = { path: "weight", shape: [1], dtype: "float32" } as const;

/** How far a weight at 0 moves under an equal gradient in some steps. */
async function travelled(transform: Transform, gradient: number, steps = 1): Promise<number> {
  await using trainer = await Trainer.start(perParameter(transform, [weight]), new Float32Array(1));
  const history = await trainer.run(() => new Float32Array([gradient]), 0, steps);
  return -(history.at(-1)?.parameter[0] as number);
}

describe("the first step of TF1's Adam relative to PyTorch's, as measured", () => {
  test.each([
    [1e-2, 1.0],
    [1e-5, 0.97],
    [1e-7, 0.264],
    [1e-8, 0.061],
    [1e-9, 0.035],
  ])("gradient %d: %d", async (gradient, expected) => {
    const ratio = (await travelled(tf1.adam(), gradient)) / (await travelled(adam(), gradient));
    expect(ratio).toBeCloseTo(expected, 3);
  });

  test("a thousand steps of 1e-8 are 0.716 of PyTorch's", async () => {
    const ratio = (await travelled(tf1.adam(), 1e-8, 1000)) / (await travelled(adam(), 1e-8, 1000));
    expect(ratio).toBeCloseTo(0.716, 3);
  });
});

test("Keras' first step on a gradient of 1e-5 is 7.60e-4, PyTorch's 9.99e-4", async () => {
  expect(await travelled(keras.adam(), 1e-5)).toBeCloseTo(7.6e-4, 6);
  expect(await travelled(adam(), 1e-5)).toBeCloseTo(9.99e-4, 6);
});

test("bias corrections are exact where float32 powers are not, and end in the plain rule", () => {
  const first = adam({ learningRate: 1 }).scalars(0);
  expect(first.negativeRate).toBeCloseTo(-Math.sqrt(0.001) / 0.1, 14);
  expect(adam({ learningRate: 1 }).scalars(1e6)).toEqual({ negativeRate: -1, epsilon: 1e-8 });
});

test("the forms of epsilon agree when the corrections have faded", () => {
  const at = (epsilonForm: NonNullable<AdamOptions["epsilonForm"]>, step: number) =>
    adam({ epsilonForm }).scalars(step).epsilon;
  expect(at("hat", 0)).toBe(1e-8);
  expect(at("outside", 0)).toBeCloseTo(1e-8 * Math.sqrt(0.001), 22);
  expect(at("insideRoot", 0)).toBeCloseTo(1e-8 * 0.001, 24);
  expect(new Set([at("hat", 1e6), at("outside", 1e6), at("insideRoot", 1e6)]).size).toBe(1);
});

test("adamw decays by 0.01 unless told otherwise, and adam not at all", () => {
  expect(adamw({ learningRate: 1 }).scalars(0).decay).toBe(-0.01);
  expect(adamw({ learningRate: 1, weightDecay: 0 }).scalars(0)).not.toHaveProperty("decay");
  expect(adam({ learningRate: 1 }).scalars(0)).not.toHaveProperty("decay");
});

test("a mask without decay leaves nothing to choose", () => {
  expect(adam({ mask: () => true }).forParameter).toBeUndefined();
});

test.each<[AdamOptions, string]>([
  [{ beta1: 1 }, "adam: cannot use beta1: got 1, must be in [0, 1)"],
  [{ beta2: -0.1 }, "adam: cannot use beta2: got -0.1, must be in [0, 1)"],
  [{ epsilon: 0 }, "adam: cannot use epsilon: got 0, must be positive"],
  [{ weightDecay: Number.NaN }, "adam: cannot use weightDecay: got NaN, must be at least 0"],
  [{ learningRate: Number.POSITIVE_INFINITY }, "adam: cannot use learningRate: got Infinity, must be at least 0"],
])("refuses %o", (options, message) => {
  expect(() => adam(options)).toThrow(new RangeError(message));
  expect(() => adamw(options)).toThrow(new RangeError(message.replace("adam", "adamw")));
});
