import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tensor } from "../../tensor/tensor.ts";
import { findLabelErrors } from "./label-errors.ts";
import { neighbourDisagreement } from "./neighbour-disagreement.ts";

interface Case {
  readonly labels: readonly number[];
  readonly probabilities: readonly (readonly number[])[];
  readonly truth: readonly number[];
  readonly confidentJoint: readonly (readonly number[])[];
  readonly issues: Readonly<Record<"noise-rate" | "off-diagonal", readonly number[]>>;
}
const cases = JSON.parse(
  readFileSync(new URL("../../../fixtures/quality-labels/labels.json", import.meta.url), "utf8"),
) as Case[];
const predicted = ({ probabilities }: Case) =>
  tensor("float64", [probabilities.length, probabilities[0]?.length ?? 0], probabilities.flat());

test.each(["noise-rate", "off-diagonal"] as const)("%s finds what cleanlab finds, in its order", (method) => {
  for (const each of cases) {
    const { errors } = findLabelErrors(predicted(each), each.labels, { method });
    expect(errors.map(({ index }) => index)).toEqual(each.issues[method]);
  }
});

test("the joint is cleanlab's, scaled", () => {
  for (const each of cases) {
    const { joint, noiseRate } = findLabelErrors(predicted(each), each.labels);
    const total = joint.flat().reduce((sum, share) => sum + share, 0);
    expect(total).toBeCloseTo(1, 12);
    for (const [i, row] of joint.entries()) {
      const counts = each.confidentJoint[i] as readonly number[];
      const sum = counts.reduce((a, b) => a + b, 0);
      const share = row.reduce((a, b) => a + b, 0);
      for (const [j, value] of row.entries()) expect(value / share).toBeCloseTo((counts[j] as number) / sum, 10);
    }
    const wrong = each.labels.filter((label, i) => label !== each.truth[i]).length / each.labels.length;
    expect(Math.abs(noiseRate - wrong)).toBeLessThan(0.2); // classes overlap: the model is wrong as well
  }
});

test("most of what is found is wrong indeed", () => {
  const [first] = cases as [Case];
  const { errors } = findLabelErrors(predicted(first), first.labels);
  const hits = errors.filter(({ index }) => first.labels[index] !== first.truth[index]).length;
  expect(hits / errors.length).toBeGreaterThan(0.6);
});

test("labels that do not fit are refused", () => {
  const two = tensor("float32", [2, 2], [0.5, 0.5, 0.1, 0.9]);
  expect(() => findLabelErrors(two, [0])).toThrow("got probabilities [2, 2] and 1 labels");
  expect(() => findLabelErrors(two, [0, 2])).toThrow("label 2 at 1");
  expect(() => findLabelErrors(two, [1, 1])).toThrow("no example has label 0");
});

test("neighbours disagree where a label was changed", () => {
  const points = Array.from({ length: 60 }, (_, i) => [
    Math.cos(i < 30 ? i / 100 : 2 + i / 100),
    Math.sin(i < 30 ? i / 100 : 2 + i / 100),
  ]);
  const labels = points.map((_, i) => (i < 30 ? 0 : 1));
  labels[7] = 1;
  labels[41] = 0;
  const scores = neighbourDisagreement(tensor("float32", [60, 2], points.flat()), labels, { neighbours: 5 });
  expect([...scores.entries()].filter(([, score]) => score === 1).map(([i]) => i)).toEqual([7, 41]);
  expect(() => neighbourDisagreement(tensor("float32", [2, 1], [1, 2]), [0, 1])).toThrow("got 10");
});
