import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, test } from "vitest";
import { openSource } from "./open.ts";

const lines = Buffer.from(
  Array.from({ length: 60_000 }, (_, i) => `{"n":${i},"t":"${"x".repeat(i % 50)}"}\n`).join(""),
);
const objects: Record<string, Buffer> = {
  "/a.parquet": await readFile(fileURLToPath(new URL("../../../fixtures/parquet/paged.parquet", import.meta.url))),
  "/a.jsonl": lines,
  "/a.jsonl.gz": gzipSync(lines),
};
const store = { retries: 3, retryDelayMs: 1, timeoutMs: 5000 };

let server: Server;
let base: string;
let sent = 0;
/** Bytes after which every connection drops. */
let dropAfter = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  server = createServer((request, response) => {
    const content = objects[request.url ?? ""];
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    if (content === undefined) return response.writeHead(404).end();
    if (dropAfter === 0) return response.destroy();
    const start = Number(range?.[1] ?? 0);
    const end = range === null || range[2] === "" ? content.length : Math.min(content.length, Number(range[2]) + 1);
    const bytes = content.subarray(start, end);
    response.writeHead(range === null ? 200 : 206, {
      etag: '"1"',
      "content-length": bytes.length,
      ...(range === null ? {} : { "content-range": `bytes ${start}-${end - 1}/${content.length}` }),
    });
    sent += bytes.length;
    if (bytes.length <= dropAfter) return response.end(bytes);
    return response.write(bytes.subarray(0, dropAfter), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function sumOf(name: string): Promise<number> {
  await using source = await openSource(base + name, { store });
  let sum = 0;
  for await (const { columns } of source.read({ columns: ["n"] }))
    for (const value of columns.n as Float64Array) sum += value;
  return sum;
}

test("openSource reads over HTTP, also while connections drop", async () => {
  const sum = (60_000 * 59_999) / 2;
  assert.equal(await sumOf("/a.jsonl"), sum);
  dropAfter = 300_000;
  assert.equal(await sumOf("/a.jsonl"), sum);
  assert.equal(await sumOf("/a.jsonl.gz"), sum);
  dropAfter = Number.POSITIVE_INFINITY;
});

test("a Parquet source fetches the columns and rows that are asked for, not the file", async () => {
  await using source = await openSource(`${base}/a.parquet`, { store });
  assert.equal(source.numRows, 300);
  sent = 0;
  const table = await source.take?.([200, 3], { columns: ["int32"] });
  assert.equal(table?.numRows, 2);
  assert.ok(sent < 5000, `${sent} bytes of ${objects["/a.parquet"]?.length}`);
});

test("a server that fails for good ends the reading with its fault", async () => {
  await using source = await openSource(`${base}/a.jsonl`, { store });
  const rows = source.read({ batchRows: 10 })[Symbol.asyncIterator]();
  await rows.next();
  dropAfter = 0;
  await assert.rejects(
    async () => {
      while (!(await rows.next()).done);
      for await (const table of source.read()) void table;
    },
    { code: "data", message: /remote: .* within 4 tries/ },
  );
  await assert.rejects(openSource(`${base}/a.jsonl`, { store }), { code: "data", message: /remote/ });
  dropAfter = Number.POSITIVE_INFINITY;
});
