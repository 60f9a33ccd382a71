import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { describe, test } from "vitest";
import { DataError } from "../../base/errors.ts";
import { tensor } from "../../tensor/tensor.ts";
import { damaged } from "../damage.contract.ts";
import type { FaultLog } from "../fault.ts";
import { arrayFiles, expectedArrays, memoryStore, openFormat, plainValues } from "./array-files.cases.ts";
import { writeNpy } from "./npy.ts";
import { npz, readNpz, writeNpz } from "./npz.ts";

const file = (name: string): Uint8Array => arrayFiles.get(`npz/${name}.npz`) as Uint8Array;
const open = (content: Uint8Array, options = {}) =>
  openFormat(npz, memoryStore(new Map([["a.npz", content]])), "a.npz", options);

describe("readNpz and writeNpz", () => {
  for (const name of ["stored", "deflated", "zip64"])
    test(`read what NumPy wrote: ${name}`, async () => {
      const arrays = await readNpz(file(name));
      assert.deepEqual(Object.keys(arrays), ["x_train", "y_train", "x_test", "y_test"]);
      for (const [key, { shape, data }] of Object.entries(arrays)) {
        const expected = expectedArrays[`npz/${name}.npz/${key}`];
        assert.deepEqual([shape, plainValues(data)], [expected?.shape, expected?.values]);
      }
    });

  test("come back from each other, stored and deflated", async () => {
    const arrays = { x: tensor("float64", [2, 3], [1, 2, 3, 4, 5, NaN]), empty: tensor("int8", [0, 2], []) };
    for (const level of [0, 6] as const) assert.deepEqual(await readNpz(writeNpz(arrays, { level })), arrays);
    assert.deepEqual(Object.keys(await readNpz(writeNpz(arrays), { names: ["x", "z"] })), ["x"]);
  });

  test("refuse a name that leaves the archive, and a bomb", async () => {
    await assert.rejects(readNpz(file("unsafe")), /unsafe-path: a member is named "\.\.\/evil\.npy"/);
    await assert.rejects(readNpz(file("bomb"), { maxBytes: 2 ** 20 }), /bomb: \d+ bytes unpack to 3000128/);
    const claim = (bytes: Uint8Array, sizeBytes: number): Uint8Array => {
      const lying = Buffer.from(bytes);
      lying.writeUInt32LE(sizeBytes, lying.indexOf(Buffer.from("PK\x01\x02")) + 24);
      return lying;
    };
    await assert.rejects(readNpz(claim(file("bomb"), 3_000_200)), /truncated: inflates to 3000128 bytes/);
    const short = writeNpy(tensor("uint8", [100], new Uint8Array(100)));
    const long = zipSync({ "a.npy": [Buffer.concat([short, new Uint8Array(1e6)]), { level: 6 }] });
    await assert.rejects(readNpz(claim(long, short.length)), /bomb: inflates to more than the 228 bytes/);
  });

  test("refuse content that differs from its checksum", async () => {
    const changed = Buffer.from(file("deflated"));
    const directory = changed.indexOf(Buffer.from("PK\x01\x02"));
    changed.writeUInt32LE(changed.readUInt32LE(directory + 16) ^ 1, directory + 16);
    await assert.rejects(readNpz(changed), /checksum/);
  });

  test("take any damage: arrays or a DataError", async () => {
    for (const name of ["stored", "deflated", "zip64", "unsafe"])
      for (const bytes of damaged(file(name), { rounds: 250 }))
        await readNpz(bytes, { maxBytes: 2 ** 20 }).catch((error: unknown) => {
          assert.ok(error instanceof DataError, `${name}: ${String(error)}`);
        });
  });
});

describe("npz source", () => {
  const names = (source: { schema: readonly { name: string }[] }): string[] => source.schema.map(({ name }) => name);

  test("has the arrays of a split as columns", async () => {
    await using train = await open(file("deflated"));
    assert.deepEqual([names(train), train.numRows], [["x", "y"], 6]);
    await using rest = await open(file("stored"), { split: "test" });
    const [slice] = await Array.fromAsync(rest.read({ columns: ["y"] }));
    assert.deepEqual(plainValues(slice?.columns["y"] as Uint8Array), expectedArrays["npz/stored.npz/y_test"]?.values);
  });

  test("reads rows of a stored array by range", async () => {
    const store = memoryStore(new Map([["a.npz", writeNpz({ n: tensor("int32", [1e5], new Int32Array(1e5)) })]]));
    await using source = await openFormat(npz, store, "a.npz");
    store.reads.length = 0;
    await source.take?.([70_000]);
    assert.equal(store.reads.length, 1);
    const [start = 0, end = 0] = (store.reads[0] ?? "").replace("a.npz ", "").split("-").map(Number);
    assert.equal(end - start, 4);
  });

  test("needs no more than the head of a deflated array to open it", async () => {
    const noise = Int32Array.from({ length: 1e5 }, (_, i) => Math.imul(i, 2654435761));
    const store = memoryStore(new Map([["a.npz", writeNpz({ n: tensor("int32", [1e5], noise) }, { level: 1 })]]));
    await using source = await openFormat(npz, store, "a.npz");
    const bytes = store.reads
      .map((read) => read.slice(6).split("-").map(Number))
      .reduce((sum, [start = 0, end = 0]) => sum + end - start, 0);
    assert.ok(bytes < 75_000, `${bytes} bytes were read`); // the end of the file, where the directory is, and 4 KiB
    assert.deepEqual((await source.take?.([5]))?.columns["n"], noise.slice(5, 6));
  });

  test("reports members that are unsafe, and keeps the rest", async () => {
    await using source = await open(file("unsafe"));
    assert.deepEqual([names(source), (source.faults as FaultLog).counts()], [["good"], { "unsafe-path": 1 }]);
  });
});
