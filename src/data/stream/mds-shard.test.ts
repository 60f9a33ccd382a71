import { describe, expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Cell } from "../table.ts";
import { FaultError } from "./fault-error.ts";
import { mdsEncoding } from "./mds-encoding.ts";
import { encodeMdsSample, encodeMdsShard, readMdsLayout } from "./mds-shard.ts";

const often = (count: number): boolean => count > 100;

const tensor = (shape: readonly number[]): Tensor => ({
  dtype: "int16",
  shape,
  data: new Int16Array(shape.reduce((product, length) => product * length, 1)).fill(7),
});

const values: Readonly<Record<string, readonly Cell[]>> = {
  str: ["", "é 🙂"],
  bytes: [new Uint8Array(0), Uint8Array.of(1, 2)],
  int: [-(2n ** 63n), 5n],
  uint8: [0, 255],
  float64: [Number.NaN, -0],
  str_int: [2 ** 53 - 1, 10n ** 30n],
  str_float: [0.1, Number.NEGATIVE_INFINITY],
  str_decimal: ["1.50"],
  json: [null, { a: [1] }],
  ndarray: [tensor([3]), tensor([2, 300]), tensor([1, 70_000])],
  "ndarray:int16": [tensor([2, 2])],
  "ndarray:int16:2,2": [tensor([2, 2])],
  jpegarray: [[Uint8Array.of(1), new Uint8Array(0)]],
  "list[png]": [[], [Uint8Array.of(9)]],
  pil: [{ dtype: "uint8", shape: [1, 2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
};

describe.each(Object.entries(values))("encoding %s", (name, cells) => {
  const encoding = mdsEncoding(name);

  test("gives back what it was given", () => {
    for (const cell of cells) expect(encoding.decode(Uint8Array.from(encoding.encode(cell)))).toEqual(cell);
  });

  test("refuses what is not its kind", () => {
    for (const cell of [undefined, Symbol("x")] as unknown as Cell[])
      expect(() => encoding.encode(cell)).toThrow(TypeError);
  });

  test("answers mutated bytes with a value or a fault", () => {
    const stream = new RandomStream(2, name);
    for (let round = 0, n = 0; round < 300; round++) {
      const bytes = Uint8Array.from(encoding.encode(cells[round % cells.length] as Cell));
      for (let i = stream.integer(n++, 3); i >= 0 && bytes.length > 0; i--)
        bytes[stream.integer(n++, bytes.length)] = stream.integer(n++, 256);
      // Columns of one size never see another.
      const cut = encoding.sizeBytes === null ? stream.integer(n++, bytes.length + 1) : bytes.length;
      try {
        encoding.decode(bytes.slice(0, cut));
      } catch (error) {
        expect(error).toBeInstanceOf(FaultError);
      }
    }
  });
});

test.each(["", "nothing", "ndarray:float8", "ndarray:int8:0", "ndarray:int8:2:3", "int8:3", "pkl"])(
  "%j is no encoding",
  (name) => {
    expect(() => mdsEncoding(name)).toThrow(RangeError);
  },
);

test.each<[string, Cell]>([
  ["uint8", 256],
  ["uint8", -1],
  ["int8", 1.5],
  ["int", 2n ** 63n],
  ["str_int", "x"],
  ["str_decimal", "1,5"],
  ["ndarray:int16:2,2", tensor([4])],
  ["ndarray:int8", tensor([4])],
  ["ndarray", tensor([0])],
])("%s cannot hold %s", (name, value) => {
  expect(() => mdsEncoding(name).encode(value)).toThrow(TypeError);
});

const encodings = ["str", "int", "json"].map(mdsEncoding);
const samples = Array.from({ length: 5 }, (_, i) =>
  encodeMdsSample(
    [`text ${i}`, BigInt(i), { i }].map((value, c) => (encodings[c] as (typeof encodings)[0]).encode(value as Cell)),
    [false, true, false],
  ),
);
const shard = encodeMdsShard(samples, "{}");

/** All samples of a shard; null where one is at fault. */
async function read(bytes: Uint8Array<ArrayBuffer>, numRows = 5): Promise<(readonly Cell[] | null)[]> {
  const layout = await readMdsLayout(
    (start, end) => Promise.resolve(bytes.slice(start, end)),
    bytes.length,
    numRows,
    encodings,
  );
  return Array.from({ length: numRows }, (_, row) => {
    const [begin, end] = [layout.begin(row), layout.end(row)];
    expect(end).toBeLessThanOrEqual(bytes.length);
    try {
      return layout.decode(row, bytes.subarray(begin, end), [0, 1, 2]);
    } catch (error) {
      expect(error).toBeInstanceOf(FaultError);
      return null;
    }
  });
}

test("samples of a shard come back", async () => {
  expect(await read(shard)).toEqual(samples.map((_, i) => [`text ${i}`, BigInt(i), { i }]));
});

test.each([0, 4, 10])("%i samples in the index and 5 in the shard: refused", async (numRows) => {
  await expect(read(shard, numRows)).rejects.toThrow(/the index counts|do not hold/);
});

test("no mutation of a shard makes the reader crash or read outside of it", async () => {
  const stream = new RandomStream(3, "fuzz");
  let [refused, damaged, whole] = [0, 0, 0];
  for (let round = 0, n = 0; round < 2000; round++) {
    let bytes = shard.slice();
    for (let i = stream.integer(n++, 3); i >= 0; i--)
      bytes[stream.integer(n++, bytes.length)] = stream.integer(n++, 256);
    if (stream.integer(n++, 4) === 0) bytes = bytes.slice(0, stream.integer(n++, bytes.length));
    try {
      for (const sample of await read(bytes)) sample === null ? damaged++ : whole++;
    } catch (error) {
      expect(error).toBeInstanceOf(FaultError);
      refused++;
    }
  }
  expect({ refused, damaged, whole }).toEqual({
    refused: expect.toSatisfy(often),
    damaged: expect.toSatisfy(often),
    whole: expect.toSatisfy(often),
  });
});
