import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, test } from "vitest";
import { writeAll } from "../../../fixtures/arrays/written.ts";
import { DataError } from "../../base/errors.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { damaged } from "../damage.contract.ts";
import { rowOf } from "../table.ts";
import { parsePythonLiteral } from "./_python-literal.ts";
import { arrayFiles, expectedArrays, folderOf, memoryStore, openFormat, plainValues } from "./array-files.cases.ts";
import { npy, readNpy, writeNpy } from "./npy.ts";

const file = (name: string): Uint8Array => arrayFiles.get(`npy/${name}.npy`) as Uint8Array;
const names = [...arrayFiles.keys()].filter((path) => path.startsWith("npy/")).map((path) => path.slice(4, -4));
const refused = ["objects", "structure", "dates", "bytes"];

describe("readNpy", () => {
  for (const name of names.filter((each) => !refused.includes(each)))
    test(`reads ${name}.npy as NumPy does`, async () => {
      const { shape, values, dtype } = expectedArrays[`npy/${name}.npy`] as (typeof expectedArrays)[string];
      const array = await readNpy(file(name));
      assert.equal(array.dtype, dtype === "U" ? "string" : dtype);
      assert.deepEqual([array.shape, plainValues(array.data)], [shape, values]);
    });

  test("refuses pickles, structures and dates, each in one line with a way out", async () => {
    await assert.rejects(
      readNpy(file("objects")),
      /schema: the items are Python objects, a pickle can run code.*\nhint: /s,
    );
    await assert.rejects(readNpy(file("structure")), /schema: the items are structures.*\nhint: /s);
    await assert.rejects(readNpy(file("dates")), /the items are of type "<M8\[D\]".*\nhint: .*int64/s);
  });

  test("refuses a header that promises more than there is, without allocating it", async () => {
    const bytes = Buffer.from(file("f4"));
    bytes.write("(3333333333, 2), }", bytes.indexOf("(3, 2), }"));
    await assert.rejects(readNpy(bytes), /truncated: the header promises 3333333333 rows/);
    bytes.write("(99999999999999999, 2", bytes.indexOf("(3333333333, 2"));
    await assert.rejects(readNpy(bytes), /syntax/);
  });

  test("takes any damage: an array or a DataError of one line", async () => {
    for (const name of names)
      for (const bytes of damaged(file(name), { rounds: 60, within: 128 }))
        try {
          const { data, shape, dtype } = await readNpy(bytes);
          const width = dtype.startsWith("complex") ? 2 : 1;
          assert.equal(
            data.length,
            shape.reduce((size, length) => size * length, width),
          );
        } catch (error) {
          assert.ok(error instanceof DataError, `${name}: ${String(error)}`);
        }
  });
});

describe("writeNpy", () => {
  test("writes the bytes that NumPy read (fixtures/arrays/written.json)", async () => {
    const folder = await folderOf({});
    await writeAll(folder);
    const hashes = JSON.parse(readFileSync("fixtures/arrays/written.json", "utf8")) as Record<string, string>;
    assert.ok(Object.keys(hashes).length > 20);
    for (const [path, hash] of Object.entries(hashes))
      assert.equal(
        createHash("sha256")
          .update(await readFile(join(folder, path)))
          .digest("hex"),
        hash,
        path,
      );
  });

  test("writes what numpy.save writes, to the byte", async () => {
    for (const name of ["bool", "i1", "i8", "u2", "f2", "f4", "c16", "scalar", "empty", "one-axis"])
      assert.deepEqual(Buffer.from(writeNpy(await readNpy(file(name)))), Buffer.from(file(name)), name);
  });

  test("refuses types that NumPy does not have", () => {
    assert.throws(() => writeNpy(tensor("bfloat16", [1], [0])), TypeError);
  });
});

describe("npy source", () => {
  const open = (files: Readonly<Record<string, Uint8Array>>, options = {}) =>
    openFormat(
      npy,
      memoryStore(new Map(Object.entries(files).map(([path, bytes]) => [`d/${path}`, bytes]))),
      "d",
      options,
    );

  test("makes the files of a folder the columns of one table", async () => {
    await using source = await open({ "x.npy": file("f4"), "y.npy": file("u1"), "names.npy": file("i8") });
    assert.equal(source.numRows, 3);
    assert.deepEqual(
      source.schema.map(({ name, type, element, shape }) => [name, type, element, shape]),
      [
        ["names", "tensor", "int64", [2]],
        ["x", "tensor", "float32", [2]],
        ["y", "tensor", "uint8", [2]],
      ],
    );
    const tables = await Array.fromAsync(source.read({ batchRows: 2, columns: ["x"] }));
    assert.deepEqual(
      tables.map(({ rows }) => [...rows]),
      [[0, 1], [2]],
    );
    const whole = await readNpy(file("f4"));
    const cells = tables.flatMap(({ columns }) => columns["x"] as readonly Tensor[]);
    assert.deepEqual(
      cells.flatMap(({ data }) => [...data]),
      [...whole.data],
    );
  });

  test("takes rows in any order, more than once", async () => {
    const array = tensor(
      "int32",
      [100],
      Int32Array.from({ length: 100 }, (_, i) => i * i),
    );
    await using source = await open({ "squares.npy": writeNpy(array) });
    const taken = await source.take?.([99, 0, 3, 3, 50]);
    assert.deepEqual(taken?.columns["squares"], Int32Array.of(9801, 0, 9, 9, 2500));
    await assert.rejects(async () => source.take?.([100]), RangeError);
    await assert.rejects(async () => source.take?.([0], { columns: ["cubes"] }), /must be one of "squares"/);
  });

  test("takes rows of Fortran order, strings, bytes and complex numbers", async () => {
    for (const name of ["fortran", "fortran-complex", "strings", "bytes", "c8"]) {
      await using source = await open({ [`${name}.npy`]: file(name) });
      const table = await source.take?.([2, 1]);
      assert.ok(table !== undefined);
      const { values, shape } = expectedArrays[`npy/${name}.npy`] as (typeof expectedArrays)[string];
      const size = values.length / (shape[0] as number);
      const want = [...values.slice(2 * size, 3 * size), ...values.slice(size, 2 * size)];
      const cells = [0, 1].flatMap((row): unknown[] => {
        const cell = rowOf(table, row)[name];
        return typeof cell === "string" || cell instanceof Uint8Array ? [cell] : [...(cell as Tensor).data];
      });
      assert.deepEqual(plainValues(cells), want, name);
    }
  });

  test("keeps the whole rows of a file that was cut, and reports the cut", async () => {
    const bytes = file("f4");
    await using source = await open({ "x.npy": bytes.subarray(0, bytes.length - 9) });
    assert.deepEqual([source.numRows, source.faults.counts()], [1, { truncated: 1 }]);
    assert.match(source.faults.examples[0]?.detail ?? "", /promises 3 rows of 8 bytes, 1 are there/);
  });

  test("sets files of other lengths and broken files aside, and chooses splits by name", async () => {
    const long = writeNpy(tensor("int8", [9], new Int8Array(9)));
    const mixed = await open({
      "a.npy": file("f4"),
      "b.npy": long,
      "c.npy": file("objects"),
      "d.npy": new Uint8Array(),
    });
    assert.deepEqual(
      mixed.schema.map(({ name }) => name),
      ["a"],
    );
    assert.deepEqual(mixed.faults.counts(), { empty: 1, schema: 1, shape: 1 });
    const files = { "x_train.npy": file("f4"), "y_train.npy": file("u1"), "x_test.npy": long };
    assert.deepEqual(
      (await open(files)).schema.map(({ name }) => name),
      ["x", "y"],
    );
    assert.equal((await open(files, { split: "test" })).numRows, 9);
    await assert.rejects(open(files, { split: "dev" }), /there is "test", "train"/);
  });

  test("reads what is packed, and what is left of it where it breaks off", async () => {
    const array = tensor(
      "int32",
      [50_000],
      Int32Array.from({ length: 50_000 }, (_, i) => (i * 2654435761) | 0),
    );
    const packed = gzipSync(writeNpy(array));
    await using source = await open({ "n.npy.gz": packed });
    const slices = await Array.fromAsync(source.read());
    assert.deepEqual(
      slices.flatMap(({ columns }) => [...(columns["n"] as Int32Array)]),
      [...(array.data as Int32Array)],
    );
    await using cut = await open({ "n.npy.gz": packed.subarray(0, packed.length - 1000) });
    const left = await Array.fromAsync(cut.read());
    assert.ok(left.length === 48 && Object.keys(cut.faults.counts()).includes("truncated"), String(left.length));
  });
});

test("parsePythonLiteral reads literals and nothing else", () => {
  const parse = parsePythonLiteral;
  assert.deepEqual(
    parse(`{'a': (1, -2L,), "b\\'": [True, None], 'c': ()}`),
    new Map<string, unknown>([
      ["a", [1, -2]],
      ["b'", [true, null]],
      ["c", []],
    ]),
  );
  for (const text of ["", "{", "{'a'}", "{1: 2}", "(1 2)", "[1,,2]", "a", "1 1", "__import__('os')", "(".repeat(1000)])
    assert.equal(parse(text), undefined, text.slice(0, 20));
});
