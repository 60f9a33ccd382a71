/** Stores that speak S3: AWS, MinIO, R2, Ceph and their like. */

import { matchesGlob } from "node:path/posix";
import { DataError, explain } from "../../base/errors.ts";
import { globMagic } from "../glob.ts";
import { headOf, readRange, streamRange } from "./_ranges.ts";
import {
  type RequestOptions,
  type RequestPlan,
  refused,
  request,
  requestPlan,
  type Send,
  statusText,
} from "./_retry.ts";
import { accessOf, elementText, parseListPage, type S3Access, s3Parts, signedSend } from "./_s3-api.ts";
import { sortEntries } from "./_walk.ts";
import type { Store, StoreEntry } from "./store.ts";

/** Options of {@link s3Store}. */
export interface S3StoreOptions extends RequestOptions {
  /** Address of a server other than AWS. @defaultValue `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` */
  readonly endpoint?: string;
  /** Region that requests are signed for. @defaultValue `AWS_REGION`, `AWS_DEFAULT_REGION` or "us-east-1" */
  readonly region?: string;
  /** Who asks. @defaultValue `AWS_ACCESS_KEY_ID`; without one, requests are not signed, which is enough for public buckets */
  readonly accessKeyId?: string;
  /** The key's secret. @defaultValue `AWS_SECRET_ACCESS_KEY` */
  readonly secretAccessKey?: string;
  /** Of credentials that expire. @defaultValue `AWS_SESSION_TOKEN` */
  readonly sessionToken?: string;
  /** Bytes of the first parts of an upload, at least 5 MiB on AWS; later parts grow. @defaultValue 8,388,608 */
  readonly partBytes?: number;
}

/**
 * The store of an S3-compatible server: objects `s3://bucket/key`, prefixes, globs over keys.
 *
 * Reading behaves as in {@link httpStore}. Writing puts small content at once and uploads the rest in parts; either way an object
 * appears when all of it is there. Listings leave out keys with a hidden name (`.x`) below the location.
 *
 * @param options - See {@link S3StoreOptions}.
 *
 * @example Objects below a prefix
 * ```ts skip: needs a server
 * import { s3Store } from "cameo/data/store";
 *
 * const entries = await s3Store({ endpoint: "http://127.0.0.1:9000" }).list("s3://corpus/train/*.parquet");
 * ```
 */
export function s3Store(options: S3StoreOptions = {}): Store {
  const plan = requestPlan(options);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const access: S3Access = { ...accessOf(process.env), ...given };
  const send = signedSend(access);
  const head = (location: string, signal?: AbortSignal) => headOf(send, location, plan, signal);
  return {
    kind: "s3",
    head: async (location, signal) => {
      const { sizeBytes = 0, version } = await head(location, signal);
      return { location, sizeBytes, version };
    },
    list: (location, signal) => list(send, location, plan, signal),
    read: async (location, { start = 0, end, signal } = {}) => {
      const known = end === undefined ? await head(location, signal) : { version: "", hasRanges: true, sizeBytes: end };
      return readRange(send, location, { start, end: end ?? known.sizeBytes ?? 0, signal }, plan, known);
    },
    stream: (location, range = {}) => streamRange(send, location, range, plan),
    write: (location, content, signal) => upload(send, location, content, plan, options.partBytes ?? 2 ** 23, signal),
  };
}

async function list(send: Send, location: string, plan: RequestPlan, signal?: AbortSignal): Promise<StoreEntry[]> {
  const { bucket, key } = s3Parts(location);
  const isPattern = globMagic.test(key);
  const prefix = isPattern ? key.slice(0, key.search(globMagic)) : key;
  const isMeant = (found: string): boolean => {
    if (found.endsWith("/")) return false; // a marker that makes a folder visible in consoles
    if (isPattern) return matchesGlob(found, key);
    const below = key === "" || key.endsWith("/") ? found.startsWith(key) : found.startsWith(`${key}/`);
    return found === key || (below && !/(^|\/)(\.|node_modules\/)/.test(found.slice(key.length)));
  };
  const entries: StoreEntry[] = [];
  for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
    const query = new URLSearchParams({ "list-type": "2", prefix });
    if (token !== undefined) query.set("continuation-token", token);
    const page = await request(
      send,
      `s3://${bucket}/`,
      { query: query.toString().replaceAll("+", "%20") }, // a plus is a space to forms, not to every server
      plan,
      async (response) => parseListPage(await bodyOf(response, location)),
      signal,
    );
    for (const { key: found, sizeBytes, version } of page.objects)
      if (isMeant(found)) entries.push({ location: `s3://${bucket}/${found}`, sizeBytes, version });
    token = page.next;
  }
  return sortEntries(entries);
}

/** The text of an answer, if it is one that grants what was asked. */
async function bodyOf(response: Response, location: string, action = "read"): Promise<string> {
  const text = await response.text();
  // A long request may be answered 200 before it fails.
  if (response.ok && !/^<\?xml[^>]*>\s*<Error>|^<Error>/.test(text)) return text;
  if (response.status === 404 && action === "read") throw refused(location, response);
  const code = elementText(text, "Code") ?? statusText(response);
  const message = elementText(text, "Message");
  throw new DataError(
    explain({
      api: "data",
      action: `${action} "${location}"`,
      received: message === undefined ? code : `${code}: ${message.replace(/\.$/, "")}`,
      rule: "the store must allow it",
    }),
    { source: location },
  );
}

interface Answer {
  readonly text: string;
  readonly etag: string;
}

/** Puts content that fits one part; else uploads parts, and gives them up if one fails. */
async function upload(
  send: Send,
  location: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  plan: RequestPlan,
  partBytes: number,
  signal?: AbortSignal,
): Promise<void> {
  const ask = (method: string, query = "", body?: string | Uint8Array<ArrayBuffer>): Promise<Answer> =>
    request(
      send,
      location,
      body === undefined ? { method, query } : { method, query, body },
      plan,
      async (response) => ({
        text: await bodyOf(response, location, "write"),
        etag: response.headers.get("etag") ?? "",
      }),
      signal,
    );
  const parts = partsOf(content instanceof Uint8Array ? once(content) : content, partBytes);
  const first = await parts.next();
  const second = await parts.next();
  if (second.done) {
    await ask("PUT", "", first.value ?? new Uint8Array());
    return;
  }
  const id = elementText((await ask("POST", "uploads=")).text, "UploadId") ?? "";
  const upload = `uploadId=${encodeURIComponent(id)}`;
  try {
    const etags: string[] = [];
    const put = async (part: Uint8Array<ArrayBuffer>): Promise<void> => {
      etags.push((await ask("PUT", `partNumber=${etags.length + 1}&${upload}`, part)).etag);
    };
    await put(first.value as Uint8Array<ArrayBuffer>);
    await put(second.value);
    for await (const part of parts) await put(part);
    const list = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join("");
    await ask("POST", upload, `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`);
  } catch (error) {
    await ask("DELETE", upload).catch(() => undefined); // the first failure is the one to tell
    throw error;
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Cuts a stream into parts. They grow, because there may be no more than 10,000 of them. */
async function* partsOf(
  content: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined, undefined> {
  let number = 0;
  let part = new Uint8Array(partBytes);
  let filled = 0;
  for await (const bytes of content) {
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(part.length - filled, bytes.length - at);
      part.set(bytes.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      if (filled < part.length) continue;
      yield part;
      part = new Uint8Array(partBytes * (1 + Math.floor(++number / 1000)));
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
  return undefined;
}
