import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { CameoError, DataError } from "../../base/errors.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { damaged } from "../damage.contract.ts";
import { fileStore } from "../store/file-store.ts";
import {
  arrayFiles,
  expectedArrays,
  folderOf,
  memoryStore,
  openFormat,
  plainValues,
  serveFiles,
} from "./array-files.cases.ts";
import { openSource } from "./open.ts";
import { zarr } from "./zarr.ts";
import { openZarrArray } from "./zarr-array.ts";
import { writeZarrGroup } from "./zarr-group.ts";
import { type WriteZarrOptions, writeZarr } from "./zarr-writer.ts";

const expected = (name: string): (typeof expectedArrays)[string] =>
  expectedArrays[name] as (typeof expectedArrays)[string];
const arrays = Object.keys(expectedArrays).filter((name) => name.startsWith("zarr/"));

/** The files of zarr-python, with some of them changed. */
function changed(changes: Readonly<Record<string, Uint8Array | undefined>>): ReturnType<typeof memoryStore> {
  const files = new Map(arrayFiles);
  for (const [path, content] of Object.entries(changes)) {
    if (content === undefined) files.delete(path);
    else files.set(path, content);
  }
  return memoryStore(files);
}

/** One array with its `zarr.json` changed. */
function withMetadata(name: string, change: (json: Record<string, unknown>) => object): ReturnType<typeof memoryStore> {
  const path = `${name}/zarr.json`;
  const json = JSON.parse(Buffer.from(arrayFiles.get(path) as Uint8Array).toString()) as Record<string, unknown>;
  return changed({ [path]: Buffer.from(JSON.stringify({ ...json, ...change(json) })) });
}

/** The values of a box, out of those of all of a matrix. */
function boxOf(
  values: readonly unknown[],
  columns: number,
  [top, bottom]: [number, number],
  [left, right]: [number, number],
): unknown[] {
  return Array.from({ length: bottom - top }, (_, row) =>
    values.slice((top + row) * columns + left, (top + row) * columns + right),
  ).flat();
}

describe("openZarrArray", () => {
  for (const name of arrays)
    test(`reads ${name} as zarr-python does`, async () => {
      const store = memoryStore(arrayFiles);
      const array = await openZarrArray(name, { store });
      const { dtype, shape, values } = expected(name);
      assert.deepEqual([array.dtype, array.shape], [dtype, shape]);
      const whole = await array.read();
      assert.deepEqual([whole.shape, plainValues(whole.data)], [shape, values]);
    });

  test("reads any box", async () => {
    for (const name of ["plain", "zstd", "sharded", "sharded-start", "big-endian", "v2-F", "nines"]) {
      const array = await openZarrArray(`zarr/${name}.zarr`, { store: memoryStore(arrayFiles), cacheBytes: 100 });
      const [rows, columns] = array.shape as [number, number];
      for (let top = 0; top < rows; top += 2)
        for (let left = 0; left < columns; left++) {
          const [down, across]: [number, number][] = [
            [top, Math.min(rows, top + 4)],
            [left, Math.min(columns, left + 3)],
          ];
          if (down === undefined || across === undefined) continue;
          const { data } = await array.read([down, across]);
          assert.deepEqual(plainValues(data), boxOf(expected(`zarr/${name}.zarr`).values, columns, down, across), name);
        }
      assert.deepEqual((await array.read([[1, 1]])).shape, [0, columns]);
      await assert.rejects(array.read([[0, rows + 1]]), RangeError);
      await assert.rejects(array.read([undefined, undefined, [0, 1]]), RangeError);
    }
  });

  test("reads a shard in parts: its index and the chunks that are wanted", async () => {
    const store = memoryStore(arrayFiles);
    const array = await openZarrArray("zarr/sharded.zarr", { store });
    store.reads.length = 0;
    await array.read([
      [0, 2],
      [0, 3],
    ]);
    assert.equal(store.reads.length, 2);
    await array.read([[0, 1]]);
    assert.equal(store.reads.length, 3); // the index and the first chunk are kept
    await array.read([
      [4, 8],
      [0, 6],
    ]);
    assert.equal(store.reads.length, 4); // another shard, all of it
  });

  test("refuses what is damaged, with the fault", async () => {
    const file = (path: string): Buffer => Buffer.from(arrayFiles.get(path) as Uint8Array);
    const flipped = (path: string, at: number): Buffer => {
      const bytes = file(path);
      bytes[at] = (bytes[at] as number) ^ 0x55;
      return bytes;
    };
    const shard = file("zarr/sharded.zarr/c/0/0");
    const table: [string, Uint8Array, RegExp][] = [
      [
        "zarr/plain.zarr/c/0/0",
        file("zarr/plain.zarr/c/0/0").subarray(1),
        /truncated: a chunk decodes to 23 bytes of 24/,
      ],
      ["zarr/gzip.zarr/c/0/0", flipped("zarr/gzip.zarr/c/0/0", 12), /decode: gzip/],
      ["zarr/zstd.zarr/c/0/0", new Uint8Array(), /zstd/],
      ["zarr/checksum.zarr/c/0/0", flipped("zarr/checksum.zarr/c/0/0", 3), /checksum/],
      ["zarr/sharded.zarr/c/0/0", flipped("zarr/sharded.zarr/c/0/0", shard.length - 1), /checksum/],
      ["zarr/sharded.zarr/c/0/0", shard.subarray(0, 20), /truncated/],
      ["zarr/blosc-lz4.zarr/c/0/0", flipped("zarr/blosc-lz4.zarr/c/0/0", 5), /decode: blosc/],
    ];
    for (const [path, content, message] of table) {
      const name = path.replace(/\/c\/.*/, "");
      const array = await openZarrArray(name, { store: changed({ [path]: content }) });
      await assert.rejects(array.read(), (error) => error instanceof DataError && message.test(error.message), path);
    }
  });

  test("refuses metadata that lies or asks for what is not known", async () => {
    const table: [(json: Record<string, unknown>) => object, RegExp][] = [
      [() => ({ shape: [1e15, 1e15] }), /syntax: the shape/],
      [() => ({ shape: [-1, 2] }), /syntax: shape\.0/],
      [() => ({ chunk_grid: { name: "regular", configuration: { chunk_shape: [1e6, 1e6] } } }), /bomb: chunks of/],
      [() => ({ chunk_grid: { name: "regular", configuration: { chunk_shape: [0, 1] } } }), /syntax/],
      [() => ({ chunk_grid: { name: "regular", configuration: { chunk_shape: [3] } } }), /2 axes, and chunks of 1/],
      [() => ({ data_type: "string" }), /schema: data type "string"/],
      [() => ({ fill_value: "abc" }), /syntax: fill value/],
      [() => ({ codecs: [{ name: "bytes" }, { name: "snappy" }] }), /schema: codec "snappy"/],
      [() => ({ codecs: [{ name: "gzip" }] }), /schema: codec "gzip"/],
      [
        () => ({ codecs: [{ name: "transpose", configuration: { order: [0, 0] } }, { name: "bytes" }] }),
        /order \[0, 0\]/,
      ],
      [() => ({ node_type: "group" }), /node_type/],
    ];
    for (const [change, message] of table)
      await assert.rejects(
        openZarrArray("zarr/plain.zarr", { store: withMetadata("zarr/plain.zarr", change) }),
        message,
      );
    await assert.rejects(
      openZarrArray("zarr/none.zarr", { store: memoryStore(arrayFiles) }),
      /neither zarr\.json nor \.zarray/,
    );
    const noJson = changed({ "zarr/plain.zarr/zarr.json": Buffer.from("{") });
    await assert.rejects(openZarrArray("zarr/plain.zarr", { store: noJson }), /syntax/);
    const huge = await openZarrArray("zarr/plain.zarr", {
      store: withMetadata("zarr/plain.zarr", () => ({ shape: [1e9, 5] })),
    });
    await assert.rejects(huge.read(), RangeError);
    const [last] = (
      await huge.read([
        [999_999_999, 1e9],
        [0, 1],
      ])
    ).data;
    assert.equal(last, 0); // nothing is stored there
  });

  test("takes any damage: an array of its shape, or a DataError", async () => {
    for (const name of ["gzip", "sharded", "checksum", "blosc-zstd", "blosc-lz4", "sharded-start"]) {
      const [path = "", content] = [...arrayFiles].find(([each]) => each.startsWith(`zarr/${name}.zarr/c/`)) ?? [];
      for (const bytes of damaged(content as Uint8Array, { rounds: 60 })) {
        const array = await openZarrArray(`zarr/${name}.zarr`, { store: changed({ [path]: bytes }) });
        await array
          .read()
          .catch((error: unknown) => assert.ok(error instanceof DataError, `${name}: ${String(error)}`));
      }
    }
    for (const name of ["sharded", "blosc-zstd", "transposed"]) {
      const path = `zarr/${name}.zarr/zarr.json`;
      for (const bytes of damaged(arrayFiles.get(path) as Uint8Array, { rounds: 150 }))
        try {
          const array = await openZarrArray(`zarr/${name}.zarr`, {
            store: changed({ [path]: bytes }),
            maxReadBytes: 2 ** 20,
          });
          await array.read();
        } catch (error) {
          assert.ok(error instanceof CameoError || error instanceof RangeError, `${name}: ${String(error)}`);
        }
    }
  });
});

describe("zarr source", () => {
  test("has the arrays of a group as columns, and reports those with other lengths", async () => {
    await using source = await openFormat(zarr, memoryStore(arrayFiles), "zarr/group.zarr");
    assert.deepEqual(
      [source.schema.map(({ name }) => name), source.numRows, source.faults.counts()],
      [["image", "label"], 6, { shape: 1 }],
    );
    const table = await source.take?.([5, 0], { columns: ["label"] });
    const labels = expected("zarr/group.zarr/label").values;
    assert.deepEqual(plainValues(table?.columns["label"] as BigInt64Array), [labels[5], labels[0]]);
  });

  test("opens an array of either version, by its folder or its metadata", async () => {
    for (const location of [
      "zarr/plain.zarr",
      "zarr/plain.zarr/zarr.json",
      "zarr/v2-C.zarr",
      "zarr/v2-blosc.zarr/.zarray",
    ]) {
      const store = memoryStore(arrayFiles);
      assert.ok(zarr.detect(location, await store.list(location), new Uint8Array()), location);
      await using source = await openFormat(zarr, store, location);
      assert.match(source.schema[0]?.name ?? "", /^(plain|v2-C|v2-blosc)$/);
      const slices = await Array.fromAsync(source.read());
      assert.equal(
        slices.reduce((sum, { numRows }) => sum + numRows, 0),
        source.numRows,
      );
    }
  });

  test("loses the rows of a damaged chunk, and no others", async () => {
    const store = changed({ "zarr/zstd.zarr/c/1/0": Buffer.from("nonsense") });
    await using source = await openFormat(zarr, store, "zarr/zstd.zarr");
    const slices = await Array.fromAsync(source.read());
    assert.deepEqual(
      slices.flatMap(({ rows }) => [...rows]),
      [0, 1, 2, 6],
    );
    assert.deepEqual(source.faults.counts(), { decode: 1 });
    assert.match(source.faults.examples[0]?.detail ?? "", /^rows 3 to 5: zstd/);
    await assert.rejects(async () => source.take?.([3]), DataError);
  });
});

describe("over HTTP", () => {
  test("arrays, shards and missing chunks are read from a web server", async () => {
    await using server = await serveFiles(arrayFiles);
    for (const name of ["blosc-zstd", "sharded", "holes", "v2-C"]) {
      const array = await openZarrArray(`${server.url}/zarr/${name}.zarr`);
      assert.deepEqual(plainValues((await array.read()).data), expected(`zarr/${name}.zarr`).values, name);
    }
    await using source = await openSource(`${server.url}/zarr/plain.zarr/zarr.json`);
    assert.deepEqual([source.format, source.schema[0]?.name, source.numRows], ["zarr", "plain", 7]);
    await using archive = await openSource(`${server.url}/npz/zip64.npz`);
    assert.deepEqual([archive.format, archive.numRows], ["npz", 6]);
    await assert.rejects(openZarrArray(`${server.url}/zarr/none.zarr`), /neither zarr\.json nor \.zarray/);
  });
});

describe("writeZarr", () => {
  const numbers = tensor(
    "float32",
    [7, 5],
    Float32Array.from({ length: 35 }, (_, i) => (i % 9 === 0 ? 0 : i / 4)),
  );
  const options: readonly WriteZarrOptions[] = [
    {},
    { chunkShape: [3, 2], compression: { codec: "none" }, checksum: false },
    { chunkShape: [2, 2], shardShape: [4, 6] },
    { chunkShape: [7, 5], compression: { codec: "gzip", level: 9 } },
    { chunkShape: [2, 5], compression: { codec: "blosc", coder: "lz4", level: 5, shuffle: "bit" } },
    { chunkShape: [1, 1], shardShape: [8, 8], compression: { codec: "zstd", level: 19 } },
  ];

  test("comes back, whatever the chunks and the codecs; rows may come in pieces", async () => {
    const root = await folderOf({});
    const piece = (start: number, end: number): Tensor => ({
      dtype: "float32",
      shape: [end - start, 5],
      data: (numbers.data as Float32Array).slice(start * 5, end * 5),
    });
    for (const [i, each] of options.entries()) {
      assert.deepEqual(await writeZarr(join(root, `whole-${i}`), numbers, each), [7, 5]);
      assert.deepEqual(
        await writeZarr(join(root, `pieces-${i}`), [piece(0, 1), piece(1, 6), piece(6, 7)], each),
        [7, 5],
      );
      for (const kind of ["whole", "pieces"]) {
        const array = await openZarrArray(join(root, `${kind}-${i}`));
        assert.deepEqual(await array.read(), numbers);
      }
    }
  });

  test("keeps names, attributes and every dtype, and groups them", async () => {
    const root = await folderOf({});
    const columns: Readonly<Record<string, Tensor>> = {
      a: tensor("int64", [3], [1n, -(2n ** 62n), 3n]),
      b: tensor("bool", [3], [1, 0, 1]),
      c: tensor("complex64", [3], [1, 2, 3, 4, 5, 6]),
      d: tensor("float64", [3], [NaN, -0, Infinity]),
    };
    for (const [name, column] of Object.entries(columns))
      await writeZarr(join(root, name), column, { dimensionNames: ["row"], attributes: { unit: "m" } });
    await writeZarrGroup(root, { attributes: { made: "here" } });
    for (const [name, column] of Object.entries(columns)) {
      const array = await openZarrArray(join(root, name));
      assert.deepEqual([array.dimensionNames, array.attributes], [["row"], { unit: "m" }]);
      assert.deepEqual(await array.read(), column);
    }
    await using source = await openFormat(zarr, fileStore(), root);
    assert.deepEqual(
      source.schema.map(({ name, type }) => [name, type]),
      [
        ["a", "int64"],
        ["b", "bool"],
        ["c", "tensor"],
        ["d", "float64"],
      ],
    );
  });

  test("leaves out chunks of zeros", async () => {
    const root = await folderOf({});
    await writeZarr(join(root, "a"), tensor("uint8", [4, 2], [0, 0, 0, 0, 0, 1, 0, 0]), { chunkShape: [1, 2] });
    assert.deepEqual(await readdir(join(root, "a", "c")), ["2"]);
  });

  test("ends with the error of the store, and without metadata", async () => {
    const store = {
      ...fileStore(),
      write: (path: string) =>
        path.endsWith("zarr.json") ? Promise.resolve() : Promise.reject(new Error("disk full")),
    };
    const root = await folderOf({});
    await assert.rejects(writeZarr(root, numbers, { store, chunkShape: [1, 5] }), /disk full/);
    await assert.rejects(openZarrArray(root), DataError);
  });

  test("refuses what does not fit, and to write over an array", async () => {
    const root = await folderOf({});
    const write = (each: WriteZarrOptions, array: Tensor | Tensor[] = numbers) =>
      writeZarr(join(root, "x"), array, each);
    await assert.rejects(write({ chunkShape: [3] }), RangeError);
    await assert.rejects(write({ chunkShape: [3, 0] }), RangeError);
    await assert.rejects(write({ chunkShape: [2, 2], shardShape: [3, 4] }), RangeError);
    await assert.rejects(write({}, []), RangeError);
    await assert.rejects(write({}, tensor("bfloat16", [1], [0])), RangeError);
    await assert.rejects(write({}, [numbers, tensor("float32", [1, 4], [1, 2, 3, 4])]), RangeError);
    await assert.rejects(writeZarr("x", numbers, { store: memoryStore(new Map()) }), /must take writing/);
    await writeZarr(join(root, "y"), numbers);
    await assert.rejects(writeZarr(join(root, "y"), numbers), /already/);
  });
});
