/** Images through sharp (libvips): the codec that {@link decodeImage} and {@link encodeImage} use by themselves. Node only. */

import { CodecError, explain, messageOf } from "../../base/errors.ts";
import { type Image, image } from "../image.ts";
import type { ImageCodec } from "./image.ts";
import { ImageError } from "./image-error.ts";

type Sharp = typeof import("sharp")["default"];

let loaded: Promise<Sharp> | undefined;

/** Sharp runs one image per thread here, and keeps none: whoever loads images in parallel does it outside, and knows how many. */
async function load(): Promise<Sharp> {
  try {
    const { default: sharp } = await import("sharp");
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    loaded = undefined;
    const received = 'got no package "sharp"';
    const rule = "needs sharp 0.35 or newer";
    const hint = "npm install sharp, or pass another codec in the options";
    // No ImageError: nothing is wrong with the image, so nobody may set it aside.
    const message = explain({ api: "sharpCodec", action: "load the image codec", received, rule, hint });
    throw new CodecError("sharp", message, { cause });
  }
}

/** Grey and alpha out of RGBA: as `"b-w"`, sharp would drop the alpha. */
function greyAlpha<Data extends Uint8Array | Uint16Array>(rgba: Data, width: number, height: number): Image<Data> {
  return image(rgba.filter((_, i) => i % 4 === 0 || i % 4 === 3) as Data, width, height, 2);
}

/**
 * The codec made of sharp, an optional package (`npm install sharp`). JPEG, PNG, WebP, AVIF, GIF and TIFF in; the first four out.
 *
 * It sets sharp's concurrency to 1 and its cache to nothing, for the whole process. Colour profiles are left alone: the values are those of
 * the file, as Pillow and OpenCV give them.
 *
 * @example What it is called
 * ```ts
 * import assert from "node:assert/strict";
 * import { sharpCodec } from "cameo/data/codec";
 *
 * assert.equal(sharpCodec.name, "sharp");
 * ```
 */
export const sharpCodec: ImageCodec = {
  name: "sharp",

  async decode(bytes, { info, bits, orient, maxPixels, failOn }): Promise<Image<Uint8Array | Uint16Array>> {
    loaded ??= load();
    const sharp = await loaded;
    const isDeepGrey = info.channels < 3 && bits === 16;
    const colours = isDeepGrey ? "grey16" : bits === 16 ? "rgb16" : info.channels === 1 ? "b-w" : "srgb";
    let pixels = sharp(bytes, { limitInputPixels: maxPixels, failOn, ignoreIcc: true, autoOrient: orient });
    pixels = pixels.toColourspace(colours).raw({ depth: bits === 16 ? "ushort" : "uchar" });
    const { data, info: got } = await pixels.toBuffer({ resolveWithObject: true });
    const own = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength); // out of the pool of Buffers, and aligned
    const values = bits === 16 ? new Uint16Array(own) : new Uint8Array(own);
    if (info.channels === 2 && got.channels === 4) return greyAlpha(values, got.width, got.height);
    return image(values, got.width, got.height, got.channels);
  },

  async encode({ data, width, height, channels }, { format, quality, lossless, chroma, effort }): Promise<Uint8Array> {
    loaded ??= load();
    const sharp = await loaded;
    const isWide = data instanceof Uint16Array;
    let pixels = sharp(data, { raw: { width, height, channels: channels as 1 | 2 | 3 | 4 }, limitInputPixels: false });
    if (isWide || channels < 3) pixels = pixels.toColourspace(isWide ? (channels < 3 ? "grey16" : "rgb16") : "b-w");
    const encoded =
      format === "jpeg"
        ? pixels.jpeg({ quality, chromaSubsampling: chroma })
        : format === "png"
          ? pixels.png({ compressionLevel: effort ?? 6 })
          : format === "webp"
            ? pixels.webp({ quality, lossless, effort: effort ?? 4, exact: lossless })
            : pixels.avif({ quality, lossless, effort: effort ?? 4, chromaSubsampling: chroma });
    try {
      const buffer = await encoded.toBuffer();
      return new Uint8Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength));
    } catch (cause) {
      const received = messageOf(cause).split("\n")[0] ?? "";
      const action = `write ${width}×${height} with ${channels} channels as ${format}`;
      throw new ImageError("decode", explain({ api: "encodeImage", action, received, rule: "sharp refused it" }), {
        cause,
      });
    }
  },
};
