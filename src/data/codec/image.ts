/** Encoded images to pixels and back. */

import { explain, isCameoError, messageOf } from "../../base/errors.ts";
import { type Image, image } from "../image.ts";
import { widen, withChannels } from "./_pixel-channels.ts";
import { ImageError } from "./image-error.ts";
import { type ImageInfo, imageInfo } from "./image-info.ts";
import { mostPixels } from "./most-pixels.ts";
import { sharpCodec } from "./sharp-codec.ts";

/** What a decoder must not forgive: a file that ends early; that and broken data; those and anything odd. */
export type ImageStrictness = "truncated" | "error" | "warning";

/** Options of {@link decodeImage}. */
export interface DecodeImageOptions {
  /** 1 grey, 3 RGB, 4 RGBA. Colour becomes luma (BT.601), alpha is dropped or added opaque. @defaultValue as stored */
  readonly channels?: 1 | 3 | 4;
  /** Bits per value of the result. 16 gives a `Uint16Array`; deeper or shallower files are scaled. @defaultValue 8 */
  readonly bits?: 8 | 16;
  /** Whether pixels are turned as the EXIF data says, so that they stand upright. @defaultValue true */
  readonly orient?: boolean;
  /** Most pixels that an image may have; one that claims more is not decoded. @defaultValue 2**26 */
  readonly maxPixels?: number;
  /** What makes an image fail. Less than the default lets through JPEG files with grey or shifted blocks. @defaultValue "warning" */
  readonly failOn?: ImageStrictness;
  /** What decodes. @defaultValue sharpCodec */
  readonly codec?: ImageCodec;
}

/** Formats that {@link encodeImage} writes. */
export type EncodedFormat = "jpeg" | "png" | "webp" | "avif";

/** Options of {@link encodeImage}. */
export interface EncodeImageOptions {
  /** See {@link EncodedFormat}. */
  readonly format: EncodedFormat;
  /** [1, 100]; each format has its own scale. Not used by PNG. @defaultValue 95 for JPEG, 80 for WebP, 60 for AVIF */
  readonly quality?: number;
  /** Whether every pixel must come back. PNG always is; JPEG never. @defaultValue true for PNG, else false */
  readonly lossless?: boolean;
  /** Resolution of the colour of JPEG and AVIF; WebP has 4:2:0 unless lossless. @defaultValue "4:4:4" */
  readonly chroma?: "4:4:4" | "4:2:0";
  /** Time spent on fewer bytes: PNG [0, 9], WebP [0, 6], AVIF [0, 9]. @defaultValue 6 for PNG, else 4 */
  readonly effort?: number;
  /** What encodes. @defaultValue sharpCodec */
  readonly codec?: ImageCodec;
}

/** Something that turns bytes into pixels and back. What it throws when it decodes is reported as a fault of the image. */
export interface ImageCodec {
  readonly name: string;
  /** Pixels with the channels that the file has. `info` is the file's header. */
  decode(
    bytes: Uint8Array,
    options: Required<Pick<DecodeImageOptions, "bits" | "orient" | "maxPixels" | "failOn">> & {
      readonly info: ImageInfo;
    },
  ): Promise<Image<Uint8Array | Uint16Array>>;
  /** The file. Options have been checked and filled in, but for `effort`. */
  encode(
    image: Image<Uint8Array | Uint16Array>,
    options: Required<Pick<EncodeImageOptions, "format" | "quality" | "lossless" | "chroma">> &
      Pick<EncodeImageOptions, "effort">,
  ): Promise<Uint8Array>;
}

const api = "decodeImage";

/**
 * Decodes a JPEG, PNG, WebP, AVIF, GIF (first frame) or TIFF (first page) file.
 *
 * The header is read first, by Cameo itself, and held against the limit and against what comes out, so that no file makes the decoder
 * allocate more than `maxPixels` asks for, and none is silently smaller or greyer than it says. Colour profiles are not applied.
 *
 * @param bytes - The file.
 * @param options - See {@link DecodeImageOptions}.
 * @returns The pixels; the caller owns them.
 * @throws ImageError whose `fault` says what is wrong: `"empty"`, `"syntax"`, `"truncated"`, `"image-size"` or `"decode"`.
 * @throws CodecError if the codec is not installed.
 *
 * @example There and back
 * ```ts
 * import assert from "node:assert/strict";
 * import { image } from "cameo/data";
 * import { decodeImage, encodeImage } from "cameo/data/codec";
 *
 * const grey = image(Uint8Array.of(0, 50, 100, 150, 200, 250), 3, 2, 1);
 * const png = await encodeImage(grey, { format: "png" });
 * const { data, channels } = await decodeImage(png, { channels: 3 });
 * assert.deepEqual([channels, ...data.subarray(3, 6)], [3, 50, 50, 50]);
 * ```
 */
export function decodeImage(
  bytes: Uint8Array,
  options?: DecodeImageOptions & { readonly bits?: 8 },
): Promise<Image<Uint8Array>>;
/** The same with 16 bits per value. */
export function decodeImage(
  bytes: Uint8Array,
  options: DecodeImageOptions & { readonly bits: 16 },
): Promise<Image<Uint16Array>>;
export async function decodeImage(
  bytes: Uint8Array,
  options: DecodeImageOptions = {},
): Promise<Image<Uint8Array | Uint16Array>> {
  const { channels, bits = 8, orient = true, maxPixels = mostPixels, failOn = "warning", codec = sharpCodec } = options;
  const info = imageInfo(bytes);
  const action = `decode a ${info.format.toUpperCase()} of ${info.width}×${info.height}`;
  if (info.width * info.height > maxPixels) {
    const received = `got ${info.width * info.height} pixels`;
    const hint = "raise maxPixels if the image is to be trusted";
    throw new ImageError("image-size", explain({ api, action, received, rule: `the limit is ${maxPixels}`, hint }));
  }
  const decodeBits = bits === 16 && info.bits > 8 ? 16 : 8;
  let pixels: Image<Uint8Array | Uint16Array>;
  try {
    pixels = await codec.decode(bytes, { info, bits: decodeBits, orient, maxPixels, failOn });
  } catch (cause) {
    if (isCameoError(cause, "codec")) throw cause; // says it all itself
    const received = `${codec.name} says "${(messageOf(cause).split("\n").at(-1) ?? "").trim()}"`;
    const rule = info.complete ? "the data must be whole and of this format" : "the file ends before the image does";
    throw new ImageError(info.complete ? "decode" : "truncated", explain({ api, action, received, rule }), { cause });
  }
  const isTurned = orient && info.orientation > 4;
  const [width, height] = isTurned ? [info.height, info.width] : [info.width, info.height];
  if (pixels.width !== width || pixels.height !== height) {
    const received = `got ${pixels.width}×${pixels.height} pixels`;
    throw new ImageError(
      "image-size",
      explain({ api, action, received, rule: `its header promises ${width}×${height}` }),
    );
  }
  let { data } = pixels;
  if (bits === 16 && data instanceof Uint8Array) data = widen(data);
  if (channels !== undefined && channels !== pixels.channels) data = withChannels(data, pixels.channels, channels);
  return image(data, width, height, channels ?? pixels.channels);
}

const defaultQuality: Readonly<Record<EncodedFormat, number>> = { jpeg: 95, png: 100, webp: 80, avif: 60 };

/**
 * Encodes pixels as JPEG, PNG, WebP or AVIF.
 *
 * Which one: keep files that are JPEG or WebP already as they are (encoding them again only loses); JPEG at quality 95 with 4:4:4 for new
 * photographs, because it decodes fastest; PNG or lossless WebP for masks; AVIF for archives. `compareImageCodecs` measures it on your images.
 *
 * @param image - 8-bit pixels, or 16-bit ones for PNG, with 1, 3 or 4 channels (JPEG drops alpha).
 * @param options - See {@link EncodeImageOptions}.
 * @returns The file.
 * @throws RangeError if the quality is out of range, or the format cannot hold what is asked for.
 * @throws ImageError if the codec refuses the pixels.
 * @throws CodecError if the codec is not installed.
 *
 * @example A small JPEG
 * ```ts
 * import assert from "node:assert/strict";
 * import { image } from "cameo/data";
 * import { encodeImage, imageInfo } from "cameo/data/codec";
 *
 * const jpeg = await encodeImage(image(new Uint8Array(64 * 64 * 3).fill(90), 64, 64, 3), { format: "jpeg", quality: 90 });
 * assert.equal(imageInfo(jpeg).width, 64);
 * ```
 */
export async function encodeImage(
  image: Image<Uint8Array | Uint16Array>,
  options: EncodeImageOptions,
): Promise<Uint8Array> {
  const { format, effort, codec = sharpCodec, chroma = "4:4:4" } = options;
  const { quality = defaultQuality[format], lossless = format === "png" } = options;
  const refuse = (received: string, rule: string): RangeError =>
    new RangeError(explain({ api: "encodeImage", action: `write ${format}`, received, rule }));
  if (!(quality >= 1 && quality <= 100)) throw refuse(`got quality ${quality}`, "must be in [1, 100]");
  if (lossless && format === "jpeg") throw refuse("got lossless", "JPEG loses; use png or webp");
  if (image.data instanceof Uint16Array && format !== "png") throw refuse("got 16-bit pixels", "only png holds them");
  if (image.channels > 4) throw refuse(`got ${image.channels} channels`, "an image file has 1 to 4");
  return codec.encode(image, { format, quality, lossless, chroma, ...(effort === undefined ? {} : { effort }) });
}
