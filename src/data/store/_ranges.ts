/** Ranges of remote objects: one after the other where a connection breaks, several at once where a range is long. */

import { Idle, type RequestPlan, refused, request, type Send, sendOnce, Tries } from "./_retry.ts";
import { ReadError } from "./read-error.ts";
import type { StoreReadOptions } from "./store.ts";

/** What the headers of an answer say of the object. */
export interface ObjectHead {
  /** Undefined where the server does not say. */
  readonly sizeBytes: number | undefined;
  /** ETag, or time of the last change; "" where the server names none. */
  readonly version: string;
  /** Whether the server sends ranges. */
  readonly hasRanges: boolean;
}

/** Reads the headers of a GET for a range. */
function objectHead(response: Response): ObjectHead {
  const { headers, status } = response;
  const version = headers.get("etag") ?? headers.get("last-modified") ?? "";
  const total = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  if (status === 206 || status === 416)
    return { sizeBytes: total === undefined ? undefined : Number(total), version, hasRanges: true };
  // The length is of the encoded bytes, and `fetch` hands out the decoded ones.
  const isEncoded = (headers.get("content-encoding") ?? "identity") !== "identity";
  const length = headers.get("content-length");
  return { sizeBytes: length === null || isEncoded ? undefined : Number(length), version, hasRanges: false };
}

/** Asks for the first byte: more servers answer that in truth than a HEAD. */
export function headOf(send: Send, location: string, plan: RequestPlan, signal?: AbortSignal): Promise<ObjectHead> {
  const init = { headers: { range: "bytes=0-0", "accept-encoding": "identity" } };
  const read = async (response: Response): Promise<ObjectHead> => {
    await response.body?.cancel();
    if (!response.ok && response.status !== 416) throw refused(location, response);
    return objectHead(response);
  };
  return request(send, location, init, plan, read, signal);
}

function changed(location: string, byte: number): ReadError {
  return new ReadError(
    { code: "checksum", source: location, byte, detail: "it changed while it was read" },
    "must stay as it is",
    { hint: "open it again" },
  );
}

function endsEarly(location: string, byte: number, end: number): ReadError {
  return new ReadError(
    { code: "truncated", source: location, byte, detail: `ends before byte ${end}` },
    "must hold the range that is read",
  );
}

/**
 * The bytes of a range. Where the connection breaks, the rest is asked for again; a server without ranges is read from the start and
 * what came before is dropped.
 *
 * @param version - ETag that the object must have. @defaultValue that of the first answer
 */
export async function* streamRange(
  send: Send,
  location: string,
  { start = 0, end, signal }: StoreReadOptions,
  plan: RequestPlan,
  version = "",
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const tries = new Tries(plan);
  let at = start;
  let stop = end;
  let known = version;
  while (stop === undefined || at < stop) {
    using idle = new Idle(plan.timeoutMs, signal);
    try {
      const response = await sendOnce(send, location, { headers: rangeHeaders(at, stop, known) }, idle);
      const head = objectHead(response);
      if (known !== "" && head.version !== "" && head.version !== known) throw changed(location, at);
      if (response.status === 416) {
        if (stop === undefined && at >= (head.sizeBytes ?? at)) return;
        throw endsEarly(location, head.sizeBytes ?? at, stop ?? at);
      }
      if (!response.ok) throw refused(location, response);
      known ||= head.version;
      if (head.sizeBytes !== undefined) {
        if (stop !== undefined && stop > head.sizeBytes) throw endsEarly(location, head.sizeBytes, stop);
        stop ??= head.sizeBytes;
      }
      let skipped = response.status === 206 ? at - rangeStart(response, at) : at; // bytes still to drop
      if (skipped < 0) throw endsEarly(location, at, at - skipped);
      for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array<ArrayBuffer>>) {
        idle.stop();
        const from = Math.min(skipped, piece.length);
        skipped -= from;
        const bytes = piece.subarray(from, stop === undefined ? undefined : Math.min(piece.length, from + stop - at));
        if (bytes.length > 0) {
          at += bytes.length;
          tries.succeed();
          yield bytes;
        }
        if (stop !== undefined && at >= stop) return;
        idle.restart();
      }
      if (stop === undefined) return;
      throw new Error(`the connection ended at byte ${at} of ${stop}`);
    } catch (error) {
      idle.stop();
      await tries.again(location, error, signal);
    }
  }
}

function rangeHeaders(at: number, stop: number | undefined, version: string): Record<string, string> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (at === 0 && stop === undefined) return headers;
  headers.range = `bytes=${at}-${stop === undefined ? "" : stop - 1}`;
  // A weak ETag or a time is no proof that bytes are the same, and a server may not compare it.
  if (version.startsWith('"')) headers["if-range"] = version;
  return headers;
}

/** Where the bytes of a 206 begin. */
function rangeStart(response: Response, asked: number): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? asked);
}

/** A whole range, in parallel pieces where it is long and the server sends ranges. */
export async function readRange(
  send: Send,
  location: string,
  { start, end, signal }: { start: number; end: number; signal?: AbortSignal | undefined },
  plan: RequestPlan,
  head: Pick<ObjectHead, "version" | "hasRanges">,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.max(0, end - start));
  const step = head.hasRanges ? plan.rangeBytes : bytes.length;
  const failure = new AbortController(); // one piece that fails for good ends the others
  const inner = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  let next = start;
  const work = async (): Promise<void> => {
    while (next < end) {
      const from = next;
      next = Math.min(end, next + step);
      let at = from - start;
      const range = { start: from, end: next, signal: inner };
      for await (const piece of streamRange(send, location, range, plan, head.version)) {
        bytes.set(piece, at);
        at += piece.length;
      }
    }
  };
  const workers = Math.min(plan.parallelRanges, Math.ceil(bytes.length / Math.max(1, step)));
  await Promise.all(
    Array.from({ length: workers }, () =>
      work().catch((error: unknown) => {
        failure.abort(error);
        throw error;
      }),
    ),
  );
  return bytes;
}
