/** Local files, web servers and S3-compatible stores, as ranges of bytes. */

export * from "./store.ts";
