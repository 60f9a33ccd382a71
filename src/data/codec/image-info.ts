/** What the head of an encoded image says about it, without decoding a pixel. */

import { explain } from "../../base/errors.ts";
import { readAvif } from "./_avif-head.ts";
import { readBmp, readGif, readPng, readTiff } from "./_bitmap-head.ts";
import { BytesView } from "./_bytes-view.ts";
import { readJpeg } from "./_jpeg-head.ts";
import { readWebp } from "./_webp-head.ts";
import { ImageError } from "./image-error.ts";

/** Formats that {@link imageInfo} knows. */
export const imageFormats = ["jpeg", "png", "webp", "avif", "gif", "bmp", "tiff"] as const;

/** See {@link imageFormats}. */
export type ImageFormat = (typeof imageFormats)[number];

/** What an image's header says. */
export interface ImageInfo {
  readonly format: ImageFormat;
  /** Columns [pixels], before {@link ImageInfo.orientation}. */
  readonly width: number;
  /** Rows [pixels], before {@link ImageInfo.orientation}. */
  readonly height: number;
  /** Values per pixel once decoded: 1 grey, 2 grey and alpha, 3 RGB (also palettes and CMYK), 4 RGBA. */
  readonly channels: number;
  /** Bits per stored value. */
  readonly bits: number;
  /** How to turn the pixels before they are shown, as EXIF numbers it, 1 to 8; 1 is "as they are". */
  readonly orientation: number;
  /** Whether the bytes reach as far as the format's own frame says. False for a file that was cut. */
  readonly complete: boolean;
}

type Head = Omit<ImageInfo, "format">;

const readers: Readonly<Record<ImageFormat, (view: BytesView) => Head | undefined>> = {
  jpeg: readJpeg,
  png: readPng,
  webp: readWebp,
  avif: readAvif,
  gif: readGif,
  bmp: readBmp,
  tiff: readTiff,
};

/**
 * Reads format, size, channels, bits and orientation from the header of a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF file.
 *
 * A few kilobytes from the start are nearly always enough; what stands behind the pixels (the EXIF data of a WebP file, whether the file
 * is complete) needs the whole file. The header is believed: that the pixels agree is what {@link decodeImage} checks.
 *
 * @param bytes - The file, or its beginning.
 * @returns See {@link ImageInfo}.
 * @throws ImageError if there are no bytes (fault `"empty"`), the format is not known or broken (`"syntax"`), or the header ends early (`"truncated"`).
 *
 * @example The size of a GIF
 * ```ts
 * import assert from "node:assert/strict";
 * import { imageInfo } from "cameo/data/codec";
 *
 * const head = Uint8Array.of(0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 4, 0, 3, 0, 0, 0, 0, 0x3b);
 * const { format, width, height } = imageInfo(head);
 * assert.deepEqual([format, width, height], ["gif", 4, 3]);
 * ```
 */
export function imageInfo(bytes: Uint8Array): ImageInfo {
  const api = "imageInfo";
  const action = "read the image's header";
  if (bytes.length === 0)
    throw new ImageError("empty", explain({ api, action, received: "got 0 bytes", rule: "an image has some" }));
  for (const format of imageFormats) {
    let head: Head | undefined;
    try {
      head = readers[format](new BytesView(bytes));
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      const received = `got ${bytes.length} bytes of ${format.toUpperCase()}`;
      throw new ImageError("truncated", explain({ api, action, received, rule: "they end inside the header" }), {
        cause,
      });
    }
    if (head === undefined) continue;
    if (!(head.width > 0 && head.height > 0 && head.channels > 0 && head.bits > 0)) {
      const received = `got a ${format.toUpperCase()} of ${head.width}×${head.height}, ${head.channels} channels`;
      throw new ImageError("syntax", explain({ api, action, received, rule: "needs at least one of each" }));
    }
    return { format, ...head };
  }
  const start = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const rule = `must be one of ${imageFormats.join(", ")}`;
  throw new ImageError("syntax", explain({ api, action, received: `got bytes that start with ${start}`, rule }));
}
