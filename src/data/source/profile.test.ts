import assert from "node:assert/strict";
import { test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { FaultLog } from "../fault.ts";
import type { Schema, TableSlice } from "../table.ts";
import { ColumnSketch } from "./_column-sketch.ts";
import { DistinctSketch } from "./_distinct-sketch.ts";
import { QuantileSketch } from "./_quantile-sketch.ts";
import { TopValues } from "./_top-values.ts";
import { profileSource } from "./profile.ts";
import type { Source } from "./source.ts";

const random = new RandomStream(1, "profile");

test("QuantileSketch is exact for few numbers and within half a percent for many, also merged", () => {
  const few = new QuantileSketch();
  for (const value of [5, 1, 3, 2, 4]) few.add(value);
  assert.deepEqual(
    [0, 0.2, 0.21, 0.5, 1].map((p) => few.quantile(p)),
    [1, 1, 2, 3, 5],
  );
  assert.deepEqual(
    [0, 1, 3.5, 5, 9].map((value) => few.rank(value)),
    [0, 0.2, 0.6, 1, 1],
  );
  const n = 200_000;
  for (const [name, value] of [
    ["sorted", (i: number) => i / n],
    ["random", (i: number) => random.uniform(i)],
  ] as const) {
    const whole = new QuantileSketch();
    const parts = Array.from({ length: 7 }, () => new QuantileSketch());
    for (let i = 0; i < n; i++) {
      whole.add(value(i));
      parts[i % 7]?.add(value(i));
    }
    const merged = new QuantileSketch();
    for (const part of parts) merged.merge(part);
    for (const sketch of [whole, merged]) {
      assert.equal(sketch.count, n);
      for (const p of [0.01, 0.1, 0.5, 0.9, 0.99]) {
        assert.ok(Math.abs(sketch.quantile(p) - p) < 0.005, `${name}: ${p} at ${sketch.quantile(p)}`);
        assert.ok(Math.abs(sketch.rank(p) - p) < 0.005, `${name}: ${p} has ${sketch.rank(p)}`);
      }
    }
  }
});

test("DistinctSketch counts few exactly and many within five percent, also merged", () => {
  for (const n of [0, 1, 1000, 5000, 20_000, 300_000]) {
    const [numbers, texts, left, right] = Array.from({ length: 4 }, () => new DistinctSketch()) as [
      DistinctSketch,
      DistinctSketch,
      DistinctSketch,
      DistinctSketch,
    ];
    for (let i = 0; i < n; i++) {
      numbers.add(i / 3);
      numbers.add(i / 3);
      texts.add(`key ${i}`);
      (i % 3 === 0 ? left : right).add(i);
      if (i % 5 === 0) left.add(i);
    }
    left.merge(right);
    for (const sketch of [numbers, texts, left])
      assert.ok(Math.abs(sketch.count - n) <= (n <= 1024 ? 0 : n * 0.05), `${n}: ${sketch.count}`);
  }
});

test("TopValues keeps what is frequent", () => {
  const values = new TopValues<string>();
  for (let i = 0; i < 100_000; i++) {
    values.add(`rare ${i}`);
    if (i % 10 === 0) values.add("common");
    if (i % 50 === 0) values.add("some");
  }
  assert.deepEqual(
    values.top(5).map(({ value }) => value),
    ["common", "some"],
  );
  const few = new TopValues<number>();
  for (const value of [3, 1, 3]) few.add(value);
  assert.deepEqual(few.top(1), [{ value: 3, count: 2 }]);
});

test("ColumnSketch merges to what it would have seen at once", () => {
  const field = { name: "x", type: "float64", nullable: true } as const;
  const cells = Array.from({ length: 900 }, (_, i) => (i % 10 === 0 ? null : i % 11 === 0 ? Number.NaN : Math.sin(i)));
  const [whole, left, right] = [new ColumnSketch(field), new ColumnSketch(field), new ColumnSketch(field)];
  whole.add(cells);
  left.add(cells.slice(0, 300));
  right.add(cells.slice(300));
  left.merge(right);
  const [a, b] = [whole.profile(3, 5), left.profile(3, 5)];
  assert.ok(Math.abs((a.numbers?.mean ?? 0) - (b.numbers?.mean ?? 1)) < 1e-12);
  assert.ok(Math.abs((a.numbers?.standardDeviation ?? 0) - (b.numbers?.standardDeviation ?? 1)) < 1e-12);
  assert.deepEqual({ ...b.numbers, mean: 0, standardDeviation: 0 }, { ...a.numbers, mean: 0, standardDeviation: 0 });
  assert.deepEqual([b.count, b.nulls, b.notFinite, b.distinct], [a.count, a.nulls, a.notFinite, a.distinct]);
});

test("profileSource says what each kind of column holds", async () => {
  const schema: Schema = [
    { name: "n", type: "int64", nullable: false },
    { name: "ok", type: "bool", nullable: false },
    { name: "text", type: "string", nullable: true },
    { name: "list", type: "json", nullable: false },
    { name: "raw", type: "bytes", nullable: false },
  ];
  const slice: TableSlice = {
    numRows: 4,
    rows: Float64Array.of(0, 1, 2, 3),
    columns: {
      n: BigInt64Array.of(1n, 2n, 3n, 6n),
      ok: Uint8Array.of(1, 0, 1, 1),
      text: ["a", null, "bbb", "a"],
      list: [[], [1, 2], [1, 2], [3]],
      raw: [Uint8Array.of(1), Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2)],
    },
  };
  const source = {
    schema,
    faults: new FaultLog(),
    read: async function* () {
      yield slice;
    },
  } as unknown as Source;
  const { numRows, columns } = await profileSource(source, { bins: 5 });
  assert.equal(numRows, 4);
  const [n, ok, text, list, raw] = columns;
  assert.deepEqual(n?.numbers?.histogram, { edges: [1, 3, 5, 7], counts: [2, 1, 1] });
  assert.deepEqual([n?.numbers?.mean, n?.numbers?.min, n?.numbers?.max], [3, 1, 6]);
  assert.ok(Math.abs((n?.numbers?.standardDeviation ?? 0) - Math.sqrt(14 / 3)) < 1e-12);
  assert.deepEqual(ok?.top, [
    { value: true, count: 3 },
    { value: false, count: 1 },
  ]);
  assert.deepEqual([text?.count, text?.nulls, text?.distinct, text?.lengths?.max], [3, 1, 2, 3]);
  assert.deepEqual([list?.distinct, list?.lengths?.max, raw?.distinct, raw?.lengths?.min], [3, 2, 3, 0]);
  const some = await profileSource(source, { columns: ["ok"] });
  assert.deepEqual(
    some.columns.map(({ name }) => name),
    ["ok"],
  );
});
