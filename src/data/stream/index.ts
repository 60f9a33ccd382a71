/** Shards, and the order in which samples come to the trainer. */

export type { StreamAccess } from "./open-stream-source.ts";
export { addOrderHashes, formatOrderHash, orderHash } from "./order-hash.ts";
export type { Purpose, SampleContext, SampleInputs, SampleMap } from "./sample-input.ts";
export { type OrderedRows, type OrderSpec, type SampleOrder, sampleOrder } from "./sample-order.ts";
export { ShardCache, type ShardCacheOptions } from "./shard-cache.ts";
export {
  type StreamBatch,
  type StreamBatchesOptions,
  type StreamDataset,
  type StreamDatasetOptions,
  type StreamOrder,
  streamDataset,
} from "./stream-dataset.ts";
export {
  type LastBatch,
  type PlannedSample,
  type PlannedSource,
  type StreamPlan,
  type StreamPlanOptions,
  type StreamPosition,
  streamPlan,
} from "./stream-plan.ts";
export type { ImageInput, MapModule, StreamSource, StreamSpec, ValueInput } from "./stream-spec.ts";
export { type WriteShardsOptions, type WrittenShards, writeShards } from "./write-shards.ts";
