/** Local files, web servers and S3-compatible stores, as ranges of bytes. */

export { type FileStoreOptions, fileStore } from "./file-store.ts";
export { type HttpStoreOptions, httpStore } from "./http-store.ts";
export { faultOf, ReadError } from "./read-error.ts";
export { type S3StoreOptions, s3Store } from "./s3-store.ts";
export * from "./store.ts";
export { type StoreOptions, storeOf } from "./store-of.ts";
export { streamUnpacked, type UnpackOptions } from "./unpack.ts";
