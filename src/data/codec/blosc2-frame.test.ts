import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { contents } from "./blosc.cases.ts";
import { decodeBlosc2Frame, encodeBlosc2Frame, isBlosc2Frame, openBlosc2Frame } from "./blosc2-frame.ts";
import { expectNoCrash } from "./decoder.contract.ts";

interface Fixture {
  readonly frames: readonly { readonly name: string; readonly data: string; readonly frame: string }[];
}

const folder = `${import.meta.dirname}/../../../fixtures/codec`;
const { frames } = JSON.parse(gunzipSync(readFileSync(`${folder}/chunks.json.gz`)).toString()) as Fixture;
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** Frames of ours: each codec and shuffle, several chunks with a short last one. */
const written = (["lz4", "zstd", "zlib"] as const).flatMap((codec) =>
  (["none", "byte", "bit"] as const).flatMap((shuffle) =>
    ["smooth", "noise", "empty"].map((name) => {
      // python-blosc2 counts in elements: whole ones only.
      const content = contents[name]?.subarray(0, 4 * Math.floor((contents[name]?.length ?? 0) / 4)) as Uint8Array;
      const options = { codec, shuffle, level: 5, typeSize: 4, blockSize: 1024, chunkSize: 5000 };
      return { name: `${name} ${codec} ${shuffle}`, content, frame: encodeBlosc2Frame(content, options) };
    }),
  ),
);

describe("decodeBlosc2Frame", () => {
  test.each(frames.map((each) => [each.name, each] as const))(
    "expands what python-blosc2 wrote: %s",
    (_, { data, frame }) => {
      expect(isBlosc2Frame(bytes(frame))).toBe(true);
      expect(Buffer.compare(decodeBlosc2Frame(bytes(frame)), bytes(data))).toBe(0);
    },
  );

  test("expands one chunk at a time", () => {
    const { data, frame } = frames.find(({ name }) => name === "several chunks") as Fixture["frames"][number];
    const { numChunks, chunk, typeSize } = openBlosc2Frame(bytes(frame));
    expect([numChunks, typeSize]).toEqual([3, 4]);
    expect(Buffer.compare(chunk(2), bytes(data).subarray(200_000))).toBe(0);
    expect(() => chunk(3)).toThrow("there are 3");
  });

  test("refuses more than is allowed, and a frame that is cut", () => {
    const frame = bytes(frames[0]?.frame as string);
    expect(() => decodeBlosc2Frame(frame, { maxBytes: 100_000 })).toThrow("at most 100000 are allowed (maxBytes)");
    expect(() => decodeBlosc2Frame(frame.subarray(0, frame.length - 1))).toThrow("must be whole");
  });

  test("never does more than refuse damaged frames", async () => {
    const samples = [
      ...frames.slice(1).map(({ frame }) => bytes(frame)),
      ...written.slice(0, 6).map(({ frame }) => frame),
    ];
    await expectNoCrash("frames", samples, 300, (frame) => decodeBlosc2Frame(frame, { maxBytes: 1 << 20 }));
  });
});

test("encodeBlosc2Frame is undone", () => {
  for (const { name, content, frame } of written)
    expect(Buffer.compare(decodeBlosc2Frame(frame), content), name).toBe(0);
});

const python = process.env["CAMEO_PYTHON"] ?? "";
const isThere = python !== "" && spawnSync(python, ["-c", "import blosc, blosc2, numcodecs"]).status === 0;
const reason = isThere ? "" : " (skipped: CAMEO_PYTHON is not set to a Python with blosc, blosc2 and numcodecs)";

test.skipIf(!isThere)(`frames are read by python-blosc2${reason}`, () => {
  const cases = written.filter(({ content }) => content.length > 0);
  const input = cases.map(({ name, frame }) =>
    JSON.stringify({ name, frame: true, chunk: Buffer.from(frame).toString("base64") }),
  );
  const { stdout } = spawnSync(python, [`${folder}/check-chunks.py`], { encoding: "utf8", input: input.join("\n") });
  const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(cases.map(({ name, content }) => [name, sha256(content)])));
});
