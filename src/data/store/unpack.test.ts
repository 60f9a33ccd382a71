import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { packingOf, unpack } from "./unpack.ts";

const text = Buffer.from(Array.from({ length: 900 }, (_, i) => `line ${i * i}\n`).join(""));
const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += length) yield new Uint8Array(bytes.subarray(at, at + length));
}

const unpacked = async (bytes: Uint8Array, length = 1000, options = {}): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(unpack(pieces(bytes, length), "x", options)));

test.each([
  ["plain", text, 1],
  ["short", Buffer.from([0x1f, 0x8b]), 0],
  ["gz", gzipSync(text), 1],
  ["two members", Buffer.concat([gzipSync(text), gzipSync(text)]), 2],
  ["zst", zstdCompressSync(text), 1],
  ["two frames", Buffer.concat([zstdCompressSync(text), zstdCompressSync(text)]), 2],
  ["frames to skip", Buffer.concat([skipped, zstdCompressSync(text), skipped, zstdCompressSync(text), skipped]), 2],
  ["an empty frame", Buffer.concat([zstdCompressSync(Buffer.alloc(0)), zstdCompressSync(text)]), 1],
])("unpack reads %s, however it is cut", async (_, packed, times) => {
  const expected = times === 0 ? packed : Buffer.concat(Array.from({ length: times }, () => text));
  for (const length of [1, 7, 1000, 1 << 20])
    assert.ok((await unpacked(packed, length)).equals(expected), `pieces of ${length}`);
});

test("packingOf goes by the first bytes", () => {
  assert.equal(packingOf(gzipSync("x")), "gz");
  assert.equal(packingOf(zstdCompressSync("x")), "zst");
  assert.equal(packingOf(skipped), "zst");
  assert.equal(packingOf(Buffer.from("{}")), "none");
  assert.equal(packingOf(new Uint8Array()), "none");
});

test.each([gzipSync, zstdCompressSync])("unpack notices every cut and much damage: %o", async (pack) => {
  const packed = pack(text);
  for (let end = 4; end < packed.length; end += 19)
    await assert.rejects(unpacked(packed.subarray(0, end)), { code: "data", message: /truncated/ });
  await assert.rejects(unpacked(Buffer.concat([packed, Buffer.from("junk")])), { code: "data" });
  const random = new RandomStream(1, "damage");
  for (let i = 0; i < 200; i++) {
    const damaged = Buffer.from(packed);
    damaged[4 + random.integer(2 * i, damaged.length - 4)] = random.integer(2 * i + 1, 256);
    await unpacked(damaged).catch((error: unknown) => assert.equal((error as { code: string }).code, "data"));
  }
});

test.each([gzipSync, zstdCompressSync])("unpack stops at a bomb: %o", async (pack) => {
  const bomb = pack(Buffer.alloc(2 ** 25));
  await assert.rejects(unpacked(bomb, 1000, { maxBytes: 2 ** 20 }), { code: "data", message: /bomb: .*1048576 bytes/ });
  await assert.rejects(unpacked(bomb, 1000, { maxRatio: 500 }), { code: "data", message: /bomb: .*500 times/ });
});

test("unpack lets go of its input when the reader leaves", async () => {
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      for (;;) yield new Uint8Array(gzipSync(text));
    } finally {
      isClosed = true;
    }
  }
  for await (const _ of unpack(endless(), "x")) break;
  assert.ok(isClosed);
});
