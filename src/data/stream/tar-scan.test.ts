import { describe, expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import type { FaultError } from "./fault-error.ts";
import type { ShardFile } from "./shard-file.ts";
import { indexTar, splitName } from "./tar-index.ts";
import { keyColumn, tarLayout } from "./tar-layout.ts";
import { scanTar, type TarMember } from "./tar-scan.ts";
import { encodeTar, type TarEntry } from "./tar-writer.ts";

/** An archive in memory, read through windows of any size. */
function memory(bytes: Uint8Array<ArrayBuffer>, windowBytes = 2 ** 18): ShardFile {
  return {
    sizeBytes: bytes.length,
    heldBytes: bytes.length,
    windowBytes,
    read: (start, end) => Promise.resolve(bytes.slice(start, end)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function scan(bytes: Uint8Array<ArrayBuffer>, windowBytes?: number) {
  const members: TarMember[] = [];
  const faults: string[] = [];
  await scanTar(
    memory(bytes, windowBytes),
    (member) => members.push(member),
    ({ error }: { error: FaultError }) => faults.push(error.faultCode),
  );
  return { members, faults };
}

const entries = (sizes: readonly number[]): TarEntry[] =>
  sizes.map((size, i) => ({ name: `folder/${i}.bin`, content: new Uint8Array(size).fill(i + 1) }));

test.each([512, 700, 4096, 2 ** 18])("members are found through windows of %i bytes", async (windowBytes) => {
  const list = entries([0, 1, 511, 512, 513, 100_000, 3, 70_000, 70_000, 5]);
  const bytes = encodeTar(list);
  const { members, faults } = await scan(bytes, windowBytes);
  expect(faults).toEqual([]);
  expect(members.map(({ name }) => name)).toEqual(list.map(({ name }) => name));
  for (const [i, { offset, sizeBytes }] of members.entries())
    expect(bytes.slice(offset, offset + sizeBytes)).toEqual(list[i]?.content);
});

test("names of any length and script come back", async () => {
  const names = ["a", "x".repeat(100), "y".repeat(101), `${"z".repeat(5000)}.txt`, "日本/é.txt", `${"q".repeat(98)}é`];
  const { members } = await scan(encodeTar(names.map((name) => ({ name, content: new Uint8Array(1) }))));
  expect(members.map(({ name }) => name)).toEqual(names);
});

/** Changes header fields of the first member and makes its checksum right again. */
function changed(change: (header: Uint8Array) => void): Uint8Array<ArrayBuffer> {
  const bytes = encodeTar(entries([10, 20]));
  const header = bytes.subarray(0, 512);
  change(header);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return bytes;
}

const put = (header: Uint8Array, at: number, text: string): void => header.set(new TextEncoder().encode(text), at);

describe("a header that lies", () => {
  test.each<[what: string, code: string, change: (header: Uint8Array) => void]>([
    ["a size past the end", "truncated", (header) => put(header, 124, "00077777777\0")],
    ["a size that is no number", "syntax", (header) => put(header, 124, "zz")],
    ["a negative size", "range", (header) => header.fill(0xff, 124, 136)],
    [
      "a size of 2^60",
      "range",
      (header) => {
        header.fill(0, 124, 136);
        header[124] = 0x80;
        header[128] = 0x10;
      },
    ],
    ["a name of a gigabyte", "truncated", (header) => put(header, 124, "10000000000\0")],
    ["a link", "unsafe-path", (header) => put(header, 156, "2")],
    ["a sparse file", "unsafe-path", (header) => put(header, 156, "S")],
    ["a fifo", "unsafe-path", (header) => put(header, 156, "6")],
    ["a Windows drive", "unsafe-path", (header) => put(header, 0, "C:x.txt\0")],
    ["a backslash way out", "unsafe-path", (header) => put(header, 0, "a\\..\\x.txt\0")],
  ])("%s", async (_, code, change) => {
    const { members, faults } = await scan(changed(change));
    expect(faults[0]).toBe(code);
    expect(members.every(({ name }) => name === "folder/1.bin")).toBe(true);
  });

  test("a changed byte without its checksum", async () => {
    const bytes = encodeTar(entries([10, 20]));
    bytes[3] = 0x41;
    expect(await scan(bytes)).toEqual({ members: [], faults: ["checksum"] });
  });

  test("a pax record that is none", async () => {
    const bytes = encodeTar([{ name: "é.txt", content: new Uint8Array(3) }]);
    put(bytes, 512, "99999 path=x\n");
    expect(await scan(bytes)).toEqual({ members: [], faults: ["syntax"] });
  });
});

test("keys and fields split at the first dot after the last slash", () => {
  expect(splitName("a/b.c.d")).toEqual({ key: "a/b", field: "c.d" });
  expect(splitName("a.b/c.JPG")).toEqual({ key: "a.b/c", field: "jpg" });
  for (const name of ["a", "a.b/c", ".hidden", "a/.hidden", ""]) expect(splitName(name)).toBeNull();
});

test("no mutation of an archive makes the reader crash, hang or read outside of it", async () => {
  const list = [
    { name: "0.txt", content: new Uint8Array(300).fill(65) },
    { name: "0.json", content: new TextEncoder().encode('{"a": [1, 2]}') },
    { name: `${"ü".repeat(80)}.cls`, content: new TextEncoder().encode("12") },
    { name: "2.txt", content: new Uint8Array(0) },
  ];
  const original = encodeTar(list);
  const stream = new RandomStream(1, "fuzz");
  let [faulty, whole] = [0, 0];
  for (let round = 0, n = 0; round < 1500; round++) {
    let bytes = original.slice();
    const changes = stream.integer(n++, 4);
    for (let i = 0; i < changes; i++) {
      // Half of them in headers, whose checksum is made right now and then.
      const at = stream.integer(n++, bytes.length);
      bytes[at] = stream.integer(n++, 256);
      const header = bytes.subarray(at - (at % 512), at - (at % 512) + 512);
      if (stream.integer(n++, 2) === 0 && header.length === 512 && header[257] === 0x75) {
        header.fill(0x20, 148, 156);
        put(
          header,
          148,
          `${header
            .reduce((sum, byte) => sum + byte, 0)
            .toString(8)
            .padStart(6, "0")}\0 `,
        );
      }
    }
    if (stream.integer(n++, 3) === 0) bytes = bytes.slice(0, stream.integer(n++, bytes.length));
    const faults: FaultError[] = [];
    const file = memory(bytes, 1024);
    const index = await indexTar(file, ({ error }) => faults.push(error));
    const schema = [keyColumn, ...index.fields].map((name) => ({ name, type: "bytes", nullable: true }) as const);
    const layout = tarLayout(index, schema);
    for (let row = 0; row < layout.numRows; row++) {
      const [begin, end] = [layout.begin(row), layout.end(row)];
      expect(begin).toBeGreaterThanOrEqual(512);
      expect(end).toBeGreaterThanOrEqual(begin);
      expect(end).toBeLessThanOrEqual(bytes.length);
      try {
        layout.decode(row, bytes.subarray(begin, end), [...schema.keys()]);
        whole++;
      } catch (error) {
        expect((error as FaultError).faultCode).toBeDefined();
        faulty++;
      }
    }
    faulty += faults.length;
  }
  expect(Math.min(faulty, whole)).toBeGreaterThan(100);
});
