/** The store that a location belongs to. */

import { type FileStoreOptions, fileStore } from "./file-store.ts";
import { type HttpStoreOptions, httpStore } from "./http-store.ts";
import { type S3StoreOptions, s3Store } from "./s3-store.ts";
import type { Store } from "./store.ts";

/** Options of {@link storeOf}: each kind of store takes its own. */
export interface StoreOptions extends FileStoreOptions, HttpStoreOptions, S3StoreOptions {}

/**
 * The store of a location.
 *
 * @param location - A path or `file:` URL, `http(s)://` or `s3://bucket/key`.
 * @param options - See {@link StoreOptions}.
 *
 * @example By the sign before the colon
 * ```ts
 * import assert from "node:assert/strict";
 * import { storeOf } from "cameo/data/store";
 *
 * assert.equal(storeOf("data/train.jsonl").kind, "file");
 * assert.equal(storeOf("https://example.org/train.jsonl").kind, "http");
 * assert.equal(storeOf("s3://corpus/train").kind, "s3");
 * ```
 */
export function storeOf(location: string, options: StoreOptions = {}): Store {
  if (/^https?:\/\//i.test(location)) return httpStore(options);
  return /^s3:\/\//i.test(location) ? s3Store(options) : fileStore(options);
}
