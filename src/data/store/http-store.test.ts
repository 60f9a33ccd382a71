import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, test } from "vitest";
import { expandBraces, httpStore } from "./http-store.ts";

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
const hurry = { retryDelayMs: 1, timeoutMs: 2000 };

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Starts a server that answers so; resolves to the URL of an object. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.bin`;
}

/** The range that a request asks for. */
function rangeOf(request: IncomingMessage): [start: number, end: number] | undefined {
  const found = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (found === null) return undefined;
  return [Number(found[1]), found[2] === "" ? content.length : Math.min(content.length, Number(found[2]) + 1)];
}

/** Answers as a good server does, the body given by `send`. */
function good(
  request: IncomingMessage,
  response: ServerResponse,
  send = (bytes: Buffer): unknown => response.end(bytes),
  etag = '"v1"',
): void {
  const range = rangeOf(request);
  const [start, end] = range ?? [0, content.length];
  response.writeHead(range === undefined ? 200 : 206, {
    etag,
    "content-length": end - start,
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${content.length}` }),
  });
  send(content.subarray(start, end));
}

const whole = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(pieces));

test("httpStore reads ranges, in parallel where they are long, no more at once than allowed", async () => {
  let under = 0;
  let most = 0;
  const url = await serve((request, response) => {
    most = Math.max(most, ++under);
    setTimeout(() => {
      good(request, response);
      under--;
    }, 5);
  });
  const store = httpStore({ ...hurry, rangeBytes: 20_000, parallelRanges: 3 });
  assert.deepEqual(await store.head(url), { location: url, sizeBytes: content.length, version: '"v1"' });
  assert.deepEqual(Buffer.from(await store.read(url)), content);
  assert.equal(most, 3);
  assert.deepEqual(Buffer.from(await store.read(url, { start: 5, end: 50 })), content.subarray(5, 50));
  assert.deepEqual(await whole(store.stream(url, { start: 7 })), content.subarray(7));
});

test("httpStore goes on at the byte where the connection dropped", async () => {
  const asked: string[] = [];
  const url = await serve((request, response) => {
    asked.push(request.headers.range ?? "");
    good(request, response, (bytes) => {
      response.write(bytes.subarray(0, Math.min(bytes.length, 110_000)), () => {
        if (bytes.length > 110_000) response.destroy();
        else response.end();
      });
    });
  });
  assert.deepEqual(await whole(httpStore(hurry).stream(url)), content);
  assert.ok(asked.length >= 3, asked.join());
  assert.ok(
    asked.slice(1).every((range) => /^bytes=[1-9]/.test(range)),
    asked.join(),
  );
});

test("httpStore waits out a server that is overloaded, and gives up on one that stays so", async () => {
  let calls = 0;
  const url = await serve((request, response) => {
    if (++calls < 4) response.writeHead(503).end();
    else good(request, response);
  });
  assert.deepEqual(await whole(httpStore(hurry).stream(url)), content);
  assert.equal(calls, 4);
  calls = -1000;
  await assert.rejects(whole(httpStore({ ...hurry, retries: 2 }).stream(url)), {
    fault: { code: "remote", source: url, detail: "the server answered 503 Service Unavailable" },
    message: /within 3 tries/,
  });
  assert.equal(calls, -997);
});

test("httpStore ends a silence and tries again", async () => {
  let calls = 0;
  const url = await serve((request, response) => {
    good(request, response, (bytes) => (++calls > 1 ? response.end(bytes) : response.write(bytes.subarray(0, 10))));
  });
  assert.deepEqual(await whole(httpStore({ ...hurry, timeoutMs: 50 }).stream(url)), content);
});

test("httpStore reads from a server that ignores ranges", async () => {
  let calls = 0;
  const url = await serve((_, response) => {
    response.writeHead(200, { "content-length": content.length });
    if (++calls === 2) response.write(content.subarray(0, 100_000), () => response.destroy());
    else response.end(content);
  });
  const store = httpStore({ ...hurry, rangeBytes: 1000 });
  assert.deepEqual(Buffer.from(await store.read(url)), content); // drops once, and comes back
  assert.deepEqual(
    await whole(store.stream(url, { start: 299_000, end: 299_500 })),
    content.subarray(299_000, 299_500),
  );
});

test("httpStore notices an object that changes between two requests", async () => {
  let calls = 0;
  const url = await serve((request, response) => {
    const etag = `"v${++calls}"`;
    good(request, response, (bytes) => response.write(bytes.subarray(0, 1000), () => response.destroy()), etag);
  });
  await assert.rejects(whole(httpStore(hurry).stream(url)), {
    code: "data",
    message: /byte 1000: checksum: it changed/,
  });
});

test("httpStore does not believe a length that is too long", async () => {
  const url = await serve((request, response) => {
    const range = rangeOf(request);
    if (range !== undefined && range[0] >= 1000) {
      response.writeHead(416, { "content-range": "bytes */1000" }).end();
      return;
    }
    response.writeHead(200, { "content-length": 5000 });
    response.write(content.subarray(0, 1000), () => response.destroy());
  });
  await assert.rejects(whole(httpStore(hurry).stream(url)), {
    fault: { code: "truncated", source: url, byte: 1000, detail: "ends before byte 5000" },
  });
});

test("httpStore streams what has no length, and says what it cannot do with it", async () => {
  const url = await serve((_, response) => {
    response.write(content.subarray(0, 150_000));
    response.end(content.subarray(150_000));
  });
  assert.deepEqual(await whole(httpStore(hurry).stream(url)), content);
  await assert.rejects(httpStore(hurry).read(url), { code: "data", message: /does not say how long/ });
});

test("httpStore tells final answers at once, and ends with the caller's signal", async () => {
  let calls = 0;
  const url = await serve((_, response) => {
    calls++;
    response.writeHead(404).end();
  });
  await assert.rejects(httpStore(hurry).head(url), { code: "data", message: /there is no such object/ });
  assert.equal(calls, 1);
  await assert.rejects(httpStore().head("http://u:p@127.0.0.1/x"), { code: "data", message: /headers/ });
  const control = new AbortController();
  control.abort(new Error("enough"));
  await assert.rejects(httpStore(hurry).head(url, control.signal), /enough/);
});

test("httpStore knows an empty object", async () => {
  const url = await serve((request, response) => {
    if (request.headers.range === undefined) response.writeHead(200, { "content-length": 0 }).end();
    else response.writeHead(416, { "content-range": "bytes */0" }).end();
  });
  const store = httpStore(hurry);
  assert.equal((await store.head(url)).sizeBytes, 0);
  assert.equal((await store.read(url)).length, 0);
  assert.equal((await whole(store.stream(url))).length, 0);
});

test("expandBraces writes out words and numbers", () => {
  server = createServer();
  assert.deepEqual(
    expandBraces("a-{08..11}.{x,y}"),
    ["08", "09", "10", "11"].flatMap((n) => [`a-${n}.x`, `a-${n}.y`]),
  );
  assert.deepEqual(expandBraces("a{b}c"), ["a{b}c"]);
  assert.throws(() => expandBraces("{0..99999999}"), RangeError);
});
