/** Bad data, command by command: it is set aside and counted, or ends the command in one line; no row is lost without a count. */

import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FaultCode, FaultLog } from "../../src/data/fault.ts";
import { writeNpy } from "../../src/data/source/npy.ts";
import { streamDataset } from "../../src/data/stream/stream-dataset.ts";
import { cameo, jsonLines, type Outcome, temporaryFolder } from "../support/cli.ts";
import { tarArchive, tarMember } from "../support/tar.ts";

const folder = temporaryFolder();
const images = join(import.meta.dirname, "../../fixtures/images");

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const lines = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `{"x":${from + i},"text":"row number ${from + i}"}\n`).join("");

const numbers = (...values: number[]): Uint8Array =>
  writeNpy({ dtype: "float32", shape: [values.length], data: Float32Array.from(values) });

/** Rows of a shard that {@link shards} writes. */
const perShard = 4;

/** Three shards with 12 rows in all. */
async function shards(name: string): Promise<{ path: string; files: readonly string[] }> {
  const out = join(folder, name);
  const rows = file(
    `${name}.jsonl`,
    Array.from({ length: 12 }, (_, x) => `{"x":${x},"text":"${"long ".repeat(200)}"}\n`).join(""),
  );
  const { code, stderr } = await cameo(["data", "shard", rows, "--out", out, "--shard-bytes", "4500B"]);
  expect([code, stderr]).toEqual([0, ""]);
  const names = readdirSync(out).filter((each) => each.endsWith(".mds"));
  expect(names).toHaveLength(12 / perShard);
  return { path: out, files: names.map((each) => join(out, each)) };
}

interface BadInput {
  readonly name: string;
  /** Makes it; returns its path. */
  readonly make: () => string | Promise<string>;
  readonly code: FaultCode;
  /** Faults of the code. */
  readonly faults: number;
  /** Rows that are sound, and rows that were set aside. */
  readonly out: number;
  readonly lost: number;
  readonly flags?: readonly string[];
  /** Column that a stream reads; none where rows cannot be taken by number. */
  readonly stream?: string;
  /** Whether that column holds images. @defaultValue false */
  readonly image?: boolean;
}

const table: readonly BadInput[] = [
  {
    name: "a truncated shard",
    make: async () => {
      const { path, files } = await shards("cut");
      writeFileSync(files[1] as string, readFileSync(files[1] as string).subarray(0, 60));
      return path;
    },
    code: "truncated",
    faults: 1,
    out: 12 - perShard,
    lost: perShard,
    stream: "x",
  },
  {
    name: "a wrong checksum",
    make: async () => {
      const { path, files } = await shards("checksum");
      const bytes = readFileSync(files[0] as string);
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 1;
      writeFileSync(files[0] as string, bytes);
      return path;
    },
    code: "checksum",
    faults: 1,
    out: 12 - perShard,
    lost: perShard,
    stream: "x",
  },
  {
    name: "mixed shapes",
    make: () => {
      file("shapes/a.npy", writeNpy({ dtype: "float32", shape: [3, 2], data: new Float32Array(6) }));
      file("shapes/b.npy", writeNpy({ dtype: "float32", shape: [4, 3], data: new Float32Array(12) }));
      return join(folder, "shapes");
    },
    code: "shape",
    faults: 1,
    out: 3,
    lost: 0,
    stream: "a",
  },
  {
    name: "bad UTF-8",
    make: () => file("utf8.jsonl", Buffer.concat([Buffer.from(lines(5)), Buffer.of(0x22, 0xff, 0x22, 0x0a)])),
    code: "utf8",
    faults: 1,
    out: 5,
    lost: 1,
  },
  {
    name: "NaN and infinities in a column",
    make: () => file("finite.npy", numbers(1, Number.NaN, 3, Number.POSITIVE_INFINITY, 5)),
    code: "not-finite",
    faults: 2,
    out: 3,
    lost: 2,
    flags: ["--finite", "all"],
  },
  {
    name: "a file of zero bytes",
    make: () => {
      file("zero/a.jsonl", lines(5));
      file("zero/b.jsonl", "");
      return join(folder, "zero");
    },
    code: "empty",
    faults: 1,
    out: 5,
    lost: 0,
  },
  {
    name: "a decompression bomb",
    make: () => file("bomb.jsonl.gz", Buffer.concat([gzipSync(lines(5)), gzipSync(Buffer.alloc(18 * 2 ** 20, " "))])),
    code: "bomb",
    faults: 1,
    out: 5,
    lost: 1,
  },
  {
    name: "links in a circle",
    make: () => {
      file("loop/a.jsonl", lines(5));
      symlinkSync(join(folder, "loop"), join(folder, "loop/back"));
      symlinkSync("self", join(folder, "loop/self"));
      return join(folder, "loop");
    },
    code: "link-loop",
    faults: 2,
    out: 5,
    lost: 0,
  },
  {
    name: "a tar with ../ names",
    make: () =>
      file(
        "up.tar",
        tarArchive(
          tarMember("0.cls", "0"),
          tarMember("../../1.cls", "1"),
          tarMember("2.cls", "2"),
          tarMember("/3.cls", "3"),
        ),
      ),
    code: "unsafe-path",
    faults: 2,
    out: 2,
    lost: 2,
    stream: "cls",
  },
  {
    name: "an image that lies about its size",
    make: () => {
      const png = readFileSync(join(images, "rgb.png"));
      for (const name of ["a", "b"]) file(`lie/${name}.png`, png);
      const lie = Buffer.from(png);
      lie.writeUInt32BE(65_000, 16);
      lie.writeUInt32BE(65_000, 20);
      file("lie/c.png", lie);
      return join(folder, "lie");
    },
    code: "image-size",
    faults: 1,
    out: 2,
    lost: 1,
    stream: "image",
    image: true,
  },
];

/** A command with what its JSON says of rows and faults. */
interface Command {
  readonly words: (path: string, out: string) => readonly string[];
  readonly read: (facts: Record<string, unknown>) => { faults: unknown; out: unknown; lost: unknown };
}

type Facts = Record<string, never>;

const commands: Readonly<Record<string, Command>> = {
  inspect: {
    words: (path) => ["inspect", path],
    read: ({ faults, numRows }) => ({
      faults: (faults as Facts)["counts"],
      out: numRows,
      lost: (faults as Facts)["numRows"],
    }),
  },
  check: {
    words: (path) => ["check", path, "--preset", "table", "--workers", "1", "--no-profile"],
    read: ({ faults, input, output, rowsRemoved, rowsQuarantined }) => {
      const counts: Record<string, number> = {};
      for (const { code } of faults as readonly { code: string }[]) counts[code] = (counts[code] ?? 0) + 1;
      const [rowsIn, rowsOut] = [(input as Facts)["rows"], (output as Facts)["rows"]] as unknown as number[];
      expect(rowsIn).toBe((rowsOut as number) + (rowsRemoved as number) + (rowsQuarantined as number));
      return { faults: counts, out: (rowsOut as number) + (rowsRemoved as number), lost: rowsQuarantined };
    },
  },
  sample: {
    words: (path, out) => ["sample", path, "--split", "a=0.5,b=0.5", "--out", `${out}.parquet`],
    read: ({ faults, files, rowsQuarantined }) => ({
      faults,
      out: (files as { numRows: number }[]).reduce((sum, { numRows }) => sum + numRows, 0),
      lost: rowsQuarantined,
    }),
  },
  pack: {
    words: (path, out) => ["pack", path, "--out", out, "--workers", "0"],
    read: ({ faults, numRows, rowsQuarantined }) => ({ faults, out: numRows, lost: rowsQuarantined }),
  },
  shard: {
    words: (path, out) => ["shard", path, "--out", out, "--format", "webdataset"],
    read: ({ faults, rows, rowsQuarantined }) => ({ faults, out: rows, lost: rowsQuarantined }),
  },
};

function factsOf({ stdout }: Outcome): Record<string, unknown> {
  const wanted = ["inspection", "certificate", "sample", "pack", "shards"];
  return jsonLines(stdout).find(({ type }) => wanted.includes(type as string)) ?? {};
}

describe.each(table)("$name", (row) => {
  let path: string;
  beforeAll(async () => {
    path = await row.make();
  });
  const flags = row.flags ?? [];

  test.each(Object.entries(commands))("%s sets it aside and counts it", async (name, { words, read }) => {
    const outcome = await cameo([
      "data",
      ...words(path, join(folder, "out", `${row.code}-${name}`)),
      ...flags,
      "--json",
    ]);
    expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
    expect(read(factsOf(outcome))).toEqual({ faults: { [row.code]: row.faults }, out: row.out, lost: row.lost });
  });

  test.each(Object.entries(commands))("%s ends in one line with --faults fail", async (name, { words }) => {
    const out = join(folder, "failed", `${row.code}-${name}`);
    const outcome = await cameo(["data", ...words(path, out), ...flags, "--faults", "fail"]);
    expect(outcome.code).toBe(1);
    const message = outcome.stderr.slice(outcome.stderr.indexOf(`cameo data ${name}: cannot `));
    expect(message).toMatch(new RegExp(`: ${row.code}: .*, the fault policy is "fail"\\nhint: .*\\n$`));
    expect(message.trimEnd().split("\n")).toHaveLength(2);
    expect(outcome.stderr).not.toMatch(/ {4}at /);
  });

  test.runIf(row.stream !== undefined)("streamDataset puts another sample in its place", async () => {
    const faults = new FaultLog();
    const spec = {
      sources: [{ location: path }],
      order: { kind: "sequential" },
      inputs: { x: { kind: row.image === true ? "image" : "value", column: row.stream as string } },
    } as const;
    const rows = row.code === "unsafe-path" || row.lost === 0 ? row.out : row.out + row.lost;
    await using data = await streamDataset(spec, { workers: 0, faults });
    expect(data.epochSize).toBe(rows);
    for (let i = 0; i < 2; i++) await data.batch(0, rows);
    expect(faults.counts()).toMatchObject({ [row.code]: expect.any(Number) });
    expect(faults.numRows).toBe(row.lost);
    const strict = async (): Promise<void> => {
      await using failing = await streamDataset(spec, { workers: 0, faults: new FaultLog({ policy: "fail" }) });
      await failing.batch(0, rows);
    };
    await expect(strict()).rejects.toMatchObject({ code: "data", message: expect.stringContaining(row.code) });
  });
});

describe("a remote that drops in the middle of reading", () => {
  const content = Buffer.from(lines(40_000));
  let server: Server;
  let base: string;
  let dropped = 0;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
      const [start, end] = [Number(from), to === "" ? content.length : Number(to) + 1];
      const isGone = request.url === "/gone.jsonl" && start > 0;
      if (isGone) return void response.writeHead(410).end();
      const headers = { etag: '"1"', "content-range": `bytes ${start}-${end - 1}/${content.length}` };
      response.writeHead(206, { ...headers, "content-length": Math.min(end, content.length) - start });
      if (end - start < 2 ** 16) return void response.end(content.subarray(start, end));
      // Some bytes, and then the line goes dead: the next request asks for the rest.
      dropped++;
      response.write(content.subarray(start, start + 2 ** 19), () => setTimeout(() => response.destroy(), 2));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test("is asked for the rest, and every row arrives once", async () => {
    const outcome = await cameo(["data", "inspect", `${base}/rows.jsonl`, "--json"]);
    expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
    expect(commands["inspect"]?.read(factsOf(outcome))).toEqual({ faults: {}, out: 40_000, lost: 0 });
    expect(dropped).toBeGreaterThan(2);
  });

  test.each(Object.entries(commands))("%s ends in one line when the rest is gone", async (name, { words }) => {
    const outcome = await cameo(["data", ...words(`${base}/gone.jsonl`, join(folder, "remote", name)), "--json"]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toBe(
      `cameo data ${name}: cannot read "${base}/gone.jsonl": there is no such object, must exist\n`,
    );
  });

  test("streamDataset ends too, after the tries that it was given", async () => {
    const shard = await shards("remote-shards");
    const bytes = readFileSync(shard.files[0] as string);
    const half = createServer((request, response) => {
      const isIndex = request.url?.endsWith("index.json");
      const body = isIndex ? readFileSync(join(shard.path, "index.json")) : bytes;
      const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
      const end = to === "" ? body.length : Math.min(body.length, Number(to) + 1);
      const headers = { etag: '"1"', "content-range": `bytes ${from}-${end - 1}/${body.length}` };
      response.writeHead(206, { ...headers, "content-length": end - Number(from) });
      if (isIndex) return void response.end(body.subarray(Number(from), end));
      response.flushHeaders(); // and not one byte of the rest
      setTimeout(() => response.destroy(), 2);
    });
    await new Promise<void>((resolve) => half.listen(0, "127.0.0.1", resolve));
    try {
      const location = `http://127.0.0.1:${(half.address() as AddressInfo).port}/index.json`;
      const spec = { sources: [{ location }], inputs: { x: { kind: "value", column: "x" } } } as const;
      const open = streamDataset(spec, { workers: 0, store: { retries: 1, retryDelayMs: 1 } });
      await expect(open).rejects.toMatchObject({ code: "data", message: expect.stringContaining("within 2 tries") });
    } finally {
      half.closeAllConnections();
      half.close();
    }
  });
});
