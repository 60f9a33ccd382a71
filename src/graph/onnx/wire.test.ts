import fc from "fast-check";
import { expect, test } from "vitest";
import { CodecError } from "../../base/errors.ts";
import { Reader, utf8Size, varintSize, Writer } from "./wire.ts";

const anyInt64 = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.maxSafeInteger());

function written(value: number | bigint): Uint8Array {
  const writer = new Writer(varintSize(value));
  writer.varint(value);
  expect(writer.position).toBe(writer.bytes.length);
  return writer.bytes;
}

test.each([
  [0, [0]],
  [127, [0x7f]],
  [128, [0x80, 1]],
  [300, [0xac, 2]],
  [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
  [-1, [...new Array(9).fill(0xff), 1]],
  [-(2n ** 63n), [...new Array(9).fill(0x80), 1]],
  [2n ** 63n - 1n, [...new Array(8).fill(0xff), 0x7f]],
])("varint writes %s as protobuf does", (value, bytes) => {
  expect([...written(value)]).toEqual(bytes);
});

test("int64 reads back every integer, exact as a number or else as a bigint", () => {
  fc.assert(
    fc.property(anyInt64, (value) => {
      const read = new Reader(written(value)).int64();
      expect(BigInt(read)).toBe(BigInt(value));
      expect(typeof read).toBe(Number.isSafeInteger(Number(value)) ? "number" : "bigint");
    }),
    { seed: 1 },
  );
});

test("utf8Size is the number of bytes that string writes, lone surrogates included", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("\ud800", "\udc00", "a", "é", "€") }),
      (a, b) => {
        const writer = new Writer(utf8Size(a + b));
        writer.string(a + b, writer.bytes.length);
        expect(writer.position).toBe(writer.bytes.length);
        expect(writer.bytes).toEqual(new TextEncoder().encode(a + b));
      },
    ),
    { seed: 1 },
  );
});

test.each([
  ["a varint that goes on past the end", [0x80], (reader: Reader) => reader.int64()],
  ["a varint of eleven bytes", new Array(11).fill(0x80), (reader: Reader) => reader.int64()],
  ["a length past the end", [5, 1, 2], (reader: Reader) => reader.view()],
  ["a length of 2^63", [...new Array(9).fill(0x80), 1], (reader: Reader) => reader.view()],
  ["a float of three bytes", [1, 2, 3], (reader: Reader) => reader.float32()],
  ["a double of seven bytes", [1, 2, 3, 4, 5, 6, 7], (reader: Reader) => reader.float64()],
  ["text that is not UTF-8", [2, 0xc3, 0x28], (reader: Reader) => reader.string()],
  ["field 0", [0x02], (reader: Reader) => reader.tag()],
  ["a group", [], (reader: Reader) => reader.skip(3)],
])("refuses %s in one line", (_, bytes, read) => {
  expect(() => read(new Reader(Uint8Array.from(bytes)))).toThrow(CodecError);
  expect(() => read(new Reader(Uint8Array.from(bytes)))).toThrow(/^onnx\.read: cannot decode the file: got [^\n]+$/);
});

test("a nested reader does not see beyond its field", () => {
  const nested = new Reader(Uint8Array.of(1, 0x80, 0x01)).nested();
  expect(() => nested.int64()).toThrow("the end of a field at byte 2");
});
