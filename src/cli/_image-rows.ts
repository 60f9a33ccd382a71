/** The images of a source, decoded, with a name each. */

import { messageOf } from "../base/errors.ts";
import { decodeImage } from "../data/codec/image.ts";
import { ImageError } from "../data/codec/image-error.ts";
import { type Image, image } from "../data/image.ts";
import type { Source } from "../data/source/source.ts";
import type { Field } from "../data/table.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { usageError } from "./command.ts";

/** An image of a source. */
export interface ImageRow {
  /** Of the file without its extension, or the row's number. */
  readonly name: string;
  readonly image: Image;
}

/** Whether a column holds images: encoded ones, or grey or colour pixels in bytes. */
function holdsImages({ type, element, shape = [] }: Field): boolean {
  if (type !== "tensor") return type === "image";
  return element === "uint8" && (shape.length === 2 || (shape.length === 3 && [1, 3, 4].includes(shape[2] as number)));
}

/**
 * Reads the images of a source in order. What does not decode is reported to the source's faults.
 *
 * @param command - Who asks, for the error when there is no column of images.
 */
export async function* imageRows(source: Source, command: string, signal: AbortSignal): AsyncGenerator<ImageRow> {
  const field = source.schema.find(holdsImages);
  if (field === undefined) {
    const columns = source.schema.map(({ name, type }) => `${name} (${type})`).join(", ");
    throw usageError(
      command,
      `find images in "${source.location}"`,
      `got the columns ${columns}`,
      "one must hold images",
    );
  }
  const named = source.schema.some(({ name }) => name === "file_name") ? ["file_name"] : [];
  for await (const { columns, rows } of source.read({ columns: [field.name, ...named], batchRows: 64, signal }))
    for (const [i, row] of rows.entries()) {
      const cell = columns[field.name]?.[i] as Uint8Array | Tensor;
      const file = columns["file_name"]?.[i];
      const name = typeof file === "string" && !leavesFolder(file) ? file.replace(/\.[^./]+$/, "") : String(row);
      try {
        yield { name, image: cell instanceof Uint8Array ? await decodeImage(cell) : pixelsOf(cell) };
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        source.faults.report({ code: error.fault, source: source.location, row, detail: messageOf(error) }, error);
      }
    }
}

/** Whether a name would be written outside of the folder it is put into. */
function leavesFolder(name: string): boolean {
  return /^([/\\]|[a-z]:)/i.test(name) || name.split(/[/\\]/).includes("..");
}

function pixelsOf({ data, shape }: Tensor): Image {
  const [height = 1, width = 1, channels = 1] = shape;
  return image(data as Uint8Array, width, height, channels);
}
