/** Inputs of the benchmarks, the same every time. */

import { RandomStream } from "../../base/random.ts";

/** Bytes that look like a photograph's: smooth, with some noise; HWC. */
export function pictures(count: number, side: number, channels: number): Uint8Array {
  const stream = new RandomStream(7, "pictures");
  const pixels = new Uint8Array(count * side * side * channels);
  for (let i = 0, at = 0; i < count; i++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let c = 0; c < channels; c++, at++) {
          const wave = Math.sin((x + 13 * i) / (9 + c)) * Math.cos((y - 7 * i) / (11 + c));
          pixels[at] = 128 + 90 * wave + 12 * (stream.uniform(at % 65536) - 0.5);
        }
  return pixels;
}

const mebi16 = 16 * 2 ** 20;

/** 16 MiB of each kind of data that codecs meet. */
export const columns: Readonly<Record<string, { readonly typeSize: number; make(): Uint8Array }>> = {
  smooth: {
    typeSize: 4,
    make: () => {
      const values = new Float32Array(mebi16 / 4);
      for (let i = 0; i < values.length; i++) values[i] = Math.round(1e4 * Math.sin(i / 5000)) / 100;
      return bytesOf(values);
    },
  },
  tokens: {
    typeSize: 4,
    make: () => {
      // Zipf-like, as token ids are.
      const stream = new RandomStream(1, "tokens");
      const values = new Int32Array(mebi16 / 4);
      for (let i = 0; i < values.length; i++) values[i] = Math.floor(50257 ** stream.uniform(i)) - 1;
      return bytesOf(values);
    },
  },
  normal: {
    typeSize: 4,
    make: () => {
      const stream = new RandomStream(2, "weights");
      const values = new Float32Array(mebi16 / 4);
      for (let i = 0; i < values.length; i++) values[i] = 0.02 * stream.normal(i);
      return bytesOf(values);
    },
  },
  pixels: { typeSize: 1, make: () => pictures(84, 256, 3).subarray(0, mebi16) },
};

function bytesOf(values: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer);
}

/** Documents of words with Zipf's frequencies. */
export function documents(count: number, words: number): string[] {
  const stream = new RandomStream(3, "documents");
  const word = (rank: number): string => {
    let text = "";
    for (let left = rank + 26; left > 0; left = Math.floor(left / 26)) text += String.fromCharCode(97 + (left % 26));
    return text + "aeiou"[rank % 5];
  };
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: words }, (_, k) => word(Math.floor(20000 ** stream.uniform(i * words + k)))).join(" "),
  );
}
