import { expect, test } from "vitest";
import { type Fault, FaultLog } from "./fault.ts";

const fault = (row: number, code: Fault["code"] = "utf8"): Fault => ({
  code,
  source: "a.txt",
  row,
  detail: "bad byte",
});

test("every fault is counted, the first of each code are kept, and each is told", () => {
  const told: Fault[] = [];
  const log = new FaultLog({ examples: 2, onFault: (each) => told.push(each) });
  for (let row = 0; row < 5; row++) log.report(fault(row));
  log.report(fault(9, "empty"));
  expect(log.counts()).toEqual({ empty: 1, utf8: 5 });
  expect(Object.keys(log.counts())).toEqual(["empty", "utf8"]);
  expect([log.total, told.length]).toEqual([6, 6]);
  expect(log.examples.map(({ row }) => row)).toEqual([0, 1, 9]);
});

test(`the policy "fail" throws at the first fault, in one line and a hint`, () => {
  const log = new FaultLog({ policy: "fail" });
  const cause = new Error("inner");
  expect(() => log.report({ ...fault(3), byte: 12 }, cause)).toThrow(
    `data: cannot read "a.txt": row 3, byte 12: utf8: bad byte, the fault policy is "fail"\nhint: use the policy "quarantine"`,
  );
  expect(log.total).toBe(1);
});
