import { expect, test } from "vitest";
import { numberedSource } from "../../../test/support/memory-source.ts";
import type { FaultCode } from "../fault.ts";
import type { Source } from "../source/source.ts";
import { ReadError } from "../store/read-error.ts";
import { takeWhole } from "./take-whole.ts";

/** A source whose `take` throws if one of these rows is asked for. */
function withFaults(bad: ReadonlySet<number>, code: FaultCode): Source & { calls: number } {
  const source = numberedSource(100);
  const result = {
    ...source,
    calls: 0,
    take: (rows: readonly number[], options = {}) => {
      result.calls++;
      const row = rows.find((each) => bad.has(each));
      if (row === undefined) return (source.take as NonNullable<Source["take"]>)(rows, options);
      return Promise.reject(new ReadError({ code, source: "memory", row, detail: "damaged" }, "must not be"));
    },
  };
  return result;
}

const rows = [5, 90, 17, 3, 3, 44, 99, 0];

test("rows with a fault are left out, the others keep their order", async () => {
  for (const bad of [[], [5], [3], [0, 90], rows]) {
    const source = withFaults(new Set(bad), "checksum");
    const { table, kept, faults } = await takeWhole(source, rows, { columns: ["id"] });
    const good = rows.flatMap((row, slot) => (bad.includes(row) ? [] : [slot]));
    expect(kept).toEqual(good);
    expect([...(table.columns.id ?? [])]).toEqual(good.map((slot) => BigInt(rows[slot] as number)));
    expect([...faults.keys()].sort()).toEqual(rows.flatMap((row, slot) => (bad.includes(row) ? [slot] : [])));
    for (const [slot, fault] of faults) expect(fault).toMatchObject({ code: "checksum", row: rows[slot] });
    expect(source.calls).toBeLessThan(16);
  }
});

test("what may pass is not taken for a fault of the data", async () => {
  await expect(takeWhole(withFaults(new Set([3]), "remote"), rows, {})).rejects.toThrow("remote");
  const { take, ...rest } = numberedSource(3);
  expect(take).toBeDefined();
  await expect(takeWhole(rest, [0], {})).rejects.toThrow("it has no take");
});
