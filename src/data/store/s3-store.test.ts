import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsV4Signer } from "aws4fetch";
import { afterAll, beforeAll, test } from "vitest";
import { accessOf, elementText, objectUrl } from "./_s3-api.ts";
import { s3Store } from "./s3-store.ts";
import type { Store } from "./store.ts";

/** What is used of the package, which has no types. */
interface Server {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
const { default: S3rver } = (await import("s3rver" as string)) as { default: new (options: object) => Server };

let folder: string;
let server: Server;
let store: Store;
let endpoint: string;
const keys = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER", retries: 1, retryDelayMs: 1 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "s3-store-"));
  const configureBuckets = [{ name: "corpus", configs: [] }];
  server = new S3rver({ address: "127.0.0.1", port: 0, silent: true, directory: folder, configureBuckets });
  const { port } = await server.run();
  endpoint = `http://127.0.0.1:${port}`;
  store = s3Store({ ...keys, endpoint });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const put = async (key: string, content: string | Uint8Array | AsyncIterable<Uint8Array>, to = store): Promise<void> =>
  to.write?.(`s3://corpus/${key}`, typeof content === "string" ? Buffer.from(content) : content);

test("s3Store writes and reads objects under names that need escaping", async () => {
  for (const key of ["plain", "with space/ü (1)+&'=.txt"]) {
    await put(key, `content of ${key}`);
    const location = `s3://corpus/${key}`;
    const size = Buffer.byteLength(`content of ${key}`);
    const head = await store.head(location);
    assert.equal(head.sizeBytes, size);
    assert.match(head.version, /^"[\da-f]{32}"$/);
    assert.equal(Buffer.from(await store.read(location)).toString(), `content of ${key}`);
    assert.equal(Buffer.from(await store.read(location, { start: 8, end: 10 })).toString(), "of");
    assert.equal(Buffer.concat(await Array.fromAsync(store.stream(location, { start: 3 }))).length, size - 3);
  }
});

test("s3Store lists prefixes and globs, page by page", async () => {
  for (let i = 0; i < 12; i++) await put(`many/a/${String(i).padStart(2, "0")}.txt`, "x");
  for (const key of ["many/b.txt", "many/.hidden/x.txt", "many-more.txt"]) await put(key, "y");
  const keysOf = async (location: string): Promise<string[]> =>
    (await store.list(location)).map((entry) => entry.location.replace("s3://corpus/", ""));
  const below = [...Array.from({ length: 12 }, (_, i) => `many/a/${String(i).padStart(2, "0")}.txt`), "many/b.txt"];
  assert.deepEqual(await keysOf("s3://corpus/many"), below);
  assert.deepEqual(await keysOf("s3://corpus/many/"), below);
  assert.deepEqual(await keysOf("s3://corpus/many/a/0{1..2}.txt"), ["many/a/01.txt", "many/a/02.txt"]);
  assert.deepEqual(await keysOf("s3://corpus/many/*.txt"), ["many/b.txt"]);
  assert.deepEqual(await keysOf("s3://corpus/many/b.txt"), ["many/b.txt"]);
});

test("s3Store uploads a long stream in parts", async () => {
  const small = s3Store({ ...keys, endpoint, partBytes: 5 * 2 ** 20 });
  const piece = Buffer.from(Array.from({ length: 700_001 }, (_, i) => (i * 31) % 256));
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 17; i++) yield piece;
  }
  await put("long.bin", stream(), small);
  const read = await s3Store({ ...keys, endpoint, rangeBytes: 1_000_000 }).read("s3://corpus/long.bin");
  assert.ok(Buffer.from(read).equals(Buffer.concat(Array.from({ length: 17 }, () => piece))));
});

test("s3Store gives up an upload whose source breaks", async () => {
  const small = s3Store({ ...keys, endpoint, partBytes: 5 * 2 ** 20 });
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(11 * 2 ** 20);
    throw new Error("the source broke");
  }
  await assert.rejects(put("broken.bin", broken(), small), /the source broke/);
  await assert.rejects(store.head("s3://corpus/broken.bin"), { code: "data", message: /there is no such object/ });
});

test("s3Store says what the server refuses", async () => {
  await assert.rejects(store.list("s3://nowhere/x"), { code: "data" });
  await assert.rejects(store.read("s3://corpus/none"), { code: "data", message: /there is no such object/ });
  const stranger = s3Store({ ...keys, accessKeyId: "NOBODY", endpoint });
  await assert.rejects(stranger.list("s3://corpus/"), { code: "data", message: /InvalidAccessKeyId/ });
  await assert.rejects(store.list("s3://"), { code: "data", message: /names no bucket/ });
});

test("objectUrl escapes a key as its signature does", () => {
  const url = objectUrl({}, "corpus", "a b/ü+(1)!'*&=?#~.txt");
  const signer = new AwsV4Signer({ url: url.href, accessKeyId: "x", secretAccessKey: "y", service: "s3" });
  assert.equal(signer.encodedPath, url.pathname);
});

test("accessOf and objectUrl follow the conventions of AWS", () => {
  const access = accessOf({
    AWS_DEFAULT_REGION: "eu-central-1",
    AWS_ENDPOINT_URL: "http://a",
    AWS_ENDPOINT_URL_S3: "http://b/",
  });
  assert.equal(access.region, "eu-central-1");
  assert.equal(objectUrl(access, "c", "k/l").href, "http://b/c/k/l");
  assert.equal(objectUrl({ region: "eu-west-1" }, "c", "a b").href, "https://c.s3.eu-west-1.amazonaws.com/a%20b");
  assert.equal(objectUrl({}, "c.d", "k").href, "https://s3.us-east-1.amazonaws.com/c.d/k");
  assert.equal(elementText("<Key>a&amp;b&#x41;&#66;</Key>", "Key"), "a&bAB");
});
