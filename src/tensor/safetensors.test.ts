import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CodecError } from "../base/errors.ts";
import { arrayTypeOf, type DType, sizeBytesOf, type TypedArray } from "./dtype.ts";
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";
import type { NamedTensor } from "./safetensors-format.ts";
import { type Shape, sizeOf } from "./shape.ts";

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cameo-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));
const fresh = (): string => join(folder, `${count++}.safetensors`);

const dtypes: readonly DType[] = [
  ...(["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8"] as const),
  ...(["uint64", "uint32", "uint16", "uint8", "bool", "float8e4m3fn", "float8e5m2"] as const),
];

/** Bytes that differ from tensor to tensor, as elements of `dtype`. */
function dataOf(dtype: DType, shape: Shape, salt = 0): TypedArray {
  const bytes = Uint8Array.from({ length: sizeBytesOf(dtype, sizeOf(shape)) }, (_, i) => (i * 37 + salt) % 251);
  return new (arrayTypeOf(dtype))(bytes.buffer);
}

function named(name: string, dtype: DType, shape: Shape, salt?: number): NamedTensor {
  return { name, dtype, shape, data: () => dataOf(dtype, shape, salt) };
}

async function plainFile(content: string): Promise<string> {
  const path = fresh();
  await writeFile(path, content);
  return path;
}

async function fileOf(header: unknown, body = new Uint8Array(0)): Promise<string> {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  return bytesFile(text, body);
}

async function bytesFile(text: string, body: Uint8Array, claimed?: bigint): Promise<string> {
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + encoded.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(encoded.length), true);
  bytes.set(encoded, 8);
  bytes.set(body, 8 + encoded.length);
  const path = fresh();
  await writeFile(path, bytes);
  return path;
}

describe("round trip", () => {
  test("keeps every dtype, odd names, scalars and empty tensors bit for bit", async () => {
    const names = ["", "a.b", "权重", "😀", "constructor", "__proto__", "1", "0", 'with "quotes" and {braces}:[]'];
    const shapes: Shape[] = [[], [3], [2, 0, 4], [5, 1]];
    const tensors = [...dtypes, "float32" as const, "int8" as const].flatMap((dtype, i) =>
      shapes.map((shape, k) => named(`${names[(i + k) % names.length]}${i}/${k}`, dtype, shape, i * 4 + k)),
    );
    tensors.push(...names.map((name, i) => named(name, "uint8", [i % 3], i)));
    const path = fresh();
    await writeSafetensors(path, tensors, { note: "é", "": "" });
    const { entries, metadata } = await readSafetensorsHeader(path);
    expect(metadata).toEqual({ note: "é", "": "" });
    expect(entries.size).toBe(tensors.length);
    const read = await readSafetensors(path);
    for (const { name, dtype, shape, data } of tensors)
      expect(read.get(name), name).toEqual({ dtype, shape, data: typeof data === "function" ? await data() : data });
  });

  test("the body begins at a multiple of 4,096 and every tensor at a multiple of its element", async () => {
    for (const length of [1, 200]) {
      const tensors = Array.from({ length }, (_, i) => named(`tensor.${i}`, dtypes[i % dtypes.length] as DType, [3]));
      const path = fresh();
      const sizeBytes = await writeSafetensors(path, tensors);
      const { entries } = await readSafetensorsHeader(path);
      const offsets = [...entries.values()].map((entry) => entry.offset);
      expect(Math.min(...offsets) % 4096).toBe(0);
      for (const { dtype, offset } of entries.values()) expect(offset % sizeBytesOf(dtype, 1)).toBe(0);
      expect((await stat(path)).size).toBe(sizeBytes);
    }
  });

  test("the same tensors in another order make the same bytes, which the listener saw", async () => {
    const tensors = [named("b", "float32", [2]), named("a", "float32", [2]), named("c", "float64", [1])];
    const [one, two] = [fresh(), fresh()];
    const hash = createHash("sha256");
    await writeSafetensors(one, tensors, {}, (bytes) => hash.update(bytes));
    await writeSafetensors(two, tensors.toReversed());
    const bytes = await readFile(one);
    expect(await readFile(two)).toEqual(bytes);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("a part can be read, in the order asked for", async () => {
    const path = fresh();
    await writeSafetensors(
      path,
      ["a", "b", "c"].map((name, i) => named(name, "float32", [2], i)),
    );
    expect([...(await readSafetensors(path, ["c", "a"])).keys()]).toEqual(["c", "a"]);
    await expect(readSafetensors(path, ["z"])).rejects.toThrow(/there is no tensor "z", it holds 3 others/);
  });

  test("a file of no tensors is one", async () => {
    const path = fresh();
    await writeSafetensors(path, []);
    expect((await readSafetensors(path)).size).toBe(0);
  });
});

describe("writing refuses", () => {
  test.each<[string, NamedTensor[], RegExp]>([
    [
      "a name twice",
      [named("a", "float32", [1]), named("a", "float32", [1])],
      /tensor "a" of float32, names must differ/,
    ],
    ["the name of the metadata", [named("__metadata__", "float32", [1])], /tensor "__metadata__"/],
    ["a dtype that the format lacks", [named("a", "complex64", [1])], /tensor "a" of complex64/],
    [
      "data that does not fit",
      [{ ...named("a", "float32", [2]), data: () => new Float32Array(3) }],
      /"a" has 12 bytes, its shape \[2\] takes 8/,
    ],
  ])("%s", async (_, tensors, message) => {
    const path = fresh();
    await expect(writeSafetensors(path, tensors)).rejects.toThrow(CodecError);
    await rm(path, { force: true });
    await expect(writeSafetensors(path, tensors)).rejects.toThrow(message);
  });

  test("a file that exists", async () => {
    const path = fresh();
    await writeFile(path, "mine");
    await expect(writeSafetensors(path, [])).rejects.toThrow(/EEXIST/);
    expect(await readFile(path, "utf8")).toBe("mine");
  });
});

describe("reading other writers' files", () => {
  test("without padding, in any order, an empty tensor beside its neighbour", async () => {
    const header = {
      b: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
      z: { dtype: "F32", shape: [0], data_offsets: [0, 0] },
      a: { dtype: "I8", shape: [2], data_offsets: [4, 6] },
    };
    const path = await fileOf(header, Uint8Array.of(0, 0, 128, 63, 1, 2));
    const read = await readSafetensors(path);
    expect([read.get("b")?.data, read.get("a")?.data]).toEqual([Float32Array.of(1), Int8Array.of(1, 2)]);
  });

  test("colons and braces inside names and metadata are text", async () => {
    const header = {
      __metadata__: { 'a":{"b": [': "}:{" },
      "x:{y}": { dtype: "U8", shape: [1], data_offsets: [0, 1] },
    };
    expect((await readSafetensorsHeader(await fileOf(header, Uint8Array.of(7)))).metadata).toEqual(header.__metadata__);
  });
});

describe("malformed files are refused", () => {
  const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
    dtype: "F32",
    shape,
    data_offsets: [begin, end],
  });
  const body = (length: number) => new Uint8Array(length);
  const cases: [string, () => Promise<string>, RegExp][] = [
    ["an empty file", () => plainFile(""), /the file has 0 bytes/],
    ["fewer than 8 bytes", () => plainFile("1234567"), /the file has 7 bytes/],
    ["a header longer than the file", () => bytesFile("{}", body(0), 3n), /the header claims 3 bytes/],
    ["a huge header", () => bytesFile("{}", body(0), 2n ** 63n), /the header claims/],
    ["a header of all bits", () => bytesFile("{}", body(0), 2n ** 64n - 1n), /the header claims/],
    ["no JSON", () => fileOf("{not json}"), /the header is not JSON/],
    [
      "no UTF-8",
      async () => {
        const path = await fileOf('{"a":1}');
        const bytes = await readFile(path);
        bytes[10] = 0xff;
        await writeFile(path, bytes);
        return path;
      },
      /the header is not JSON/,
    ],
    ["a list", () => fileOf([]), /the header is no object/],
    ["null", () => fileOf("null"), /the header is no object/],
    ["an entry that is no object", () => fileOf({ a: 1 }), /"a" has dtype undefined/],
    ["an entry that is null", () => fileOf({ a: null }), /"a" has dtype undefined/],
    ["an unknown dtype", () => fileOf({ a: { ...f32(0, 0), dtype: "F12" } }), /"a" has dtype "F12"/],
    ["a negative length", () => fileOf({ a: f32(0, 4, [-1]) }, body(4)), /"a" has shape \[-1\]/],
    ["a fraction", () => fileOf({ a: f32(0, 4, [1.5]) }, body(4)), /"a" has shape/],
    ["a shape that is text", () => fileOf({ a: f32(0, 4, "1") }, body(4)), /"a" has shape "1"/],
    ["a shape whose product overflows", () => fileOf({ a: f32(0, 0, [2 ** 40, 2 ** 40]) }), /lies at \[0, 0\)/],
    [
      "offsets that are not two",
      () => fileOf({ a: { ...f32(0, 4), data_offsets: [0] } }, body(4)),
      /"a" has offsets \[0\]/,
    ],
    ["offsets the wrong way round", () => fileOf({ a: f32(4, 0, [1]) }, body(4)), /lies at \[4, 0\)/],
    ["a size that is not the shape's", () => fileOf({ a: f32(0, 8, [1]) }, body(8)), /takes 4 bytes/],
    ["an end outside the file", () => fileOf({ a: f32(0, 8) }, body(4)), /inside a file of/],
    [
      "an offset beyond all integers",
      () => fileOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[1e300,1e300]}}`),
      /has offsets/,
    ],
    ["tensors that overlap", () => fileOf({ a: f32(0, 8), b: f32(4, 12) }, body(12)), /the tensor before it ends at/],
    ["a hole between tensors", () => fileOf({ a: f32(0, 4), b: f32(8, 12) }, body(12)), /the tensor before it ends at/],
    ["a hole at the start", () => fileOf({ a: f32(4, 8) }, body(8)), /the tensor before it ends at/],
    ["bytes after the last tensor", () => fileOf({ a: f32(0, 4) }, body(5)), /the tensors end at byte/],
    ["a truncated body", () => fileOf({ a: f32(0, 4), b: f32(4, 8) }, body(7)), /inside a file of/],
    [
      "a name twice",
      () => fileOf(`{"a":${JSON.stringify(f32(0, 4))},"a":${JSON.stringify(f32(0, 4))}}`, body(4)),
      /names a tensor twice/,
    ],
    ["metadata that is no object", () => fileOf({ __metadata__: 5 }), /__metadata__ is 5/],
    ["metadata that holds numbers", () => fileOf({ __metadata__: { a: 1 } }), /must be an object of strings/],
  ];

  test.each(cases)("%s", async (_, make, message) => {
    const path = await make();
    for (const attempt of [() => readSafetensorsHeader(path), () => readSafetensors(path)]) {
      await expect(attempt()).rejects.toThrow(CodecError);
      await expect(attempt()).rejects.toThrow(message);
    }
  });

  test("the message names the file", async () => {
    const path = await fileOf([]);
    await expect(readSafetensors(path)).rejects.toThrow(
      `safetensors: cannot read "${path}": the header is no object, it must be one`,
    );
  });
});

test("whatever the bytes, reading works or throws a CodecError", async () => {
  const whole = fresh();
  await writeSafetensors(whole, [named("a", "float32", [3]), named("b", "int8", [2, 2])], { k: "v" });
  const bytes = await readFile(whole);
  // The unpadded form, so that most changes hit something.
  const text = bytes.subarray(8, 4096).toString().trimEnd();
  const dense = await readFile(await fileOf(text, bytes.subarray(4096)));
  const path = join(folder, "fuzzed");
  const attempt = async (content: Uint8Array): Promise<void> => {
    await writeFile(path, content);
    await readSafetensors(path).catch((error: unknown) => expect(error).toBeInstanceOf(CodecError));
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(dense.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(dense.length)),
      async (changes, cut) => {
        const content = Uint8Array.from(dense);
        for (const [at, byte] of changes) content[at] = byte;
        await attempt(cut === null ? content : content.subarray(0, cut));
      },
    ),
    { numRuns: 400, seed: 1 },
  );
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), attempt), { numRuns: 100, seed: 2 });
  await fc.assert(
    fc.asyncProperty(fc.json(), async (json) => attempt(await readFile(await fileOf(json)))),
    { numRuns: 100, seed: 3 },
  );
});
