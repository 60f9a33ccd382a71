import { describe, expect, test } from "vitest";
import { perParameter, Trainer } from "./optimizers.contract.ts";
import { type SgdOptions, sgd } from "./sgd.ts";
import type { Scheduled } from "./transform.ts";

const weight = { path: "weight", shape: [1], dtype: "float32" } as const;
const drop = (step: number): number => (step < 10 ? 0.1 : 0.01);

/** Where a weight is that starts at 0 and sees a gradient of 1 for 20 steps. */
async function travelled(options: Omit<SgdOptions, "learningRate">, learningRate: Scheduled): Promise<number> {
  const stretches = perParameter(sgd({ ...options, learningRate }), [weight]);
  await using trainer = await Trainer.start(stretches, new Float32Array(1));
  return (await trainer.run(() => new Float32Array([1]), 0, 20)).at(-1)?.parameter[0] as number;
}

describe("momentum over a drop of the learning rate, as measured in the libraries", () => {
  const momentum = 0.9;
  test.each<[string, Omit<SgdOptions, "learningRate">, Scheduled, number]>([
    ["PyTorch and TF1", { momentum }, drop, -4.9337],
    ["Keras", { momentum, velocity: "scaled" }, drop, -8.3699],
    ["PyTorch, Nesterov", { momentum, nesterov: true }, drop, -5.5403],
    ["Keras, Nesterov", { momentum, nesterov: true, velocity: "scaled" }, drop, -8.6329],
    ["PyTorch, constant", { momentum }, 0.1, -12.0942],
    ["Keras, constant", { momentum, velocity: "scaled" }, 0.1, -12.0942],
    ["PyTorch, constant, dampening", { momentum, dampening: 0.5 }, 0.1, -6.4863],
  ])("%s", async (_, options, learningRate, expected) => {
    expect(await travelled(options, learningRate)).toBeCloseTo(expected, 3);
  });
});

test("dampening spares the first step", () => {
  const { scalars } = sgd({ momentum: 0.9, dampening: 0.25 });
  expect([scalars(0).gain, scalars(1).gain]).toEqual([1, 0.75]);
});

test("a schedule is read at every step", () => {
  expect(sgd({ learningRate: drop }).scalars(10)).toEqual({ negativeRate: -0.01 });
});

test.each<[SgdOptions, string]>([
  [{ learningRate: -1 }, "sgd: cannot use learningRate: got -1, must be at least 0"],
  [{ momentum: 9 }, "sgd: cannot use momentum: got 9, must be in [0, 1]"],
  [{ momentum: 0.9, dampening: -1 }, "sgd: cannot use dampening: got -1, must be in [0, 1]"],
  [{ weightDecay: -1e-4 }, "sgd: cannot use weightDecay: got -0.0001, must be at least 0"],
  [
    { nesterov: true },
    "sgd: cannot use Nesterov momentum: got momentum 0 and dampening 0, momentum must be positive and dampening 0",
  ],
  [
    { nesterov: true, momentum: 0.9, dampening: 0.5 },
    "sgd: cannot use Nesterov momentum: got momentum 0.9 and dampening 0.5, momentum must be positive and dampening 0",
  ],
  [
    { velocity: "scaled", momentum: 0.9, dampening: 0.5 },
    "sgd: cannot use a scaled velocity: got dampening 0.5, dampening must be 0",
  ],
])("refuses %o", (options, message) => {
  expect(() => sgd(options)).toThrow(new RangeError(message));
});

test("refuses a schedule's value at the step where it goes wrong", () => {
  const { scalars } = sgd({ learningRate: (step) => 1 - step });
  expect(scalars(1)).toEqual({ negativeRate: -0 });
  expect(() => scalars(2)).toThrow(
    new RangeError("sgd: cannot use learningRate at step 2: got -1, must be at least 0"),
  );
});
