import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLossScale } from "./loss-scale.ts";

interface ScaleCase {
  readonly options: Readonly<Record<string, number>>;
  readonly finite: readonly number[];
  readonly scales: readonly number[];
}

const fixture = join(import.meta.dirname, "../../fixtures/mixed/torch.json");
const { scales } = (JSON.parse(readFileSync(fixture, "utf8")) as { cases: { scales: Record<string, ScaleCase> } })
  .cases;
const ours: Readonly<Record<string, string>> = {
  init_scale: "initial",
  growth_factor: "growthFactor",
  backoff_factor: "backoffFactor",
  growth_interval: "growthInterval",
};

test.each(Object.entries(scales))("follows PyTorch's GradScaler %s", (_, { options, finite, scales: expected }) => {
  const scale = createLossScale(
    Object.fromEntries(Object.entries(options).map(([name, value]) => [ours[name] as string, value])),
  );
  const got = finite.map((good) => {
    scale.observe(good === 1);
    return scale.scale;
  });
  expect(got).toEqual(expected);
  expect(scale.skipped).toBe(finite.filter((good) => good === 0).length);
});

test("goes on from what it saved, through JSON", () => {
  const pattern = Array.from({ length: 30 }, (_, i) => i % 7 !== 3);
  const whole = createLossScale({ growthInterval: 4 });
  for (const finite of pattern) whole.observe(finite);
  const before = createLossScale({ growthInterval: 4 });
  for (const finite of pattern.slice(0, 13)) before.observe(finite);
  const after = createLossScale({ growthInterval: 4 });
  after.restore(JSON.parse(JSON.stringify(before.save())));
  for (const finite of pattern.slice(13)) after.observe(finite);
  expect(after.save()).toEqual(whole.save());
});

test("gives up when no scale helps", () => {
  const scale = createLossScale();
  const fail = () => {
    for (let i = 0; i < 100; i++) scale.observe(false);
  };
  expect(fail).toThrow(
    "train: cannot scale the loss: gradients were not finite at any scale from 65536 down to 2^-24, gradients must be finite",
  );
  expect(scale.skipped).toBe(41);
});

test.each([
  [{ initial: 0 }, "initial"],
  [{ initial: 1e39 }, "initial"],
  [{ growthFactor: 1 }, "growthFactor"],
  [{ backoffFactor: 1 }, "backoffFactor"],
  [{ growthInterval: 1.5 }, "growthInterval"],
])("refuses %o", (options, name) => {
  expect(() => createLossScale(options)).toThrow(`createLossScale: cannot use ${name}: got`);
});
