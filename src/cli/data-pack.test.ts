import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { cameo, jsonLines, temporaryFolder } from "../../test/support/cli.ts";
import { encodeBlosc } from "../data/codec/blosc.ts";
import { encodeBlosc2Frame } from "../data/codec/blosc2-frame.ts";
import { openPack } from "../data/codec/open-pack.ts";
import { readNpy } from "../data/source/npy.ts";
import { lossyMethods } from "./_lossy-flag.ts";

const folder = temporaryFolder();
const rowsPath = join(folder, "rows.jsonl");
const pack = join(folder, "packed");

beforeAll(async () => {
  const lines = Array.from({ length: 2000 }, (_, i) =>
    JSON.stringify({ id: i, temperature: 15 + 9 * Math.sin(i / 200) + (i % 7) / 1000, site: `site ${i % 4}` }),
  );
  await writeFile(rowsPath, `${lines.join("\n")}\n`);
  const { code, stderr } = await cameo([
    "data",
    "pack",
    rowsPath,
    "--out",
    pack,
    "--workers",
    "0",
    "--lossy",
    "temperature=abs:0.01",
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

describe("cameo data pack", () => {
  test("prints ratio, speeds and error of each column", async () => {
    const out = join(folder, "table");
    const { code, stdout } = await cameo([
      "data",
      "pack",
      rowsPath,
      "--out",
      out,
      "--workers",
      "0",
      "--lossy",
      "temperature=rel:1e-3",
    ]);
    expect(code).toBe(0);
    const [head = "", ...lines] = stdout.split("\n");
    expect(head.split(/ {2,}/)).toEqual(["column", "encoding", "before", "after", "ratio", "write", "read", "error"]);
    expect(lines.slice(0, 3).map((line) => line.split(" ")[0])).toEqual(["id", "temperature", "site"]);
    expect(lines[1]).toMatch(/relative, .* \d+ +\d+ +0\.\d+$/);
    expect(lines[2]).toMatch(/none$/);
    expect(stdout).toMatch(/wrote .*table, 2,000 rows, .* as .* in [\d.]+ s\n$/);
  });

  test("prints the same as JSON, with all that was tried", async () => {
    const out = join(folder, "json");
    const { stdout, stderr } = await cameo([
      "data",
      "pack",
      rowsPath,
      "--out",
      out,
      "--workers",
      "0",
      "--codec",
      "zstd",
      "--level",
      "1",
      "--report",
      "--json",
    ]);
    expect(stderr).toBe("");
    const [first, ...columns] = jsonLines(stdout);
    expect(first).toMatchObject({ type: "pack", numRows: 2000, parts: 1, faults: {} });
    expect(columns.map(({ name }) => name)).toEqual(["id", "temperature", "site"]);
    for (const { encoding, trials } of columns) {
      expect(encoding).toMatchObject({ codec: "zstd", level: 1 });
      expect((trials as unknown[]).length).toBeGreaterThan(1);
    }
  });

  test("keeps the bound", async () => {
    await using source = await openPack(pack);
    let row = 0;
    for await (const { columns, numRows } of source.read())
      for (let i = 0; i < numRows; i++, row++) {
        const value = 15 + 9 * Math.sin(row / 200) + (row % 7) / 1000;
        expect(Math.abs((columns["temperature"]?.[i] as number) - value)).toBeLessThanOrEqual(0.01);
      }
    expect(row).toBe(2000);
  });

  test.each([
    [["--lossy", "temperature=abs"], 2, 'got "temperature=abs", must be COLUMN=METHOD:BOUND'],
    [["--lossy", "site=abs:1"], 1, 'column "site" is of type string, only float32 and float64 may lose'],
    [["--lossy", "nope=abs:1"], 1, 'there is no column "nope", must be one of id, temperature, site'],
    [["--level", "10"], 2, "got 10, must be an integer in [0, 9]"],
    [["--codec", "rar"], 2, "rar"],
  ])("refuses %j in one line", async (flags, expected, message) => {
    const { code, stdout, stderr } = await cameo([
      "data",
      "pack",
      rowsPath,
      "--out",
      join(folder, "no"),
      "--workers",
      "0",
      ...flags,
    ]);
    expect(code).toBe(expected);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
  });

  test("refuses to overwrite a pack, and a missing --out", async () => {
    expect((await cameo(["data", "pack", rowsPath, "--out", pack])).stderr).toContain("there is a pack in it");
    expect((await cameo(["data", "pack", rowsPath])).code).toBe(2);
  });
});

describe("cameo data unpack", () => {
  test("writes the rows of a pack as JSONL and a column as .npy", async () => {
    const out = join(folder, "back.jsonl");
    expect(await cameo(["data", "unpack", pack, "--out", out, "--columns", "id,site"])).toMatchObject({
      code: 0,
      stderr: "",
    });
    const lines = (await readFile(out, "utf8")).trimEnd().split("\n");
    expect(lines).toHaveLength(2000);
    expect(JSON.parse(lines[7] as string)).toEqual({ id: 7, site: "site 3" });
    const npy = join(folder, "temperature.npy");
    expect((await cameo(["data", "unpack", pack, "--out", npy, "--columns", "temperature"])).code).toBe(0);
    expect((await readNpy(new Uint8Array(await readFile(npy)))).shape).toEqual([2000]);
  });

  test("writes chunks and frames of Blosc as bytes and as arrays", async () => {
    const values = Float32Array.from({ length: 600 }, (_, i) => i / 2);
    const bytes = new Uint8Array(values.buffer);
    const options = { codec: "lz4", level: 5, typeSize: 4, shuffle: "byte" } as const;
    const [chunk, frame, plain, npy] = ["a.blosc", "a.b2frame", "a.bin", "a.npy"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    await writeFile(chunk, encodeBlosc(bytes, options));
    await writeFile(frame, encodeBlosc2Frame(bytes, options));
    for (const path of [chunk, frame]) {
      expect((await cameo(["data", "unpack", path, "--out", plain])).code).toBe(0);
      expect(new Uint8Array(await readFile(plain))).toEqual(bytes);
    }
    expect((await cameo(["data", "unpack", chunk, "--out", npy, "--dtype", "float32", "--shape", "20,30"])).code).toBe(
      0,
    );
    expect(await readNpy(new Uint8Array(await readFile(npy)))).toEqual({
      dtype: "float32",
      shape: [20, 30],
      data: values,
    });
    const wrong = await cameo(["data", "unpack", chunk, "--out", npy, "--dtype", "float32", "--shape", "7,7"]);
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.stderr).toContain("it holds 2400 bytes");
    expect((await cameo(["data", "unpack", chunk, "--out", npy])).stderr).toContain("--dtype must be given");
    await writeFile(chunk, encodeBlosc(bytes, options).subarray(0, 50));
    expect(await cameo(["data", "unpack", chunk, "--out", plain])).toMatchObject({ code: 1, stdout: "" });
  });
});

test("lossyMethods reads every method", () => {
  expect(
    lossyMethods(["a=abs:1e-3,b=range:0.1", "c=rel:0.01,d=bits:7,e=bits:auto,f=float16,g=int8:2,x=y=bfloat16"]),
  ).toEqual({
    a: { method: "absolute", bound: 1e-3 },
    b: { method: "range", bound: 0.1 },
    c: { method: "relative", bound: 0.01 },
    d: { method: "bits", keepBits: 7 },
    e: { method: "bits", keepBits: "auto" },
    f: { method: "float16" },
    g: { method: "int8", bound: 2 },
    "x=y": { method: "bfloat16" },
  });
  for (const text of ["a", "a=", "=abs:1", "a=abs:-1", "a=bits", "a=bits:53", "a=float16:x"])
    expect(() => lossyMethods([text])).toThrow(text);
});
