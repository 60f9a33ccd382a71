import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bloscCases, chunkOf } from "./blosc.cases.ts";
import { decodeBlosc, encodeBlosc } from "./blosc.ts";
import { expectNoCrash } from "./decoder.contract.ts";

interface Fixture {
  readonly data: Readonly<Record<string, string>>;
  readonly chunks: readonly { readonly name: string; readonly data: string; readonly chunk: string }[];
}

const folder = `${import.meta.dirname}/../../../fixtures/codec`;
const fixture = JSON.parse(gunzipSync(readFileSync(`${folder}/chunks.json.gz`)).toString()) as Fixture;
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

describe("decodeBlosc", () => {
  test("expands what python-blosc and python-blosc2 wrote", () => {
    expect(fixture.chunks.length).toBeGreaterThan(600);
    const wrong = fixture.chunks.filter(({ data, chunk }) => {
      const expected = bytes(fixture.data[data] as string);
      return Buffer.compare(decodeBlosc(bytes(chunk)), expected) !== 0;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test("leaves alone what stands behind a chunk, and where it stands", () => {
    const [content, chunk] = [new Uint8Array(1000).fill(3), new Uint8Array(4000).fill(255)];
    const coded = encodeBlosc(content, { codec: "lz4", level: 5, typeSize: 1, shuffle: "none" });
    chunk.set(coded, 7);
    expect(decodeBlosc(chunk.subarray(7))).toEqual(content);
  });

  test("refuses to expand to more than is allowed", () => {
    const chunk = encodeBlosc(new Uint8Array(1 << 20), { codec: "zstd", level: 1, typeSize: 1, shuffle: "none" });
    expect(chunk.length).toBeLessThan(500);
    expect(() => decodeBlosc(chunk, { maxBytes: 1 << 19 })).toThrow("at most 524288 are allowed (maxBytes)");
    expect(decodeBlosc(chunk, { maxBytes: 1 << 20 })).toHaveLength(1 << 20);
  });

  test("expands into memory that is given, if it is as long", () => {
    const content = Uint8Array.from({ length: 3000 }, (_, i) => i >> 4);
    const options = { codec: "lz4", level: 5, shuffle: "byte", blockSize: 1024 } as const;
    const whole = new Uint8Array(3010);
    const output = whole.subarray(4, 3004);
    for (const chunk of [
      encodeBlosc(content, { ...options, typeSize: 4 }),
      encodeBlosc(content, { ...options, typeSize: 4, level: 0 }),
    ]) {
      output.fill(9);
      expect(decodeBlosc(chunk, { output })).toBe(output);
      expect(output).toEqual(content);
      expect([whole[3], whole[3004]]).toEqual([0, 0]);
      expect(() => decodeBlosc(chunk, { output: whole })).toThrow("the chunk holds 3000, must be as many");
    }
  });

  test("refuses a header that lies about its size before it asks for memory", () => {
    for (const codec of ["lz4", "zstd"] as const)
      for (const claimed of [2 ** 31 - 1000, 2 ** 30, 2 ** 28 + 8]) {
        const chunk = encodeBlosc(new Uint8Array(4096), { codec, level: 5, typeSize: 1, shuffle: "none" });
        const view = new DataView(chunk.buffer, chunk.byteOffset);
        view.setInt32(4, claimed, true);
        view.setInt32(8, claimed, true);
        expect(() => decodeBlosc(chunk)).toThrow("decodeBlosc: cannot expand a chunk: it claims");
      }
  });

  test("never does more than refuse damaged chunks", async () => {
    const samples = fixture.chunks.filter((_, i) => i % 4 === 0).map(({ chunk }) => bytes(chunk));
    await expectNoCrash("blosc", samples, 40, (chunk) => decodeBlosc(chunk, { maxBytes: 1 << 22 }));
  });
});

describe("encodeBlosc", () => {
  test("writes what it reads, and what Python was seen to read", () => {
    const path = `${folder}/decoded.json`;
    const seen = JSON.parse(readFileSync(path, "utf8")) as Record<string, { chunk: string; decoded: string }>;
    expect(Object.keys(seen)).toEqual(bloscCases.map(({ name }) => name));
    for (const each of bloscCases) {
      const chunk = chunkOf(each);
      expect(Buffer.compare(decodeBlosc(chunk), each.content), each.name).toBe(0);
      // After a change of Node's zstd or of our LZ4: fixtures/codec/make-decoded.ts asks Python again.
      expect({ chunk: sha256(chunk), decoded: sha256(each.content) }, each.name).toEqual(seen[each.name]);
    }
  });

  test("is undone for any bytes and options", () => {
    const pieces = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 60 })), {
      maxLength: 30,
    });
    const options = fc.record({
      codec: fc.constantFrom("lz4" as const, "lz4hc" as const, "zstd" as const, "zlib" as const),
      level: fc.integer({ min: 0, max: 7 }),
      typeSize: fc.constantFrom(1, 2, 3, 4, 7, 8, 12, 16, 17, 255),
      shuffle: fc.constantFrom("none" as const, "byte" as const, "bit" as const),
      blockSize: fc.integer({ min: 128, max: 3000 }),
    });
    fc.assert(
      fc.property(pieces, options, (parts, each) => {
        const content = new Uint8Array(
          parts.flatMap(([piece, times]) => Array.from({ length: times }, () => [...piece]).flat()),
        );
        const chunk = encodeBlosc(content, each);
        expect(chunk.length).toBeLessThanOrEqual(content.length + 16);
        expect(Buffer.compare(decodeBlosc(chunk), content)).toBe(0);
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  test.each([1, 5, 9])("finds every distance that LZ4 can say, at level %i", (level) => {
    const content = new Uint8Array(300_000);
    for (let i = 0, x = 1; i < content.length; i++) {
      x = (x * 1103515245 + 12345) % 2 ** 31;
      content[i] = i % 700 < 300 ? (content[Math.max(0, i - 1 - (i % 66_000))] as number) : x >> 16;
    }
    const chunk = encodeBlosc(content, { codec: "lz4", level, typeSize: 1, shuffle: "none" });
    expect(chunk.length).toBeLessThan(content.length);
    expect(Buffer.compare(decodeBlosc(chunk), content)).toBe(0);
  });

  test("names the option that is wrong", () => {
    const options = { codec: "lz4", level: 5, typeSize: 4, shuffle: "byte" } as const;
    expect(() => encodeBlosc(new Uint8Array(9), { ...options, level: 10 })).toThrow("got level 10");
    expect(() => encodeBlosc(new Uint8Array(9), { ...options, typeSize: 0 })).toThrow("got typeSize 0");
    expect(() => encodeBlosc(new Uint8Array(9), { ...options, codec: "rar" as "lz4" })).toThrow('got codec "rar"');
  });
});

const python = process.env["CAMEO_PYTHON"] ?? "";
const missing = reasonToSkip();

/** Why Python cannot be asked, or null. */
function reasonToSkip(): string | null {
  if (python === "") return "CAMEO_PYTHON is not set to a Python with blosc, blosc2 and numcodecs";
  const { status, error } = spawnSync(python, ["-c", "import blosc, blosc2, numcodecs"]);
  if (error !== undefined) return `CAMEO_PYTHON cannot be run: ${error.message}`;
  return status === 0 ? null : "the Python of CAMEO_PYTHON lacks blosc, blosc2 or numcodecs";
}

describe(`chunks in Python${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  test.skipIf(missing !== null)("are read by python-blosc, numcodecs and python-blosc2", () => {
    const lines = bloscCases.map((each) =>
      JSON.stringify({ name: each.name, chunk: Buffer.from(chunkOf(each)).toString("base64") }),
    );
    const { stdout } = spawnSync(python, [`${folder}/check-chunks.py`], {
      encoding: "utf8",
      input: lines.join("\n"),
      maxBuffer: 1 << 26,
    });
    expect(JSON.parse(stdout)).toEqual(
      Object.fromEntries(bloscCases.map(({ name, content }) => [name, sha256(content)])),
    );
  });
});
