import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { encodeBlosc } from "./blosc.ts";
import { expectNoCrash } from "./decoder.contract.ts";
import { decodePickledArray } from "./pickled-array.ts";

interface Fixture {
  readonly arrays: readonly {
    readonly dtype: string;
    readonly shape: number[];
    readonly values: number[];
    readonly chunk: string;
  }[];
  readonly objects: string;
}

const path = `${import.meta.dirname}/../../../fixtures/codec/chunks.json.gz`;
const fixture = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Fixture;
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
const chunkOf = (pickle: string): Uint8Array =>
  encodeBlosc(Buffer.from(pickle, "latin1"), { codec: "lz4", level: 5, typeSize: 1, shuffle: "none" });

describe("decodePickledArray", () => {
  test.each(fixture.arrays)("reads what blosc.pack_array wrote: $dtype $shape", async ({ shape, values, chunk }) => {
    const array = await decodePickledArray(bytes(chunk));
    expect(array.shape).toEqual(shape);
    expect(Array.from(array.data as ArrayLike<number | bigint>, Number)).toEqual(values);
  });

  test("reads what pickle's protocol 3 makes of an array", async () => {
    const pickle =
      "\x80\x03cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02C\x01bq\x03\x87q\x04Rq\x05(K\x01K\x02\x85q\x06" +
      "cnumpy\ndtype\nq\x07X\x02\x00\x00\x00i2q\x08\x89\x88\x87q\tRq\n(K\x03X\x01\x00\x00\x00<q\x0bNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0cb" +
      "\x89C\x04\x07\x00\xfe\xffq\rtq\x0eb.";
    const { shape, data } = await decodePickledArray(chunkOf(pickle));
    expect([shape, [...(data as Int16Array)]]).toEqual([[2], [7, -2]]);
  });

  test.each([
    ["objects", bytes(fixture.objects), "decodePickledArray: cannot read a pickle"],
    ["a program", chunkOf("cos\nsystem\n(S'true'\ntR."), 'the name "os system"'],
    ["another function of NumPy", chunkOf("cnumpy\nload\n(tR."), 'the name "numpy load"'],
    ["a name of Object's prototype", chunkOf("c\ntoString\n."), 'the name " toString"'],
    ["a number", chunkOf("K\x07."), "it holds something else"],
    ["nothing", chunkOf(""), "must be whole"],
  ])("refuses %s", async (_, chunk, message) => {
    await expect(decodePickledArray(chunk)).rejects.toThrow(message);
  });

  test("never does more than refuse damaged chunks", async () => {
    const pickles = fixture.arrays.map(({ chunk }) => bytes(chunk));
    await expectNoCrash("pickles", pickles, 300, (chunk) => decodePickledArray(chunk, { maxBytes: 1 << 20 }));
  });
});
