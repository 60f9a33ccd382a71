import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, temporaryName, writeAtomically } from "./files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cameo-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("makeFolder makes what is missing, also twice at once, and ends where there can be no folder", async () => {
  const path = join(folder, "made", "below", "it");
  await Promise.all([makeFolder(path), makeFolder(path)]);
  await makeFolder(path);
  expect(await readdir(join(folder, "made", "below"))).toEqual(["it"]);
  await writeFile(join(folder, "made", "file"), "");
  for (const taken of ["file", "file/below"])
    await expect(makeFolder(join(folder, "made", taken))).rejects.toThrow(/EEXIST|ENOTDIR/);
  await rm(join(folder, "made"), { recursive: true });
});

test.runIf(process.platform === "linux")("makeFolder ends where the system takes no folder", async () => {
  await expect(makeFolder("/proc/none/below")).rejects.toThrow("ENOENT");
});

test("writeAtomically replaces a file and leaves nothing else", async () => {
  const path = join(folder, "file");
  await writeAtomically(path, "one");
  await writeAtomically(path, new TextEncoder().encode("two 二"));
  expect(await readFile(path, "utf8")).toBe("two 二");
  expect(await readdir(folder)).toEqual(["file"]);
});

test("a reader sees the old content or the new, never a part", async () => {
  const path = join(folder, "busy");
  const contents = ["a", "b"].map((letter) => letter.repeat(1 << 20));
  await writeFile(path, contents[0] as string);
  let writing = true;
  const writes = (async () => {
    for (let i = 0; i < 10; i++) await writeAtomically(path, contents[i % 2] as string);
    writing = false;
  })();
  while (writing) expect(contents).toContain(await readFile(path, "utf8"));
  await writes;
});

test("when it fails the old file stays and the temporary one goes", async () => {
  const missing = join(folder, "absent", "file");
  await expect(writeAtomically(missing, "x")).rejects.toThrow(/ENOENT/);
  const occupied = join(folder, "occupied");
  await writeAtomically(join(folder, "kept"), "old");
  await writeFile(occupied, "");
  await expect(writeAtomically(join(occupied, "file"), "x")).rejects.toThrow(/ENOTDIR/);
  expect((await readdir(folder)).filter((name) => name.includes(".tmp-"))).toEqual([]);
});

test("temporary names differ and stand beside the file", () => {
  const names = Array.from({ length: 100 }, () => temporaryName("a/b"));
  expect(new Set(names).size).toBe(100);
  for (const name of names) expect(name).toMatch(/^a\/b\.tmp-\d+-[0-9a-f]{8}$/);
});
