import { expect, test } from "vitest";
import { drawOf } from "./draw.ts";

const first = (seed: number, epoch: number, sample: number | string, path: readonly string[] = []): number =>
  path.reduce((draw, name) => draw.child(name), drawOf({ seed, epoch, sample })).uniform();

test("seed, epoch, sample and path each change the numbers, and nothing else does", () => {
  const keys = [
    first(1, 0, 7),
    first(2, 0, 7),
    first(1, 1, 7),
    first(1, 0, 8),
    first(1, 0, "7"),
    first(1, 0, "seven"),
    first(1, 0, 7 + 2 ** 32),
    first(1 + 2 ** 32, 0, 7),
    first(1, 0, 7, ["a"]),
    first(1, 0, 7, ["b"]),
    first(1, 0, 7, ["a", "b"]),
    first(1, 0, 7, ["b", "a"]),
    first(1, 0, 7, ["ab"]),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(first(1, 0, 7, ["a", "b"])).toBe(keys[10]);
});

test("known numbers stay what they are", () => {
  const draw = drawOf({ seed: 7, epoch: 3, sample: 12 });
  expect([draw.uniform(), draw.integer(0, 99), draw.seed(), draw.child("x").uniform()]).toMatchInlineSnapshot(`
    [
      0.25451304669592145,
      48,
      1598295568,
      0.23981848245705062,
    ]
  `);
});

test("children do not depend on what their parent drew", () => {
  const [fresh, used] = [drawOf({ seed: 1, epoch: 0, sample: 0 }), drawOf({ seed: 1, epoch: 0, sample: 0 })];
  for (let i = 0; i < 9; i++) used.uniform();
  expect(used.child("x").uniform()).toBe(fresh.child("x").uniform());
});

test("samples, one number each, are uniform and independent of their neighbours", () => {
  const count = 20_000;
  const values = Array.from({ length: count }, (_, sample) => first(3, 0, sample, ["0", "Affine"]));
  const bins = new Float64Array(20);
  for (const value of values) bins[Math.floor(value * 20)] = (bins[Math.floor(value * 20)] as number) + 1;
  const chi = bins.reduce((sum, bin) => sum + (bin - count / 20) ** 2 / (count / 20), 0);
  expect(chi).toBeLessThan(43.8); // 0.1 % of 19 degrees of freedom
  const mean = 0.5;
  const product = values.reduce((sum, value, i) => sum + (value - mean) * ((values[i + 1] ?? mean) - mean), 0);
  expect(Math.abs(product / count)).toBeLessThan((4 / 12) * count ** -0.5);
});

test("integers have both ends, chances their rate, normal variates their moments", () => {
  const draw = drawOf({ seed: 5, epoch: 0, sample: "x" });
  const many = <T>(make: () => T): T[] => Array.from({ length: 20_000 }, make);
  expect(new Set(many(() => draw.integer(-2, 2)))).toEqual(new Set([-2, -1, 0, 1, 2]));
  expect(many(() => draw.chance(0.3)).filter(Boolean).length / 20_000).toBeCloseTo(0.3, 1);
  const normals = many(() => draw.normal(3, 2));
  const mean = normals.reduce((sum, value) => sum + value, 0) / normals.length;
  const variance = normals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / normals.length;
  expect(Math.abs(mean - 3)).toBeLessThan(0.06);
  expect(Math.abs(variance - 4)).toBeLessThan(0.2);
});
