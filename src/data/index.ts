/** Text files, token stores and batches. */

export * from "./files.ts";
export * from "./token-batches.ts";
export * from "./token-store.ts";
