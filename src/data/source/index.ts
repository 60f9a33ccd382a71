/** Data of any format, as rows. */

export * from "./source.ts";
