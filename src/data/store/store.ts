/** Where bytes are: local files, web servers, S3-compatible stores. Readers above see ranges of bytes by location. */

/** One object of a store. */
export interface StoreEntry {
  /** Path, `https://…` or `s3://bucket/key`: what {@link Store.read} takes. */
  readonly location: string;
  readonly sizeBytes: number;
  /** Changes when the content does: an ETag, or size and time of a file. */
  readonly version: string;
}

/** Options of the reading calls of a {@link Store}. */
export interface StoreReadOptions {
  /** First byte. @defaultValue 0 */
  readonly start?: number;
  /** Byte after the last. @defaultValue the end */
  readonly end?: number;
  /** Stops the reading with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A place that holds bytes. Implementations retry what can be retried; what they throw is final. */
export interface Store {
  readonly kind: "file" | "http" | "s3";
  /** Size and version of one object. Throws DataError when there is none. */
  head(location: string, signal?: AbortSignal): Promise<StoreEntry>;
  /** Objects at or below a location (folder or prefix) or matching a glob, sorted by location by code unit. */
  list(location: string, signal?: AbortSignal): Promise<readonly StoreEntry[]>;
  /** Bytes of a range, all of it. */
  read(location: string, options?: StoreReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** The same, piece by piece, in order, with bounded memory. Resumes where a connection broke. */
  stream(location: string, options?: StoreReadOptions): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Writes an object so that readers see all of it or nothing. Absent where a store cannot be written. */
  write?(location: string, content: Uint8Array | AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
}
