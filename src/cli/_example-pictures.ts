/** Small pictures of the example rows of a certificate. */

import { pipeline } from "../data/augment/pipeline.ts";
import { decodeImage, encodeImage } from "../data/codec/image.ts";
import type { Image } from "../data/image.ts";
import type { Certificate } from "../data/quality/certificate.ts";
import type { Source } from "../data/source/source.ts";

/** Longest side [pixels]: sharp on a dense screen at the height of a card's picture. */
const longestSide = 192;

/**
 * Reads the rows once more and makes their images small.
 *
 * @param examples - Rows that left, and those that stay in their place.
 * @returns `data:` URIs by row; none of rows that do not decode, and none at all where the source holds no encoded images.
 */
export async function examplePictures(
  source: Source,
  examples: Certificate["examples"],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  const column = source.schema.find(({ type }) => type === "image")?.name;
  const wanted = new Set(examples.flatMap(({ row, keptRow = row }) => [row, keptRow]));
  const pictures = new Map<number, string>();
  if (column === undefined || wanted.size === 0) return pictures;
  const { run } = pipeline({ version: 1, steps: [{ op: "LongestMaxSize", size: longestSide }] });
  const range = { start: Math.min(...wanted), end: Math.max(...wanted) + 1 };
  for await (const { columns, rows } of source.read({ columns: [column], ...range, batchRows: 64, signal }))
    for (const [i, row] of rows.entries()) {
      const cell = columns[column]?.[i];
      if (!wanted.has(row) || !(cell instanceof Uint8Array)) continue;
      try {
        const { image } = run({ image: await decodeImage(cell, { channels: 3 }) }, { sample: row }).scene;
        const bytes = await encodeImage(image as Image<Uint8Array>, { format: "webp", quality: 80 });
        pictures.set(row, `data:image/webp;base64,${Buffer.from(bytes).toString("base64")}`);
      } catch {
        // The page names the file; a row that does not decode is a finding of the check, not of this.
      }
    }
  return pictures;
}
