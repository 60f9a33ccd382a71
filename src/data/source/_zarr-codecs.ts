/** The codecs of Zarr that turn bytes into bytes: what is done to a chunk after its numbers have been written out. */

import { constants, gunzipSync, gzipSync, inflateSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { messageOf } from "../../base/errors.ts";
import { decodeBlosc, encodeBlosc } from "../codec/blosc.ts";
import { ReadError } from "../store/read-error.ts";
import { crc32c } from "./_crc32c.ts";

/** One step, as metadata names it, with what its encoder needs. */
export type BytesCodec =
  | { readonly name: "gzip"; readonly level: number }
  | { readonly name: "zlib" }
  | { readonly name: "zstd"; readonly level: number; readonly checksum: boolean }
  | { readonly name: "crc32c" }
  | {
      readonly name: "blosc";
      readonly cname: string;
      readonly clevel: number;
      readonly shuffle: string;
      readonly typesize: number;
    };

type Bytes = Uint8Array<ArrayBuffer>;

/** Undoes the steps, last first. `sizeBytes` is what must come out. Throws ReadError. */
export function decodeBytes(
  chunk: Bytes,
  codecs: readonly BytesCodec[],
  sizeBytes: number | undefined,
  source: string,
): Bytes {
  // Between two steps there can be a little more: a checksum, or data that did not compress.
  const maxOutputLength = sizeBytes === undefined ? 2 ** 30 : Math.ceil(sizeBytes * 1.05) + 65536;
  let bytes = chunk;
  for (const codec of codecs.toReversed())
    try {
      bytes = decodeStep(bytes, codec, maxOutputLength, source);
    } catch (cause) {
      if (cause instanceof ReadError) throw cause;
      const isBomb = (cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
      const detail = `${codec.name}: ${messageOf(cause).split("\n")[0]}`;
      throw new ReadError({ code: isBomb ? "bomb" : "decode", source, detail }, "must decode", { cause });
    }
  if (sizeBytes === undefined || bytes.length === sizeBytes) return bytes;
  const detail = `a chunk decodes to ${bytes.length} bytes of ${sizeBytes}`;
  throw new ReadError(
    { code: bytes.length < sizeBytes ? "truncated" : "shape", source, detail },
    "must fill its chunk",
  );
}

function decodeStep(bytes: Bytes, codec: BytesCodec, maxOutputLength: number, source: string): Bytes {
  if (codec.name === "gzip") return gunzipSync(bytes, { maxOutputLength });
  if (codec.name === "zlib") return inflateSync(bytes, { maxOutputLength });
  if (codec.name === "zstd") return zstdDecompressSync(bytes, { maxOutputLength });
  if (codec.name === "blosc") return decodeBlosc(bytes, { maxBytes: maxOutputLength });
  const end = bytes.length - 4;
  const stored = end < 0 ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true);
  if (stored === crc32c(bytes.subarray(0, Math.max(0, end)))) return bytes.subarray(0, end);
  const detail = "the bytes differ from those that were written";
  throw new ReadError({ code: "checksum", source, detail }, "must agree with their CRC-32C");
}

const shuffles: Readonly<Record<string, "none" | "byte" | "bit">> = {
  noshuffle: "none",
  shuffle: "byte",
  bitshuffle: "bit",
};

/** Applies the steps, first first. */
export function encodeBytes(chunk: Bytes, codecs: readonly BytesCodec[]): Bytes {
  let bytes = chunk;
  for (const codec of codecs) bytes = encodeStep(bytes, codec);
  return bytes;
}

function encodeStep(bytes: Bytes, codec: BytesCodec): Bytes {
  if (codec.name === "gzip") return gzipSync(bytes, { level: codec.level });
  if (codec.name === "zstd") {
    const { ZSTD_c_compressionLevel: level, ZSTD_c_checksumFlag: checksum } = constants;
    return zstdCompressSync(bytes, { params: { [level]: codec.level, [checksum]: codec.checksum ? 1 : 0 } });
  }
  if (codec.name === "blosc") {
    const { clevel: level, typesize: typeSize, cname, shuffle } = codec;
    return encodeBlosc(bytes, { codec: cname as "zstd", level, typeSize, shuffle: shuffles[shuffle] ?? "none" });
  }
  const checked = new Uint8Array(bytes.length + 4);
  checked.set(bytes);
  new DataView(checked.buffer).setUint32(bytes.length, crc32c(bytes), true);
  return checked;
}
