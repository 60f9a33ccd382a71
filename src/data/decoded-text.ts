/** Bytes that arrive in pieces, as text: in Node and in browsers. */

import { DataError, explain } from "../base/errors.ts";
import { type TextFault, Utf8Reader } from "./_utf8.ts";

/**
 * Decodes UTF-8 text, cut anywhere but never inside a character.
 *
 * Line ends stay as they are. A byte-order mark at the start is a sign of the encoding and is dropped; anywhere else it is a character.
 *
 * @param bytes - The text in pieces; each is read before the next is asked for.
 * @param path - What users call it.
 * @param signal - Stops the reading; the iteration rejects with the signal's reason.
 * @throws DataError naming the byte if it is not text (a NUL byte, invalid UTF-8), or is empty.
 */
export async function* decodedText(
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const bad = (action: string, received: string, rule: string, hint?: string): DataError =>
    new DataError(explain({ api: "readText", action, received, rule, hint }), { source: path });
  const fail = (fault: TextFault): DataError =>
    bad(
      `read "${path}" as text`,
      `${fault.reason} at byte ${fault.offset}`,
      "must be UTF-8 text",
      "convert it to UTF-8, or leave it out",
    );
  const reader = new Utf8Reader();
  let empty = true;
  for await (const piece of bytes) {
    signal?.throwIfAborted();
    const fault = reader.push(piece);
    if (fault !== undefined) throw fail(fault);
    const text = reader.take();
    const chunk = empty && text.startsWith("\ufeff") ? text.slice(1) : text;
    if (text !== "") empty = false;
    if (chunk !== "") yield chunk;
  }
  const fault = reader.end();
  if (fault !== undefined) throw fail(fault);
  if (empty) throw bad(`read "${path}"`, "it is empty", "must be a file with text");
}
