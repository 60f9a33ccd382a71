/** What the files of a WebDataset sample hold, told by their extensions. */

import type { Cell, Field } from "../table.ts";
import { FaultError } from "./fault-error.ts";

/** How the content of a field is read. */
export interface TarField {
  readonly type: Field["type"];
  /** Throws FaultError if the bytes are no such content. */
  decode(bytes: Uint8Array<ArrayBuffer>): Cell;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new FaultError("utf8", "text that is not UTF-8", undefined, { cause });
  }
}

const asIs = (type: Field["type"]): TarField => ({ type, decode: (bytes) => bytes });

const text: TarField = { type: "string", decode: textOf };

/** A class number or a count, in ASCII digits. */
const integer: TarField = {
  type: "int64",
  decode: (bytes) => {
    const digits = bytes.length > 64 ? "" : textOf(bytes).trim();
    if (!/^[+-]?\d+$/.test(digits)) throw new FaultError("syntax", "a class that is no integer");
    const value = BigInt(digits);
    if (BigInt.asIntN(64, value) !== value) throw new FaultError("range", `${digits} does not fit in 64 bits`);
    return value;
  },
};

const json: TarField = {
  type: "json",
  decode: (bytes) => {
    const content = textOf(bytes);
    try {
      return JSON.parse(content) as Cell;
    } catch (cause) {
      throw new FaultError("syntax", "text that is no JSON", undefined, { cause });
    }
  },
};

const byExtension: Readonly<Record<string, TarField>> = {
  ...Object.fromEntries(["txt", "text", "transcript", "html", "htm"].map((name) => [name, text])),
  ...Object.fromEntries(["cls", "cls2", "class", "count", "index", "inx", "id"].map((name) => [name, integer])),
  ...Object.fromEntries(["json", "jsn"].map((name) => [name, json])),
  ...Object.fromEntries(
    ["jpg", "jpeg", "png", "webp", "avif", "gif", "tif", "tiff", "bmp", "ppm", "pgm", "pbm", "img", "image"].map(
      (name) => [name, asIs("image")],
    ),
  ),
};

/** How a field is read: by its last extension (`seg.png` is an image), as bytes where that says nothing. */
export function tarField(field: string): TarField {
  return byExtension[field.slice(field.lastIndexOf(".") + 1)] ?? asIs("bytes");
}
