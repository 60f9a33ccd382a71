import { describe, expect, test } from "vitest";
import { tensor } from "../../tensor/tensor.ts";
import type { Column, Field } from "../table.ts";
import { chooseCodec } from "./choose-codec.ts";
import { columnBytes } from "./column-bytes.ts";
import { type ColumnEncoding, decodeColumn, encodeColumn } from "./column-codec.ts";
import { expectNoCrash } from "./decoder.contract.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);
const field = (type: Field["type"], nullable = false, rest: Partial<Field> = {}): Field => ({
  name: "c",
  type,
  nullable,
  ...rest,
});
const repeated = <T>(values: readonly T[], times: number): T[] =>
  Array.from({ length: times * values.length }, (_, i) => values[i % values.length] as T);

const columns: readonly (readonly [string, Field, Column])[] = [
  ["float32", field("float32"), Float32Array.of(1, Number.NaN, -0)],
  ["int64", field("int64"), BigInt64Array.of(-5n, 2n ** 62n)],
  ["bool", field("bool"), Uint8Array.of(0, 1, 1)],
  ["float16 bits", field("float16"), Uint16Array.of(0x3c00, 0xffff)],
  ["strings", field("string"), repeated(["", "cat", "ß🐈", "\ufeffx", "a\u0000b"], 40)],
  ["half a pair of surrogates", field("string"), ["\ud83d", "x", "\udc08"]],
  ["strings and nulls", field("string", true), repeated([null, "a", ""], 30)],
  ["bytes", field("bytes"), repeated([bytes(), bytes(1, 2, 255), bytes(0)], 20)],
  ["images and nulls", field("image", true), [null, bytes(0xff, 0xd8), null]],
  ["int32 and nulls", field("int32", true), repeated([null, -7, 2 ** 31 - 1], 30)],
  ["int64 and nulls", field("int64", true), [null, -7n, 2n ** 62n]],
  ["booleans and nulls", field("bool", true), repeated([true, null, false], 30)],
  ["nothing but nulls", field("float64", true), [null, null]],
  ["no rows", field("string", true), []],
  ["timestamps", field("timestamp"), [0, 1.7e12, -1]],
  ["timestamps of halves", field("timestamp", true), [0.5, null]],
  ["json", field("json", true), [null, { a: [1, "x", null] }, [], "s", 1.5]],
  [
    "tensors",
    field("tensor", false, { element: "float32", shape: [-1, 2] }),
    [tensor("float32", [1, 2], [1, 2]), tensor("float32", [0, 2], []), tensor("float32", [2, 2], [1, 2, 3, 4])],
  ],
  ["tensors and nulls", field("tensor", true, { element: "int64", shape: [] }), [tensor("int64", [], [9n]), null]],
];

const encodings: readonly ColumnEncoding[] = (["none", "delta", "xor", "dictionary"] as const).map((transform) => ({
  transform,
  shuffle: "byte",
  codec: "zstd",
  level: 1,
}));

describe("encodeColumn", () => {
  test.each(columns)("is undone for %s", (_, each, values) => {
    for (const encoding of encodings)
      expect(decodeColumn(encodeColumn(values, each, encoding).bytes, each)).toEqual(values);
  });

  test("names the value that is of another type", () => {
    const [encoding] = encodings as [ColumnEncoding];
    expect(() => encodeColumn(["a", 3], field("string"), encoding)).toThrow(
      'column "c": value 1 is number, must be of type string',
    );
    expect(() => encodeColumn(["a"], field("int32", true), encoding)).toThrow("must be of type int32 or null");
    expect(() => encodeColumn([null], field("string"), encoding)).toThrow("value 0 is null");
  });
});

describe("decodeColumn", () => {
  test("refuses a column of another type", () => {
    for (const [, each, values] of columns) {
      const { bytes: coded } = encodeColumn(values, each, encodings[0] as ColumnEncoding);
      const other = ["string", "tensor", "timestamp", "json", "bytes", "image"].includes(each.type) ? "int8" : "string";
      expect(() => decodeColumn(coded, { ...each, type: other })).toThrow("decodeColumn: cannot expand a column");
    }
  });

  test("never does more than refuse damaged bytes", async () => {
    for (const [name, each, values] of columns) {
      const samples = encodings.map((encoding) => encodeColumn(values, each, encoding).bytes);
      await expectNoCrash(name, samples, 150, (coded) => decodeColumn(coded, each, { maxBytes: 1 << 20 }));
    }
  });
});

describe("chooseCodec", () => {
  test("takes differences of what grows, a dictionary of what repeats, bits of small noise", () => {
    const best = (values: Column, type: Field["type"]): ColumnEncoding =>
      chooseCodec(values, field(type), { goal: "ratio" }).encoding;
    expect(
      best(
        Int32Array.from({ length: 30_000 }, (_, i) => 1000 * i + (i % 3)),
        "int32",
      ).transform,
    ).toBe("delta");
    // Words long and in no order, so that matches do not say it all.
    const words = Array.from({ length: 200 }, (_, i) => `${(i * 7919) % 10_007}-${i.toString(36).repeat(12)}`);
    const strings = Array.from({ length: 20_000 }, (_, i) => words[((i * i * 31 + i * 7) % 1009) % 200] as string);
    expect(best(strings, "string").transform).toBe("dictionary");
  });

  test("keeps to the codec and level that are asked for, and reports all it tried", () => {
    const { encoding, trials, ratio } = chooseCodec(new Float64Array(5000), field("float64"), {
      codec: "lz4",
      level: 3,
    });
    expect(encoding).toMatchObject({ codec: "lz4", level: 3 });
    expect(trials).toHaveLength(6);
    expect(ratio).toBeGreaterThan(10);
  });
});

test("columnBytes counts UTF-8", () => {
  const text = ["ß🐈a€", ""];
  expect(columnBytes(text, field("string"))).toBe(8 + new TextEncoder().encode(text.join("")).length);
});
