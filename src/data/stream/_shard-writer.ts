/** What `writeShards` asks of a format: samples become bytes, bytes become a shard, shards become an index. */

import type { Cell } from "../table.ts";

/** A shard on disk, as the index and the notes for resuming tell of it. */
export interface WrittenShard {
  readonly name: string;
  readonly samples: number;
  /** Stored. */
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Before compression. */
  readonly raw: { readonly name: string; readonly sizeBytes: number; readonly sha256: string };
}

/** One format. */
export interface ShardFormat {
  /** Name of the file that lists the shards; it is written last. */
  readonly indexName: string;
  /** Bytes of a shard without samples. */
  readonly overheadBytes: number;
  /** Bytes that a sample takes beyond its own. */
  readonly sampleOverheadBytes: number;
  /** Name of a shard, without what compression adds. */
  shardName(number: number): string;
  /**
   * A sample, from the cells of all columns.
   *
   * @throws TypeError saying which column does not fit.
   */
  encodeSample(cells: readonly Cell[], row: number): Uint8Array;
  encodeShard(samples: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
  encodeIndex(shards: readonly WrittenShard[]): string;
}
