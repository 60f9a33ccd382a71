/** Shards that Cameo writes under MosaicML's and WebDataset's readers: set CAMEO_PYTHON to a Python that has both. */

import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openMds } from "../../src/data/source/mds.ts";
import type { Source } from "../../src/data/source/source.ts";
import { writeShards } from "../../src/data/stream/write-shards.ts";
import type { Schema } from "../../src/data/table.ts";
import { memorySource } from "../support/memory-source.ts";
import { localContext } from "../support/source-context.ts";

const python = process.env.CAMEO_PYTHON ?? "";
const missing = reasonToSkip();

/** Why the check cannot be made, or null. */
function reasonToSkip(): string | null {
  if (python === "") return "CAMEO_PYTHON is not set to a Python with mosaicml-streaming and webdataset";
  const { status, error } = spawnSync(python, ["-c", "import streaming, webdataset"]);
  if (error !== undefined) return `CAMEO_PYTHON cannot be run: ${error.message}`;
  return status === 0 ? null : "the Python of CAMEO_PYTHON lacks mosaicml-streaming or webdataset";
}

let root: string;
let png: Uint8Array;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-python-"));
  const fixtures = join(import.meta.dirname, "../../fixtures/shards");
  await using source = await openMds(await localContext(join(fixtures, "mds")));
  png = (await source.take([0], { columns: ["png"] })).columns.png?.[0] as Uint8Array;
});
afterAll(() => rm(root, { recursive: true }));

const schema: Schema = [
  { name: "text", type: "string", nullable: false },
  { name: "label", type: "int64", nullable: false },
  { name: "small", type: "uint8", nullable: false },
  { name: "score", type: "float32", nullable: false },
  { name: "meta", type: "json", nullable: false },
  { name: "image", type: "image", nullable: false },
  { name: "raw", type: "bytes", nullable: false },
  { name: "array", type: "tensor", nullable: false, element: "int32" },
  { name: "fixed", type: "tensor", nullable: false, element: "float64", shape: [2, 1] },
];

const source = (): Source =>
  memorySource(schema, 40, (i) => ({
    text: `日本 ${i}`,
    label: BigInt(i) - 2n ** 40n,
    small: i,
    score: i / 8,
    meta: { i, list: [null, "é"] },
    image: png,
    raw: new Uint8Array(i).fill(i),
    array: { dtype: "int32", shape: [(i % 3) + 1, 2], data: new Int32Array(((i % 3) + 1) * 2).fill(i) },
    fixed: { dtype: "float64", shape: [2, 1], data: Float64Array.of(i, i / 3) },
  }));

async function rowsIn(kind: string, folder: string): Promise<Record<string, unknown>[]> {
  const script = join(import.meta.dirname, "check-shards.py");
  const { stdout } = await promisify(execFile)(python, [script, kind, folder], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>[];
}

const title = `shards in Python${missing === null ? "" : ` (skipped: ${missing})`}`;

describe(title, () => {
  test.skipIf(missing !== null).each([undefined, "zstd:9", "gz:1"])("MDS, compression %s", async (compression) => {
    const folder = join(root, `mds-${compression}`.replace(":", "-"));
    const options = compression === undefined ? {} : { compression };
    await writeShards(source(), { format: "mds", folder, shardBytes: 3000, ...options });
    const rows = await rowsIn("mds", folder);
    expect(rows).toHaveLength(40);
    for (const [i, row] of rows.entries())
      expect(row).toEqual({
        text: `日本 ${i}`,
        label: i - 2 ** 40,
        small: i,
        score: i / 8,
        meta: { i, list: [null, "é"] },
        image: { mode: "RGBA", size: [4, 3] },
        raw: Buffer.alloc(i, i).toString("base64"),
        array: { dtype: "int32", shape: [(i % 3) + 1, 2], data: new Array(((i % 3) + 1) * 2).fill(i) },
        fixed: { dtype: "float64", shape: [2, 1], data: [i, i / 3] },
      });
  });

  test.skipIf(missing !== null)("WebDataset", async () => {
    const folder = join(root, "webdataset");
    await writeShards(source(), { format: "webdataset", folder, shardBytes: 50_000 });
    const { shards } = JSON.parse(await readFile(join(folder, ".cameo-index.json"), "utf8")) as { shards: unknown[] };
    expect(shards.length).toBeGreaterThan(1);
    const rows = await rowsIn("webdataset", folder);
    expect(rows).toHaveLength(40);
    for (const [i, row] of rows.entries())
      expect(row).toEqual({
        __key__: String(i).padStart(9, "0"),
        text: `日本 ${i}`,
        "label.cls": i - 2 ** 40,
        "small.cls": i,
        "score.json": i / 8,
        "meta.json": { i, list: [null, "é"] },
        "image.png": { mode: "RGB", size: [4, 3] }, // what its decoder makes of it
        "raw.bin": Buffer.alloc(i, i).toString("base64"),
        "array.npy": { dtype: "int32", shape: [(i % 3) + 1, 2], data: new Array(((i % 3) + 1) * 2).fill(i) },
        "fixed.npy": { dtype: "float64", shape: [2, 1], data: [i, i / 3] },
      });
  });
});
