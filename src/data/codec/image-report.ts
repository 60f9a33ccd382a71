/** Which image codec to use: bytes, likeness and speed, measured on one's own images. */

import { explain } from "../../base/errors.ts";
import type { Image } from "../image.ts";
import { decodeImage, type EncodeImageOptions, encodeImage } from "./image.ts";
import { psnr, ssim } from "./image-similarity.ts";

/** One row of the report; sums and means are over the images. */
export interface ImageCodecRow {
  readonly candidate: EncodeImageOptions;
  /** `"jpeg 95 4:4:4"`, `"png"`, `"webp lossless"`. */
  readonly name: string;
  /** Of all images [bytes]. */
  readonly sizeBytes: number;
  /** Bytes of the pixels for each byte of the files. */
  readonly ratio: number;
  /** Of the mean squared error over all images [dB]; infinity if nothing is lost. */
  readonly psnr: number;
  /** Mean and worst; NaN if no image is as large as its window. */
  readonly ssim: number;
  readonly worstSsim: number;
  /** Images a second, one at a time. */
  readonly encodePerSecond: number;
  readonly decodePerSecond: number;
}

/** What a candidate is called. */
function nameOf({ format, quality, lossless, chroma }: EncodeImageOptions): string {
  if (format === "png") return "png";
  return [format, lossless === true ? "lossless" : (quality ?? "default"), lossless === true ? "" : (chroma ?? "")]
    .filter((part) => part !== "")
    .join(" ");
}

/**
 * Encodes and decodes images with each candidate and says what that costs. A gate, no verdict: whether a model minds the loss, only
 * training on the decoded images tells.
 *
 * @param images - 8-bit images; a few dozen typical ones.
 * @param candidates - As {@link encodeImage} takes them.
 * @param repeats - Times that each image is encoded and decoded; the fastest pass counts.
 * @returns One row for each candidate, in order.
 * @throws RangeError if there is no image.
 *
 * @example JPEG against PNG
 * ```ts
 * import assert from "node:assert/strict";
 * import { image } from "cameo/data";
 * import { compareImageCodecs } from "cameo/data/codec";
 *
 * const ramp = image(Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => i / 12), 32, 32, 3);
 * const [jpeg, png] = await compareImageCodecs([ramp], [{ format: "jpeg", quality: 80 }, { format: "png" }]);
 * assert.equal(png?.psnr, Infinity);
 * assert.ok((jpeg?.psnr ?? 0) > 25 && (jpeg?.ssim ?? 0) < 1);
 * ```
 */
export async function compareImageCodecs(
  images: readonly Image<Uint8Array>[],
  candidates: readonly EncodeImageOptions[],
  repeats = 1,
): Promise<ImageCodecRow[]> {
  if (images.length === 0)
    throw new RangeError(
      explain({ api: "compareImageCodecs", action: "compare codecs", received: "got no image", rule: "needs one" }),
    );
  const rows: ImageCodecRow[] = [];
  for (const candidate of candidates) rows.push(await measure(images, candidate, repeats));
  return rows;
}

/** The seconds that `run` takes for all images, the least of some passes, and the results of the last. */
async function timed<T>(repeats: number, count: number, run: (index: number) => Promise<T>): Promise<[number, T[]]> {
  let seconds = Infinity;
  let results: T[] = [];
  for (let pass = 0; pass < Math.max(1, repeats); pass++) {
    results = [];
    const start = performance.now();
    for (let index = 0; index < count; index++) results.push(await run(index));
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return [seconds, results];
}

async function measure(
  images: readonly Image<Uint8Array>[],
  candidate: EncodeImageOptions,
  repeats: number,
): Promise<ImageCodecRow> {
  const at = (index: number): Image<Uint8Array> => images[index] as Image<Uint8Array>;
  const [encodeSeconds, files] = await timed(repeats, images.length, (index) => encodeImage(at(index), candidate));
  const [decodeSeconds, decoded] = await timed(repeats, images.length, (index) => {
    const { channels } = at(index); // asked for, because some formats give grey back as RGB
    return decodeImage(files[index] as Uint8Array, channels === 2 ? {} : { channels: channels as 1 | 3 | 4 });
  });
  const values = images.reduce((sum, { data }) => sum + data.length, 0);
  const sizeBytes = files.reduce((sum, file) => sum + file.length, 0);
  const squares = decoded.reduce((sum, back, i) => sum + 10 ** (-psnr(at(i), back) / 10) * back.data.length, 0);
  const likeness = decoded.flatMap((back, i) => (Math.min(back.width, back.height) < 11 ? [] : [ssim(at(i), back)]));
  return {
    candidate,
    name: nameOf(candidate),
    sizeBytes,
    ratio: values / sizeBytes,
    psnr: squares === 0 ? Infinity : -10 * Math.log10(squares / values),
    ssim: likeness.reduce((sum, value) => sum + value, 0) / likeness.length,
    worstSsim: likeness.length === 0 ? Number.NaN : Math.min(...likeness),
    encodePerSecond: images.length / encodeSeconds,
    decodePerSecond: images.length / decodeSeconds,
  };
}
