/** What all of the data pipeline shares: tables, faults, images; text files, token stores and batches of tensors in memory. */

export * from "./fault.ts";
export * from "./files.ts";
export * from "./image.ts";
export * from "./table.ts";
export * from "./tensor-dataset.ts";
export * from "./token-batches.ts";
export * from "./token-store.ts";
