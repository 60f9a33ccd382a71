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

test("what is read again is not counted again", () => {
  const told: Fault[] = [];
  const log = new FaultLog({ onFault: (each) => told.push(each) });
  const file: Fault = { code: "empty", source: "b.txt", detail: "it has no bytes" };
  for (let pass = 0; pass < 2; pass++) {
    for (let row = 0; row < 5; row++) log.report(fault(row));
    log.report(file);
  }
  expect([log.counts(), told.length, log.examples.length]).toEqual([{ empty: 1, utf8: 5 }, 6, 6]);
  const strict = new FaultLog({ policy: "fail" });
  for (let pass = 0; pass < 2; pass++) expect(() => strict.report(file)).toThrow("empty");
});

test("rows are counted by what a fault costs", () => {
  const log = new FaultLog();
  log.report({ ...fault(100, "decode"), numRows: 50 });
  log.report({ ...fault(120, "decode"), numRows: 10 }); // a part of the same, read again in smaller pieces
  log.report({ code: "truncated", source: "0.tar", numRows: 1, detail: "its last sample is cut" });
  log.report({ code: "empty", source: "1.tar", detail: "it has no bytes" });
  expect(log.counts()).toEqual({ empty: 1, truncated: 1, decode: 1 });
  expect([log.rowCounts(), log.numRows]).toEqual([{ truncated: 1, decode: 50 }, 51]);
});
