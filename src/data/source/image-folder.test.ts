import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { DataError } from "../../base/errors.ts";
import { decodeImage } from "../codec/image.ts";
import { FaultLog } from "../fault.ts";
import { folderOf } from "./array-files.cases.ts";
import { type OpenSourceOptions, openSource } from "./open.ts";
import type { Source } from "./source.ts";

const picture = (name: string): Uint8Array => readFileSync(join("fixtures", "images", name));
const open = async (
  files: Readonly<Record<string, Uint8Array | string>>,
  options: OpenSourceOptions = {},
): Promise<Source> => {
  const contents = Object.entries(files).map(([path, content]) => [path, Buffer.from(content as Uint8Array)]);
  return openSource(await folderOf(Object.fromEntries(contents)), options);
};

const [jpeg, png, webp] = [picture("rgb-444.jpg"), picture("grey.png"), picture("lossless.webp")];

describe("image folder", () => {
  test("takes the class from the folder, and numbers classes in order", async () => {
    await using source = await open({ "cat/b.jpg": jpeg, "cat/a.png": png, "ant/c.webp": webp, "README.md": "about" });
    assert.deepEqual([source.format, source.numRows], ["image-folder", 3]);
    const [table] = await Array.fromAsync(source.read());
    assert.deepEqual(table?.columns["file_name"], ["ant/c.webp", "cat/a.png", "cat/b.jpg"]);
    assert.deepEqual(table?.columns["label"], Int32Array.of(0, 1, 1));
    assert.deepEqual(table?.columns["class"], ["ant", "cat", "cat"]);
    assert.deepEqual(table?.columns["width"], Int32Array.of(13, 13, 13));
    assert.deepEqual(Buffer.from(table?.columns["image"]?.[2] as Uint8Array), jpeg);
    assert.equal((await decodeImage(table?.columns["image"]?.[1] as Uint8Array)).channels, 1);
  });

  test("has no classes where it is flat, and takes rows in any order", async () => {
    await using source = await open({ "b.jpg": jpeg, "a.png": png });
    assert.deepEqual(
      source.schema.map(({ name }) => name),
      ["image", "file_name", "width", "height"],
    );
    const table = await source.take?.([1, 0, 1], { columns: ["file_name", "height"] });
    assert.deepEqual(table?.columns, { file_name: ["b.jpg", "a.png", "b.jpg"], height: Int32Array.of(9, 9, 9) });
    await assert.rejects(async () => source.take?.([2]), RangeError);
    await assert.rejects(async () => source.take?.([0], { columns: ["label"] }), RangeError);
  });

  test("chooses the split by folder", async () => {
    const files = { "train/x/a.png": png, "train/y/b.png": png, "test/x/c.jpg": jpeg };
    await using train = await open(files);
    await using held = await open(files, { split: "test" });
    assert.deepEqual([train.numRows, held.numRows], [2, 1]);
    const [table] = await Array.fromAsync(train.read({ columns: ["class"] }));
    assert.deepEqual(table?.columns, { class: ["x", "y"] });
    await assert.rejects(open(files, { split: "dev" }), DataError);
    await using stray = await open({ ...files, "d.png": png });
    assert.deepEqual([stray.numRows, stray.faults.counts()], [2, { schema: 1 }]);
  });

  for (const [name, text] of [
    [
      "metadata.jsonl",
      '{"file_name":"a.png","score":0.5,"text":"one"}\n{"file_name":"in/b.jpg","score":2,"text":"two"}\n',
    ],
    ["metadata.csv", "file_name,score,text\na.png,0.5,one\nin/b.jpg,2,two\n"],
  ] as const)
    test(`has the columns of ${name}`, async () => {
      await using source = await open({ "a.png": png, "in/b.jpg": jpeg, [name]: text });
      const [table] = await Array.fromAsync(source.read({ columns: ["file_name", "score", "text"], start: 1 }));
      assert.deepEqual(table?.columns, { file_name: ["in/b.jpg"], score: Float64Array.of(2), text: ["two"] });
      assert.deepEqual(source.faults.counts(), {});
    });

  test("reports images without metadata, metadata without images, and names that leave the folder", async () => {
    const metadata = ["a.png", "none.png", "../a.png"].map((name) => `{"file_name":"${name}"}`).join("\n");
    await using source = await open({ "a.png": png, "b.png": png, "metadata.jsonl": metadata });
    assert.equal(source.numRows, 1);
    assert.deepEqual(source.faults.counts(), { schema: 2, "unsafe-path": 1 });
    await assert.rejects(open({ "a.png": png, "metadata.jsonl": '{"name":"a.png"}' }), /one must be "file_name"/);
  });

  test("sets images aside that cannot be read, with their row and fault", async () => {
    const files = {
      "a.png": png,
      "b.png": new Uint8Array(),
      "c.jpg": jpeg.subarray(0, jpeg.length / 2),
      "d.jpg": "no image at all",
      "e.webp": webp,
      "f.png": png.subarray(0, 20),
    };
    await using source = await open(files);
    const [table] = await Array.fromAsync(source.read());
    assert.deepEqual([...(table?.rows ?? [])], [0, 4]);
    assert.deepEqual(source.faults.counts(), { empty: 1, truncated: 2, syntax: 1 });
    assert.deepEqual(
      source.faults.examples.map(({ row }) => row),
      [1, 2, 3, 5],
    );
    await assert.rejects(async () => source.take?.([2]), /row 2, .*truncated/);
    await using strict = await open(files, { faults: new FaultLog({ policy: "fail" }) });
    await assert.rejects(Array.fromAsync(strict.read()), DataError);
    await using small = await open({ "a.png": png, "b.jpg": jpeg }, { maxRowBytes: 200 });
    assert.equal((await Array.fromAsync(small.read()))[0]?.numRows, 1);
    assert.deepEqual(small.faults.counts(), { "image-size": 1 });
  });

  test("reads no more than the head of a file for its size", async () => {
    const cut = Buffer.concat([jpeg.subarray(0, jpeg.length - 50), Buffer.alloc(10_000)]); // sound for as long as nobody wants its pixels
    await using source = await open({ "a.jpg": cut });
    const [sizes] = await Array.fromAsync(source.read({ columns: ["width"] }));
    assert.deepEqual(sizes?.columns["width"], Int32Array.of(13));
    assert.deepEqual(await Array.fromAsync(source.read()), []);
  });
});
