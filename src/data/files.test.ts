import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findTextFiles, readText } from "./files.ts";

let root = "";
const at = (...names: string[]): string => join(root, ...names);
const put = async (name: string, content: string | Uint8Array): Promise<void> => {
  await mkdir(join(at(name), ".."), { recursive: true });
  await writeFile(at(name), content);
};
const paths = async (inputs: string | string[]): Promise<string[]> =>
  (await findTextFiles(inputs)).files.map(({ path }) => relative(root, path));
const read = async (name: string, chunkBytes = 65536): Promise<string> =>
  (await Array.fromAsync(readText([{ path: at(name) }], { chunkBytes }))).join("");

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-files-"));
  await put("tree/b.txt", "bee");
  await put("tree/a.md", "ay");
  await put("tree/Z.txt", "zed");
  await put("tree/sub/deep/c.ts", "see");
  await put("tree/sub/image.png", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 1]));
  await put("tree/late.txt", new Uint8Array([...Buffer.from("x".repeat(300_000)), 0xff]));
  await put("tree/empty.txt", "");
  await put("tree/node_modules/m/index.js", "module");
  await put("tree/.git/config", "hidden");
  await put("tree/.env", "SECRET=1");
  await symlink(at("tree"), at("tree/sub/loop"));
  await symlink(at("tree/b.txt"), at("tree/sub/again.txt"));
  await symlink(at("nowhere"), at("tree/broken"));
});
afterAll(() => rm(root, { recursive: true }));

describe("findTextFiles", () => {
  test("a folder is walked in code unit order, once through links, without hidden names and packages", async () => {
    const { files, skipped } = await findTextFiles(at("tree"));
    expect(files.map(({ path }) => relative(root, path))).toEqual([
      "tree/Z.txt",
      "tree/a.md",
      "tree/b.txt",
      "tree/sub/deep/c.ts",
    ]);
    expect(files[2]).toMatchObject({ sizeBytes: 3, mtimeMs: expect.any(Number) });
    expect(skipped.map(({ path, reason }) => [relative(root, path), reason])).toEqual([
      ["tree/broken", "a link that leads nowhere"],
      ["tree/empty.txt", "it is empty"],
      ["tree/late.txt", "invalid UTF-8 at byte 300000"],
      ["tree/sub/image.png", "invalid UTF-8 at byte 0"],
    ]);
  });

  test("a hidden folder or node_modules is read when it is named itself", async () => {
    expect(await paths([at("tree/node_modules"), at("tree/.git"), at("tree/.env")])).toEqual([
      "tree/.env",
      "tree/.git/config",
      "tree/node_modules/m/index.js",
    ]);
  });

  test("globs stand for files, and set the same names aside unless the pattern names them", async () => {
    expect(await paths(at("tree/*.{txt,md}"))).toEqual(["tree/Z.txt", "tree/a.md", "tree/b.txt"]);
    expect(await paths(at("tree/**/*.ts"))).toEqual(["tree/sub/deep/c.ts"]);
    expect(await paths(at("tree/**/*.js")).catch((error: Error) => error.message)).toContain("no file was found");
    expect(await paths(at("tree/node_modules/**/*.js"))).toEqual(["tree/node_modules/m/index.js"]);
  });

  test("folders that the caller leaves out are skipped with the reason, below what is named", async () => {
    await put("some/keep/a.txt", "a");
    await put("some/out/b.txt", "b");
    await put("some/out/deep/c.txt", "c");
    const whyLeftOut = (folder: string) => (folder.endsWith("out") ? "it is out" : undefined);
    for (const input of [at("some"), at("some/**/*.txt")]) {
      const { files, skipped } = await findTextFiles(input, { whyLeftOut });
      expect(files.map(({ path }) => path)).toEqual([at("some/keep/a.txt")]);
      expect(skipped).toEqual([{ path: at("some/out"), reason: "it is out" }]);
    }
    for (const input of [at("some/out"), at("some/out/**/*.txt")])
      expect((await findTextFiles(input, { whyLeftOut })).files).toHaveLength(2);
  });

  test("files named twice, by link or by glob are taken once", async () => {
    expect(await paths([at("tree/b.txt"), at("tree/b.txt"), at("tree/sub/again.txt"), at("tree/b*")])).toEqual([
      "tree/b.txt",
    ]);
  });

  test("a name with glob characters that exists is that file", async () => {
    await put("odd/[a].txt", "odd");
    expect(await paths(at("odd/[a].txt"))).toEqual(["odd/[a].txt"]);
  });

  test.each([
    ["nothing-here", /cannot read ".*nothing-here": there is no such file or folder, must exist/],
    ["tree/empty.txt", /cannot read ".*empty.txt": it is empty, must be a file with text/],
    ["tree/*.nothing", /cannot find text in ".*": no file was found, needs at least one file with text/],
  ])("%s is a DataError", async (name, message) => {
    await expect(findTextFiles(at(name))).rejects.toThrow(message);
    await expect(findTextFiles(at(name))).rejects.toMatchObject({ code: "data", source: at(name) });
  });

  test("a folder with nothing but other files says why each was left out", async () => {
    await put("binary/x.bin", new Uint8Array([65, 0, 66]));
    await expect(findTextFiles(at("binary"))).rejects.toThrow(
      /all 1 files were skipped: ".*x.bin" \(a NUL byte at byte 1\)/,
    );
    await expect(findTextFiles([])).rejects.toThrow(/cannot find text in an empty list/);
  });
});

describe("readText", () => {
  test("any text comes back whatever the chunk size, line ends and all", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({
          unit: fc.constantFrom("a", "é", "语", "🙂", "\r\n", "\r", "\n", "\u2028", "\ufeff"),
          minLength: 1,
        }),
        fc.integer({ min: 1, max: 9 }),
        async (text, chunkBytes) => {
          await put("any.txt", `-${text}`);
          expect(await read("any.txt", chunkBytes)).toBe(`-${text}`);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a byte-order mark is dropped at the start of a file and kept elsewhere", async () => {
    await put("bom.txt", "\ufeffone\ufefftwo");
    expect(await read("bom.txt", 1)).toBe("one\ufefftwo");
  });

  test("the separator stands between files, not after the last", async () => {
    const { files } = await findTextFiles([at("tree/a.md"), at("tree/b.txt"), at("tree/Z.txt")]);
    expect((await Array.fromAsync(readText(files))).join("")).toBe("zed\n\nay\n\nbee");
    expect((await Array.fromAsync(readText(files, { separator: "<|endoftext|>" }))).join("")).toBe(
      "zed<|endoftext|>ay<|endoftext|>bee",
    );
  });

  test.each([
    ["a NUL byte", [104, 105, 0, 104], 2, "a NUL byte"],
    ["a lone continuation byte", [104, 0x80], 1, "invalid UTF-8"],
    ["an overlong form", [104, 0xc0, 0x80], 1, "invalid UTF-8"],
    ["a surrogate", [104, 105, 0xed, 0xa0, 0x80], 2, "invalid UTF-8"],
    ["a point above U+10FFFF", [0xf4, 0x90, 0x80, 0x80], 0, "invalid UTF-8"],
    ["a cut sequence", [104, 0xe8, 0xaf, 104], 1, "invalid UTF-8"],
    ["half a character at the end", [104, 105, 0xf0, 0x9f, 0x99], 2, "an incomplete character"],
    ["UTF-16 with its mark", [0xff, 0xfe, 104, 0], 0, "UTF-16 text"],
  ])("%s is a DataError with its byte offset", async (_, bytes, offset, reason) => {
    await put("bad.txt", new Uint8Array(bytes));
    const message = new RegExp(`cannot read ".*bad.txt" as text: ${reason} at byte ${offset}, must be UTF-8 text`);
    await expect(read("bad.txt")).rejects.toThrow(message);
    if (reason !== "UTF-16 text") await expect(read("bad.txt", 1)).rejects.toThrow(message);
    const late = new Uint8Array(100_000 + bytes.length).fill(97);
    late.set(bytes, 100_000);
    await put("bad.txt", late);
    if (reason !== "UTF-16 text")
      await expect(read("bad.txt")).rejects.toThrow(`${reason} at byte ${100_000 + offset}`);
  });

  test("a file that cannot be read is a DataError with its cause", async () => {
    await expect(read("gone.txt")).rejects.toMatchObject({
      code: "data",
      source: at("gone.txt"),
      cause: { code: "ENOENT" },
    });
  });
});
