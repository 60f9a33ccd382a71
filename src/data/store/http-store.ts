/** Web servers: whatever answers a GET, with or without ranges. */

import { DataError, explain } from "../../base/errors.ts";
import { headOf, type ObjectHead, readRange, streamRange } from "./_ranges.ts";
import { type RequestOptions, requestPlan, type Send } from "./_retry.ts";
import type { Store, StoreEntry } from "./store.ts";

/** Options of {@link httpStore}. */
export interface HttpStoreOptions extends RequestOptions {
  /** Sent with each request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The store of a web server. It cannot list folders; `{a,b}` and `{000..127}` in a location stand for several objects.
 *
 * Requests that fail are tried again with growing pauses, and a stream goes on at the byte where its connection broke. An object
 * whose ETag changes in between is an error, not a mixture.
 *
 * @param options - See {@link HttpStoreOptions}.
 *
 * @example The locations of shards
 * ```ts skip: needs a server
 * import { httpStore } from "cameo/data/store";
 *
 * const shards = await httpStore({ retries: 8 }).list("https://example.org/train-{000..127}.tar");
 * ```
 */
export function httpStore(options: HttpStoreOptions = {}): Store {
  const plan = requestPlan(options);
  const send: Send = (location, init) => {
    const headers = new Headers(options.headers);
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    return fetch(checkedUrl(location), { ...init, headers });
  };
  const head = (location: string, signal?: AbortSignal) => headOf(send, location, plan, signal);
  return {
    kind: "http",
    head: async (location, signal) => entryOf(location, await head(location, signal)),
    list: async (location, signal) => {
      const entries: StoreEntry[] = [];
      for (const each of expandBraces(location)) entries.push(entryOf(each, await head(each, signal)));
      return entries;
    },
    read: async (location, { start = 0, end, signal } = {}) => {
      const isShort = end !== undefined && end - start <= plan.rangeBytes;
      const known = isShort ? { version: "", hasRanges: true } : await head(location, signal);
      return readRange(send, location, { start, end: end ?? sizeOf(location, known), signal }, plan, known);
    },
    stream: (location, range = {}) => streamRange(send, location, range, plan),
  };
}

function sizeOf(location: string, head: Partial<ObjectHead>): number {
  if (head.sizeBytes !== undefined) return head.sizeBytes;
  throw new DataError(
    explain({
      api: "data",
      action: `read "${location}"`,
      received: "the server does not say how long it is",
      rule: "a whole object or its end needs a length",
    }),
    { source: location },
  );
}

/** An object whose length is not told counts as 0 bytes; it can still be streamed. */
function entryOf(location: string, { sizeBytes = 0, version }: ObjectHead): StoreEntry {
  return { location, sizeBytes, version: version || String(sizeBytes) };
}

function checkedUrl(location: string): URL {
  const url = URL.parse(location);
  const received = url === null ? "it is no URL" : url.username !== "" ? "it holds a user name" : undefined;
  if (url !== null && received === undefined) return url;
  const shown = location.replace(/\/\/[^/]*@/, "//…@"); // errors end up in logs
  throw new DataError(
    explain({
      api: "data",
      action: `read "${shown}"`,
      received: received ?? "",
      rule: "must be a URL without credentials",
      hint: "credentials go into the option headers",
    }),
    { source: shown },
  );
}

const mostLocations = 1_000_000;

/** `a{1..3}` and `a{x,y}` as the locations they stand for; the numbers of a range are as wide as its first. */
export function expandBraces(location: string): string[] {
  const found = /\{([^{}]*(?:,|\.\.)[^{}]*)\}/.exec(location);
  if (found === null) return [location];
  const inner = found[1] as string;
  const range = /^(\d+)\.\.(\d+)$/.exec(inner);
  const [first, last] = [Number(range?.[1]), Number(range?.[2])];
  if (last - first >= mostLocations)
    throw new RangeError(
      explain({
        api: "data",
        action: `expand "${location}"`,
        received: `got ${last - first + 1} locations`,
        rule: `at most ${mostLocations}`,
      }),
    );
  const words =
    range === null
      ? inner.split(",")
      : Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
          String(first + i).padStart((range[1] as string).length, "0"),
        );
  const rest = expandBraces(location.slice(found.index + found[0].length));
  return words.flatMap((word) => rest.map((end) => location.slice(0, found.index) + word + end));
}
