import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, test } from "vitest";
import { frontMatter, parseYaml } from "./_front-matter.ts";
import { type OpenSourceOptions, openSource } from "./open.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hub-"));
});

async function file(name: string, content: string): Promise<void> {
  await mkdir(join(folder, name, ".."), { recursive: true });
  await writeFile(join(folder, name), content);
}

async function filesOf(options?: OpenSourceOptions): Promise<string[]> {
  const source = await openSource(folder, options);
  return [source.format, ...source.files.map(({ location }) => basename(location))];
}

test("a folder of the Hub gives the split that is asked for, by the names of files", async () => {
  const fixture = fileURLToPath(new URL("../../../fixtures/parquet/none.parquet", import.meta.url));
  await mkdir(join(folder, "data"));
  for (const name of ["train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"])
    await copyFile(fixture, join(folder, `data/${name}.parquet`));
  await file("README.md", "# No description");
  assert.deepEqual(await filesOf(), ["parquet", "train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]);
  assert.deepEqual(await filesOf({ split: "test" }), ["parquet", "test-00000-of-00001.parquet"]);
  await assert.rejects(filesOf({ split: "validation" }), { code: "data", message: /must be one of "test", "train"/ });
  assert.equal((await openSource(folder)).numRows, 600);
});

test("folders named like splits are splits", async () => {
  await file("train/a.jsonl", '{"x":1}\n');
  await file("dev/b.jsonl", '{"x":2}\n');
  assert.deepEqual(await filesOf(), ["jsonl", "a.jsonl"]);
  assert.deepEqual(await filesOf({ split: "validation" }), ["jsonl", "b.jsonl"]);
});

test("the README's configurations name their files", async () => {
  await file(
    "README.md",
    `---
license: mit
configs:
- config_name: small   # the usual one
  default: true
  data_files:
  - split: train
    path: "s/*.csv"
- config_name: large
  data_files:
    - split: train
      path:
        - l/one.csv
        - l/two.csv
    - split: held_out
      path: [l/three.csv]
---
# Words`,
  );
  for (const name of ["s/a.csv", "l/one.csv", "l/two.csv", "l/three.csv", "other.csv"]) await file(name, "x,y\n1,2\n");
  assert.deepEqual(await filesOf(), ["csv", "a.csv"]);
  assert.deepEqual(await filesOf({ config: "large" }), ["csv", "one.csv", "two.csv"]);
  assert.deepEqual(await filesOf({ config: "large", split: "held_out" }), ["csv", "three.csv"]);
  await assert.rejects(filesOf({ config: "none" }), { code: "data", message: /must be one of "small", "large"/ });
});

test("parseYaml reads maps, lists and inline lists, and survives the rest", () => {
  const text = "a: 1\nb:\n  - x\n  - \"y z\"\nc: [p, 'q']\nd:\n  e: f\n  g:\n  - h: i\n    j: k\n";
  assert.deepEqual(parseYaml(text), { a: "1", b: ["x", "y z"], c: ["p", "q"], d: { e: "f", g: [{ h: "i", j: "k" }] } });
  assert.equal(frontMatter("# Title"), undefined);
  for (const odd of ["", ":", "- - -", "a:\n b\n  c", "]: [", "-\n-\n - x: y", `${"- ".repeat(500)}x`]) parseYaml(odd);
});
