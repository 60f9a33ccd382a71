import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tensor } from "../../tensor/tensor.ts";
import { FaultLog } from "../fault.ts";
import { openSource } from "../source/open.ts";
import type { ReadRowsOptions, Source } from "../source/source.ts";
import type { Column, Schema, TableSlice } from "../table.ts";
import { openPack } from "./open-pack.ts";
import { packSource } from "./pack.ts";
import { parseManifest } from "./pack-manifest.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-pack-"));
});
afterAll(() => rm(root, { recursive: true }));

const schema: Schema = [
  { name: "id", type: "int64", nullable: false },
  { name: "x", type: "float32", nullable: false },
  { name: "label", type: "string", nullable: true },
  { name: "blob", type: "bytes", nullable: false },
  { name: "when", type: "timestamp", nullable: true },
  { name: "extra", type: "json", nullable: true },
  { name: "vector", type: "tensor", nullable: false, element: "float32", shape: [3] },
];
const rows = 5000;
const all: Record<string, Column> = {
  id: BigInt64Array.from({ length: rows }, (_, i) => BigInt(10 * i)),
  x: Float32Array.from({ length: rows }, (_, i) => (i % 97 === 0 ? Number.NaN : Math.sin(i / 50))),
  label: Array.from({ length: rows }, (_, i) => (i % 5 === 0 ? null : `kind ${i % 7}`)),
  blob: Array.from({ length: rows }, (_, i) => Uint8Array.of(i & 255, 7)),
  when: Array.from({ length: rows }, (_, i) => (i === 3 ? null : 1.7e12 + 1000 * i)),
  extra: Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? null : { tags: [i % 4, "t"] })),
  vector: Array.from({ length: rows }, (_, i) => tensor("float32", [3], [i, -i, 0.5])),
};

/** Rows in memory as a source, of which `missing` was set aside. */
function memorySource(missing = -1): Source {
  return {
    format: "memory",
    location: "memory",
    files: [],
    schema,
    numRows: rows,
    sizeBytes: 0,
    fingerprint: "memory:1",
    faults: new FaultLog(),
    async *read({
      columns = schema.map(({ name }) => name),
      batchRows = 1000,
    }: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
      for (let start = 0; start < rows; start += batchRows) {
        if (start === missing) continue;
        const cut = (name: string): Column => all[name]?.slice(start, start + batchRows) as Column;
        yield {
          numRows: batchRows,
          rows: Float64Array.from({ length: batchRows }, (_, i) => start + i),
          columns: Object.fromEntries(columns.map((name) => [name, cut(name)])),
        };
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function readAll(source: Source, options: ReadRowsOptions = {}): Promise<Record<string, unknown[]>> {
  const columns: Record<string, unknown[]> = {};
  for await (const slice of source.read(options))
    for (const [name, column] of Object.entries(slice.columns)) {
      columns[name] ??= [];
      columns[name].push(...column);
    }
  return columns;
}

const small = { groupBytes: 100_000, workers: 0 } as const;

describe("packSource and openPack", () => {
  test("give back every row of every type, on threads as on none", async () => {
    const folders = await Promise.all(
      [0, 2].map(async (workers) => {
        const folder = join(root, `workers-${workers}`);
        const encodings = Object.fromEntries(
          schema.map(({ name }) => [name, { transform: "none", shuffle: "byte", codec: "zstd", level: 1 } as const]),
        );
        await packSource(memorySource(), folder, { groupBytes: 100_000, workers, encodings });
        return folder;
      }),
    );
    await using pack = await openPack(folders[1] as string);
    expect(pack.schema).toEqual(schema);
    expect(pack.files.length).toBeGreaterThan(2);
    expect(await readAll(pack)).toEqual(
      Object.fromEntries(Object.entries(all).map(([name, column]) => [name, [...column]])),
    );
    const contents = await Promise.all(
      folders.map(async (folder) => {
        const names = (await readdir(folder)).sort();
        return Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString("base64")]));
      }),
    );
    expect(contents[0]).toEqual(contents[1]);
  });

  test("take rows by number, and read ranges and columns", async () => {
    const folder = join(root, "take");
    await packSource(memorySource(), folder, { ...small, columns: ["id", "label"] });
    await using pack = await openPack(folder);
    const { numRows, columns } = (await pack.take?.([4999, 0, 2500, 0])) ?? { numRows: 0, columns: {} };
    expect(numRows).toBe(4);
    expect(columns["id"]).toEqual(BigInt64Array.of(49990n, 0n, 25000n, 0n));
    expect(columns["label"]).toEqual(["kind 1", null, null, null]);
    const slices: number[] = [];
    for await (const slice of pack.read({ start: 1234, end: 1300, batchRows: 50, columns: ["id"] })) {
      expect(Object.keys(slice.columns)).toEqual(["id"]);
      slices.push(...slice.rows);
    }
    expect(slices).toEqual(Array.from({ length: 66 }, (_, i) => 1234 + i));
    await expect(pack.take?.([5000])).rejects.toThrow("there are 5000 rows");
    await expect(readAll(pack, { columns: ["nope"] })).rejects.toThrow('there is no column "nope"');
  });

  test("record what was lost, and what came of which source", async () => {
    const folder = join(root, "lossy");
    const choices: string[] = [];
    const manifest = await packSource(memorySource(2000), folder, {
      ...small,
      goal: "ratio",
      lossy: { x: { method: "absolute", bound: 1e-3 } },
      onChoice: ({ name }, { trials }) => choices.push(`${name} ${trials.length > 1}`),
    });
    expect(choices).toHaveLength(schema.length);
    expect(manifest.numRows).toBe(4000);
    expect(manifest.source).toEqual({ format: "memory", fingerprint: "memory:1", faults: {} });
    const { error, codedBytes = 0, plainBytes = 0 } = manifest.columns["x"] ?? {};
    expect(error?.maxAbsolute).toBeLessThanOrEqual(1e-3);
    expect(error?.maxAbsolute).toBeGreaterThan(1e-4);
    expect(plainBytes / codedBytes).toBeGreaterThan(2.5);
    expect(manifest.columns["id"]?.error).toBeUndefined();
    expect(parseManifest(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")))).toEqual(manifest);
  });

  test("are found by openSource", async () => {
    await using source = await openSource(join(root, "take"));
    expect(source.format).toBe("cameo-pack");
    expect(source.numRows).toBe(rows);
  });

  test("refuse to overwrite, and to lose what cannot be lost", async () => {
    await expect(packSource(memorySource(), join(root, "take"), small)).rejects.toThrow("there is a pack in it");
    await expect(
      packSource(memorySource(), join(root, "z"), { ...small, lossy: { id: { method: "int8" } } }),
    ).rejects.toThrow('column "id" is of type int64');
    await expect(packSource(memorySource(), join(root, "z"), { ...small, columns: ["q"] })).rejects.toThrow(
      'no column "q"',
    );
  });

  test("leave no manifest where packing was stopped", async () => {
    const folder = join(root, "stopped");
    const controller = new AbortController();
    const source = memorySource();
    const stopping: Source = {
      ...source,
      async *read(options) {
        for await (const slice of source.read(options)) {
          yield slice;
          controller.abort(new Error("stopped"));
          options?.signal?.throwIfAborted();
        }
      },
    };
    await expect(packSource(stopping, folder, { ...small, signal: controller.signal })).rejects.toThrow("stopped");
    await expect(openPack(folder)).rejects.toThrow();
  });
});

describe("a damaged pack", () => {
  test("loses the part that is damaged, and says so", async () => {
    const folder = join(root, "damaged");
    const manifest = await packSource(memorySource(), folder, { ...small, columns: ["id", "x"] });
    const path = join(folder, "rows-000000.bin");
    const content = await readFile(path);
    content[100] = (content[100] as number) ^ 1;
    await writeFile(path, content);
    await using pack = await openPack(folder);
    const { id = [] } = await readAll(pack, { columns: ["id"] });
    const lost = manifest.parts[0]?.numRows as number;
    expect(id).toHaveLength(rows - lost);
    expect(pack.faults.counts()).toEqual({ checksum: 1 });
    expect(pack.faults.examples[0]).toMatchObject({ row: 0, code: "checksum" });
    await expect(pack.take?.([5])).rejects.toThrow("has another SHA-256");
    expect((await pack.take?.([5], { columns: ["x"] }))?.numRows).toBe(1);
    await writeFile(path, content.subarray(0, 50));
    await using cut = await openPack(folder);
    await readAll(cut, { columns: ["id"] });
    expect(Object.keys(cut.faults.counts())).toHaveLength(1);
    await using strict = await openPack(folder, { faults: new FaultLog({ policy: "fail" }) });
    await expect(readAll(strict)).rejects.toThrow(`the fault policy is "fail"`);
  });

  test("with a manifest that is none is refused in one line", async () => {
    const folder = join(root, "manifest");
    await packSource(memorySource(), folder, { ...small, columns: ["id"] });
    const path = join(folder, "manifest.json");
    const text = await readFile(path, "utf8");
    const broken = [
      "",
      "{}",
      text.slice(0, 200),
      text.replace(/"numRows": \d+/, '"numRows": 7'),
      text.replace("rows-000000.bin", "../outside.bin"),
      text.replace('"name": "id"', '"name": "other"'),
    ];
    for (const each of broken) {
      await writeFile(path, each);
      await expect(openPack(folder)).rejects.toThrow(
        /^openPack: cannot read ".*manifest.json": it is no manifest [^\n]*$/,
      );
    }
  });

  test("cannot expand beyond the limit", async () => {
    const folder = join(root, "bomb");
    await packSource(memorySource(), folder, { ...small, columns: ["x"] });
    await using pack = await openPack(folder, { maxBytes: 1000 });
    expect(await readAll(pack)).toEqual({});
    expect(pack.faults.counts()).toHaveProperty("decode");
  });
});
