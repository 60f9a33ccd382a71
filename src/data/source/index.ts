/** Data of any format, as rows. */

export { filterSource } from "../sql/filter.ts";
export { type JoinOptions, joinSources } from "../sql/join.ts";
export { type QueryResult, querySources } from "../sql/query.ts";
export type { OpenContext, SourceFormat } from "./format.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { type ReadNpzOptions, readNpz, type WriteNpzOptions, writeNpz } from "./npz.ts";
export { type OpenSourceOptions, openSource } from "./open.ts";
export { type GroupStatistics, type GroupSummary, parquetGroups } from "./parquet.ts";
export * from "./profile.ts";
export * from "./source.ts";
export { type WriteTableOptions, writeTable } from "./write-table.ts";
export { type OpenZarrOptions, openZarrArray, type ZarrArray, type ZarrSelection } from "./zarr-array.ts";
export { writeZarrGroup } from "./zarr-group.ts";
export { type WriteZarrOptions, writeZarr, type ZarrCompression } from "./zarr-writer.ts";
