/** What a thread finds out about some rows, each by itself. */

import { hash } from "node:crypto";
import { decodeImage } from "../codec/image.ts";
import type { FaultCode } from "../fault.ts";
import type { Image } from "../image.ts";
import { hasOverlap, type ShingleSet } from "./_shingle-set.ts";
import { TextDocument, type TextFilter } from "./document.ts";
import { type FilterSettings, makeFilters } from "./filter-settings.ts";
import { MinHash, type MinHashOptions } from "./minhash.ts";
import { perceptualHash } from "./perceptual-hash.ts";
import { quarantined, type RemovalReason, removed } from "./reasons.ts";

/** Given to every thread once. */
export interface ScanSetup {
  readonly filters: FilterSettings;
  readonly minHash: MinHashOptions | null;
  /** Shingles of the test set. */
  readonly against: ShingleSet | null;
}

/** Rows to look at: texts, or images as files or pixels. A null has no content; it is kept and has no key. */
export type ScanTask =
  | { readonly kind: "text"; readonly contents: readonly (string | null)[] }
  | { readonly kind: "image"; readonly contents: readonly (Uint8Array | Image | null)[] };

/** What came out, by row of the task. */
export interface ScanResult {
  readonly verdicts: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the content, its first 128 bits as four uint32. */
  readonly digests: Uint32Array<ArrayBuffer>;
  /** Keys of near-duplicates: two uint32 a bucket for texts, four in all for images. */
  readonly keys: Uint32Array<ArrayBuffer>;
  /** Rows that have keys. */
  readonly hasKeys: Uint8Array<ArrayBuffer>;
  readonly contentBytes: number;
}

/** Looks at rows. Keeps kernels and filters between tasks. */
export class Scanner {
  readonly #filters: readonly TextFilter<RemovalReason>[];
  readonly #minHash: MinHash | null;
  readonly #against: ShingleSet | null;
  readonly #testShingles: MinHash | null;

  constructor({ filters, minHash, against }: ScanSetup) {
    this.#filters = makeFilters(filters);
    this.#minHash = minHash === null ? null : new MinHash(minHash);
    this.#against = against;
    this.#testShingles = against === null ? null : new MinHash({ shingleWords: against.words });
  }

  /** Does a task. */
  async scan(task: ScanTask): Promise<ScanResult> {
    const { contents } = task;
    const keyWords = task.kind === "image" ? 4 : 2 * (this.#minHash?.buckets ?? 0);
    const result = {
      verdicts: new Uint8Array(contents.length),
      digests: new Uint32Array(4 * contents.length),
      keys: new Uint32Array(keyWords * contents.length),
      hasKeys: new Uint8Array(contents.length),
      contentBytes: 0,
    };
    for (const [row, content] of contents.entries()) {
      if (content === null) continue;
      const digest = hash("sha256", typeof content === "string" ? content : bytesOf(content), "buffer");
      for (let i = 0; i < 4; i++) result.digests[4 * row + i] = digest.readUInt32BE(4 * i);
      if (typeof content === "string") {
        result.contentBytes += Buffer.byteLength(content);
        const document = new TextDocument(content);
        result.verdicts[row] = removed(this.#judge(document));
        if (this.#minHash?.writeKeys(content, result.keys, keyWords * row) === true) result.hasKeys[row] = 1;
      } else {
        result.contentBytes += bytesOf(content).length;
        const keys = await hashImage(content);
        if (typeof keys === "string") result.verdicts[row] = quarantined(keys);
        else {
          result.keys.set(keys, keyWords * row);
          result.hasKeys[row] = 1;
        }
      }
    }
    return result;
  }

  #judge(document: TextDocument): RemovalReason | null {
    for (const filter of this.#filters) {
      const reason = filter.judge(document);
      if (reason !== null) return reason;
    }
    if (this.#against === null || this.#testShingles === null) return null;
    return hasOverlap(this.#against, this.#testShingles.shingles(document.text)) ? "test-overlap" : null;
  }
}

/** A file's bytes, or those of pixels with their size: rows of the same pixels can have another width. */
function bytesOf(content: Uint8Array | Image): Uint8Array {
  if (content instanceof Uint8Array) return content;
  const { data, width, height, channels } = content;
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([new Uint8Array(Uint32Array.of(width, height, channels).buffer), pixels]);
}

/** An image's hash, or why it cannot be decoded. */
async function hashImage(content: Uint8Array | Image): Promise<ReturnType<typeof perceptualHash> | FaultCode> {
  try {
    return perceptualHash(content instanceof Uint8Array ? await decodeImage(content) : content);
  } catch (error) {
    if (error instanceof Error && "fault" in error) return error.fault as FaultCode;
    throw error; // not a matter of the image: the decoder is missing
  }
}
