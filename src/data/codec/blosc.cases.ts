/** Bytes and options with which chunks are written, for tests of both directions and for what Python said of them. */

import { RandomStream } from "../../base/random.ts";
import { type EncodeBloscOptions, encodeBlosc } from "./blosc.ts";

const random = new RandomStream(11, "blosc cases");
const bytesOf = (values: { readonly buffer: ArrayBufferLike }): Uint8Array => new Uint8Array(values.buffer);

/** Contents by name. */
export const contents: Readonly<Record<string, Uint8Array>> = {
  smooth: bytesOf(Float32Array.from({ length: 3000 }, (_, i) => Math.round(Math.sin(i / 90) * 1000) / 64)),
  integers: bytesOf(Int32Array.from({ length: 4096 }, (_, i) => (i * i) % 9973)),
  odd: bytesOf(Int16Array.from({ length: 2500 }, (_, i) => i >> 2)).subarray(0, 4995),
  noise: Uint8Array.from({ length: 2500 }, (_, i) => random.integer(i, 256)),
  constant: new Uint8Array(5000).fill(7),
  tiny: Uint8Array.from({ length: 43 }, (_, i) => i),
  empty: new Uint8Array(0),
};

const codecs = ["lz4", "lz4hc", "zstd", "zlib"] as const;
const shuffles = ["none", "byte", "bit"] as const;

/** One chunk to write. */
export interface BloscCase {
  readonly name: string;
  readonly content: Uint8Array;
  readonly options: EncodeBloscOptions;
}

/** Every codec with every shuffle, size of elements and content. */
export const bloscCases: readonly BloscCase[] = Object.entries(contents).flatMap(([source, content]) =>
  codecs.flatMap((codec) =>
    shuffles.flatMap((shuffle) =>
      [1, 2, 4, 8].map((typeSize) => ({
        name: `${source} ${codec} ${shuffle} ${typeSize}`,
        content,
        options: { codec, shuffle, typeSize, level: 5, blockSize: 2048 },
      })),
    ),
  ),
);

/** The chunk of a case. */
export const chunkOf = ({ content, options }: BloscCase): Uint8Array => encodeBlosc(content, options);
