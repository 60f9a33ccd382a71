/** The general-purpose coders below Blosc and packs, behind the one seam through which a browser brings its own. */

import { CodecError, explain } from "../../base/errors.ts";

/** Compresses and expands blocks of bytes at once (not streaming). */
export interface BlockCodec {
  /** Compresses `data`; `level` is the coder's own. */
  encode(data: Uint8Array, level: number): Uint8Array;
  /** Expands `data` to exactly `sizeBytes`; throws if it is anything else. */
  decode(data: Uint8Array, sizeBytes: number): Uint8Array;
}

/** The coders that Cameo does not contain. Node has both; elsewhere pass what you load, for example fflate's `zlibSync` and `unzlibSync`. */
export interface BlockCodecs {
  readonly zlib: BlockCodec;
  readonly zstd: BlockCodec;
}

/** The part of `node:zlib` that is used here. */
interface NodeZlib {
  readonly constants: Readonly<Record<string, number>>;
  deflateSync(data: Uint8Array, options: object): Uint8Array;
  inflateSync(data: Uint8Array, options: object): Uint8Array;
  zstdCompressSync(data: Uint8Array, options: object): Uint8Array;
  zstdDecompressSync(data: Uint8Array, options: object): Uint8Array;
}

// Not an import, so that this file loads in a browser.
const node = (
  globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } }
).process?.getBuiltinModule?.("node:zlib") as NodeZlib | undefined;

// With room for all of the output, Node fills one buffer instead of joining many of 16 KiB.
const bound = (sizeBytes: number): number => sizeBytes + (sizeBytes >> 8) + 1024;
const room = (sizeBytes: number): object => ({ chunkSize: sizeBytes + 64, maxOutputLength: Math.max(1, sizeBytes) });

function missing(name: string): BlockCodec {
  const refuse = (): never => {
    throw new CodecError(
      name,
      explain({
        api: name,
        action: "compress or expand",
        received: "this runtime has no node:zlib",
        rule: `an implementation of ${name} is needed`,
        hint: "pass one with the option `codecs`",
      }),
    );
  };
  return { encode: refuse, decode: refuse };
}

/** What Node brings, or coders that throw a CodecError. */
export const builtInCodecs: BlockCodecs =
  node === undefined
    ? { zlib: missing("zlib"), zstd: missing("zstd") }
    : {
        zlib: {
          encode: (data, level) => node.deflateSync(data, { level, chunkSize: bound(data.length) }),
          decode: (data, sizeBytes) => node.inflateSync(data, room(sizeBytes)),
        },
        zstd: {
          encode: (data, level) =>
            node.zstdCompressSync(data, {
              params: { [node.constants["ZSTD_c_compressionLevel"] as number]: level },
              chunkSize: bound(data.length),
              pledgedSrcSize: data.length,
            }),
          decode: (data, sizeBytes) => node.zstdDecompressSync(data, room(sizeBytes)),
        },
      };
