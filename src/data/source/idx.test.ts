import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, test } from "vitest";
import { DataError } from "../../base/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { damaged } from "../damage.contract.ts";
import { fileStore } from "../store/file-store.ts";
import { memoryStore, openFormat } from "./array-files.cases.ts";
import { idx } from "./idx.ts";

/** An IDX file: type, axes, and items that are in order of bytes already. */
function idxFile(type: number, shape: readonly number[], items: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(4 + shape.length * 4));
  head.setUint8(2, type);
  head.setUint8(3, shape.length);
  for (const [axis, length] of shape.entries()) head.setUint32(4 + axis * 4, length);
  return Buffer.concat([Buffer.from(head.buffer), items]);
}

const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i + 1);
const open = (files: Readonly<Record<string, Uint8Array>>, options = {}) =>
  openFormat(
    idx,
    memoryStore(new Map(Object.entries(files).map(([path, content]) => [`d/${path}`, content]))),
    "d",
    options,
  );

const mnistFiles = {
  "train-images-idx3-ubyte.gz": gzipSync(idxFile(8, [3, 2, 2], bytes(12))),
  "train-labels-idx1-ubyte.gz": gzipSync(idxFile(8, [3], bytes(3))),
  "t10k-images-idx3-ubyte": idxFile(8, [1, 2, 2], bytes(4)),
  "t10k-labels-idx1-ubyte": idxFile(8, [1], bytes(1)),
};

describe("idx", () => {
  test("pairs images and labels, and chooses the split", async () => {
    await using train = await open(mnistFiles);
    assert.deepEqual(train.schema, [
      { name: "image", type: "tensor", nullable: false, element: "uint8", shape: [2, 2] },
      { name: "label", type: "uint8", nullable: false },
    ]);
    const table = await train.take?.([2, 0]);
    assert.deepEqual(table?.columns["label"], Uint8Array.of(3, 1));
    assert.deepEqual((table?.columns["image"]?.[0] as Tensor | undefined)?.data, Uint8Array.of(9, 10, 11, 12));
    await using tests = await open(mnistFiles, { split: "test" });
    assert.equal(tests.numRows, 1);
  });

  test("reads all six types, which are big-endian", async () => {
    const table: [number, string, number[], number][] = [
      [8, "uint8", [0xff], 255],
      [9, "int8", [0xff], -1],
      [11, "int16", [0xff, 0xfe], -2],
      [12, "int32", [0, 1, 0, 0], 65536],
      [13, "float32", [0x3f, 0xc0, 0, 0], 1.5],
      [14, "float64", [0xbf, 0xf0, 0, 0, 0, 0, 0, 0], -1],
    ];
    for (const [type, dtype, item, value] of table) {
      await using source = await open({ "values-idx1": idxFile(type, [1], Uint8Array.from(item)) });
      const [slice] = await Array.fromAsync(source.read());
      assert.deepEqual([source.schema[0]?.type, slice?.columns["values"]?.[0]], [dtype, value]);
    }
  });

  test("keeps the whole rows of a cut file, and refuses what is no IDX file", async () => {
    await using cut = await open({ "a-idx2-ubyte": idxFile(8, [1000, 4], bytes(11)) });
    assert.deepEqual([cut.numRows, cut.faults.counts()], [2, { truncated: 1 }]);
    await assert.rejects(open({ "a-idx1-ubyte": bytes(9) }), /syntax: begins with 1, 2, 3, 4/);
    await assert.rejects(open({ "a-idx1-ubyte": new Uint8Array() }), /empty/);
    await assert.rejects(open({ "a-idx1-ubyte": idxFile(8, [4], bytes(0)).subarray(0, 6) }), /truncated/);
  });

  test("keeps what is left of a packed file that breaks off", async () => {
    const packed = gzipSync(
      idxFile(
        8,
        [4000, 250],
        Uint8Array.from({ length: 1e6 }, (_, i) => Math.imul(i, 40503) >> 7),
      ),
    );
    await using source = await open({ "a-idx2-ubyte.gz": packed.subarray(0, packed.length / 2) });
    const slices = await Array.fromAsync(source.read({ batchRows: 100 }));
    assert.ok(slices.length > 2 && slices.length < 39 && source.faults.total > 0, `${slices.length}`);
  });

  test("takes any damage: a source with sound rows, or a DataError", async () => {
    const content = idxFile(12, [5, 3], bytes(60));
    for (const file of damaged(content, { rounds: 400, within: 20 }))
      try {
        await using source = await open({ "a-idx2-int": file });
        for await (const { numRows, columns } of source.read()) assert.equal(columns["a"]?.length, numRows);
      } catch (error) {
        assert.ok(error instanceof DataError, String(error));
      }
  });

  const mnist = join(process.env["CAMEO_DATA"] ?? "../shared/data", "mnist");
  const reason = existsSync(mnist) ? "" : ` (skipped: there is no ${mnist}; set CAMEO_DATA)`;
  test.skipIf(reason !== "")(`reads MNIST${reason}`, async () => {
    await using train = await openFormat(idx, fileStore(), mnist);
    assert.deepEqual([train.numRows, train.faults.total], [60_000, 0]);
    const table = await train.take?.([0, 59_999]);
    assert.deepEqual(table?.columns["label"], Uint8Array.of(5, 8));
    let sum = 0;
    for await (const { columns } of train.read({ columns: ["image"] }))
      for (const { data } of columns["image"] as readonly Tensor[])
        for (let i = 0; i < data.length; i++) sum += data[i] as number;
    assert.equal((sum / (60_000 * 784 * 255)).toFixed(4), "0.1307"); // the mean that everyone normalises MNIST with
    await using tests = await openFormat(idx, fileStore(), mnist, { split: "test" });
    assert.equal(tests.numRows, 10_000);
  });
});
