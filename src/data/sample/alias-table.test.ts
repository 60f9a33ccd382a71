import { expect, test } from "vitest";
import { AliasTable } from "./alias-table.ts";

test("an alias table gives each index exactly its share of [0, 1)", () => {
  const weights = [0, 3, 0.5, 9, 0, 1e-9, 2.5];
  const table = new AliasTable(weights);
  const counts = new Float64Array(weights.length);
  const points = 700_000;
  for (let i = 0; i < points; i++) {
    const index = table.at((i + 0.5) / points);
    counts[index] = (counts[index] as number) + 1;
  }
  for (const [index, weight] of weights.entries()) {
    expect(Math.abs((counts[index] as number) / points - weight / 15), `${index}`).toBeLessThan(1e-5);
    if (weight === 0) expect(counts[index]).toBe(0);
  }
});
