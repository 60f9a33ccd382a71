import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, test } from "vitest";
import { FaultLog } from "../fault.ts";
import { fileStore } from "./file-store.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "file-store-"));
});

const names = (entries: readonly { location: string }[]): string[] =>
  entries.map(({ location }) => relative(folder, location));

test("fileStore lists a folder in order, without hidden names and installed packages", async () => {
  for (const path of ["b.txt", "a/2.txt", "a/1.txt", ".git/x", "a/.hidden", "node_modules/m.txt"]) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), path);
  }
  const store = fileStore();
  assert.deepEqual(names(await store.list(folder)), ["a/1.txt", "a/2.txt", "b.txt"]);
  assert.deepEqual(names(await store.list(join(folder, "**/*.txt"))), ["a/1.txt", "a/2.txt", "b.txt"]);
  assert.deepEqual(names(await store.list(join(folder, "a/{1,3}.txt"))), ["a/1.txt"]);
  assert.deepEqual(names(await store.list(join(folder, ".git"))), [".git/x"]);
  assert.equal((await store.head(pathToFileURL(join(folder, "b.txt")).href)).sizeBytes, 5);
});

test("fileStore reports links in a circle and goes on", async () => {
  await mkdir(join(folder, "a/b"), { recursive: true });
  await writeFile(join(folder, "a/x"), "x");
  await symlink(join(folder, "a"), join(folder, "a/b/up"));
  await symlink(join(folder, "self"), join(folder, "self"));
  await symlink(join(folder, "nowhere"), join(folder, "gone"));
  const faults = new FaultLog();
  assert.deepEqual(names(await fileStore({ faults }).list(folder)), ["a/x"]);
  assert.deepEqual(faults.counts(), { empty: 1, "link-loop": 2 });
  assert.deepEqual(faults.examples.map(({ source }) => basename(source)).sort(), ["gone", "self", "up"]);
  await assert.rejects(fileStore().list(folder), { code: "data", message: /link-loop/ });
  await assert.rejects(fileStore().read(join(folder, "self")), { code: "data", message: /link-loop/ });
});

test("fileStore reads ranges, streams, and says where a file ends too early", async () => {
  const path = join(folder, "big");
  const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251));
  await writeFile(path, content);
  const store = fileStore();
  assert.deepEqual(Buffer.from(await store.read(path, { start: 10, end: 20 })), content.subarray(10, 20));
  assert.equal((await store.read(path)).length, content.length);
  const pieces = await Array.fromAsync(store.stream(path, { start: 5, end: 2_500_000 }));
  assert.ok(pieces.length > 1);
  assert.deepEqual(Buffer.concat(pieces), content.subarray(5, 2_500_000));
  const fault = { code: "truncated", source: path, byte: 3_000_000, detail: "ends before byte 3000001" };
  await assert.rejects(store.read(path, { start: 1, end: 3_000_001 }), { fault });
  await assert.rejects(Array.fromAsync(store.stream(path, { start: 1, end: 3_000_001 })), { fault });
  await assert.rejects(store.read(join(folder, "none")), { code: "data", message: /there is no such file or folder/ });
  await assert.rejects(store.head(folder), { code: "data", message: /must be a file/ });
});

test("fileStore writes a file whole or not at all", async () => {
  const store = fileStore();
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
    throw new Error("the source broke");
  }
  await assert.rejects(store.write?.(join(folder, "new/a"), broken()) ?? Promise.resolve(), /the source broke/);
  assert.deepEqual(await readdir(join(folder, "new")), []);
  await store.write?.(join(folder, "new/a"), new Uint8Array([1, 2]));
  assert.deepEqual([...(await store.read(join(folder, "new/a")))], [1, 2]);
});
