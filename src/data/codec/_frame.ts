/**
 * How coded columns are laid out: the length of a JSON header as uint32, the header, and streams one after the other, whose lengths the
 * header has. Frames nest. Everything is little-endian; a person, or thirty lines of Python, can read it.
 */

import { z } from "zod";
import { CodecError, explain } from "../../base/errors.ts";

/** Longest header that is read [bytes]. */
const longestHeader = 1 << 20;

/** A CodecError about coded columns. */
export function columnError(received: string, rule: string, cause?: unknown): CodecError {
  return new CodecError("column", explain({ api: "decodeColumn", action: "expand a column", received, rule }), {
    cause,
  });
}

/** Joins a header and streams. */
export function joinFrame(header: object, streams: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify({ ...header, sizes: streams.map(({ length }) => length) }));
  const frame = new Uint8Array(4 + text.length + streams.reduce((sum, { length }) => sum + length, 0));
  new DataView(frame.buffer).setUint32(0, text.length, true);
  frame.set(text, 4);
  let at = 4 + text.length;
  for (const stream of streams) {
    frame.set(stream, at);
    at += stream.length;
  }
  return frame;
}

/** A header, checked, and the streams behind it. */
export interface Frame<Header> {
  readonly header: Header;
  readonly streams: readonly Uint8Array[];
}

const sizesOf = z.object({ sizes: z.array(z.int().min(0)) });

/**
 * Takes a frame apart.
 *
 * @param bytes - Exactly the frame.
 * @param schema - What its header must be.
 * @param numStreams - How many streams it must have.
 */
export function splitFrame<Header>(bytes: Uint8Array, schema: z.ZodType<Header>, numStreams?: number): Frame<Header> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length < 4 ? 0 : view.getUint32(0, true);
  if (length < 2 || length > longestHeader || 4 + length > bytes.length)
    throw columnError(`a header of ${length} bytes in ${bytes.length}`, "must be inside the chunk");
  let header: Header;
  let sizes: readonly number[];
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(4, 4 + length)));
    header = schema.parse(json);
    sizes = sizesOf.parse(json).sizes;
  } catch (cause) {
    throw columnError("a header that is not one", "must be the JSON that encodeColumn writes", cause);
  }
  let at = 4 + length;
  const streams = sizes.map((size) => {
    at += size;
    return bytes.subarray(at - size, at);
  });
  if (at !== bytes.length || (numStreams !== undefined && streams.length !== numStreams))
    throw columnError(`${streams.length} streams of ${at} bytes in ${bytes.length}`, "must fill the chunk");
  return { header, streams };
}
