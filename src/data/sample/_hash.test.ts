import { expect, test } from "vitest";
import { RowUniforms } from "./_hash.ts";

test("numbers of rows are uniform, also of neighbours and beyond 2^32", () => {
  const uniforms = new RowUniforms(1, "test");
  for (const base of [0, 2 ** 32 - 500, 2 ** 52]) {
    const bins = new Float64Array(100);
    for (let i = 0; i < 100_000; i++) {
      const bin = Math.floor(uniforms.at(base + i) * 100);
      bins[bin] = (bins[bin] as number) + 1;
    }
    const statistic = bins.reduce((sum, found) => sum + (found - 1000) ** 2 / 1000, 0);
    expect(Math.abs(statistic - 99) / Math.sqrt(198)).toBeLessThan(3.5);
  }
});
