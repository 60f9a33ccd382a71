/** Folders of images: one folder per class, flat, or described by a metadata file, as Hugging Face's `imagefolder` has them. */

import { ReadError } from "../store/read-error.ts";
import type { StoreEntry } from "../store/store.ts";
import type { Cell, Column, Field } from "../table.ts";
import { besideOf } from "./_beside.ts";
import { ImageFolderSource, type ImageRow } from "./_image-folder-source.ts";
import { isSplitName } from "./_split-name.ts";
import { bareName, dataEntries, hasExtension, type OpenContext, type SourceFormat } from "./format.ts";

const extensions = [".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"];
const metadataName = /^metadata\.(jsonl|csv)$/;

/** A file with its folders below the root, split aside. */
interface Placed {
  readonly entry: StoreEntry;
  readonly path: readonly string[];
  readonly split: string | undefined;
}

function plain(location: string): string {
  return location.replaceAll("\\", "/").replace(/^\.\//, "");
}

/**
 * Where each file lies: below the location, or below what all have in common where that is a pattern. A folder at the top that is named like
 * a split is one.
 */
function place(location: string, entries: readonly StoreEntry[]): Placed[] {
  const folders = entries.map((entry) => plain(entry.location).replace(/[^/]*$/, ""));
  const named = `${plain(location).replace(/\/+$/, "")}/`;
  let base = folders.every((folder) => folder.startsWith(named)) ? named : (folders[0] ?? "");
  while (!folders.every((folder) => folder.startsWith(base))) base = base.replace(/[^/]*\/$/, "");
  return entries.map((entry) => {
    const path = plain(entry.location).slice(base.length).split("/");
    const split = path.length > 1 && isSplitName(path[0] as string) ? path[0]?.toLowerCase() : undefined;
    return { entry, path: split === undefined ? path : path.slice(1), split };
  });
}

/** The files of one split, where there are splits. A file outside of them is a fault. */
function chooseSplit({ location, options, faults }: OpenContext, placed: readonly Placed[]): readonly Placed[] {
  const splits = [...new Set(placed.flatMap(({ split }) => split ?? []))];
  if (splits.length === 0 && options.split === undefined) return placed;
  const chosen = options.split ?? (splits.includes("train") ? "train" : splits[0]);
  if (chosen === undefined || !splits.includes(chosen)) {
    const names = splits.map((name) => `"${name}"`).join(", ");
    const rule = splits.length === 0 ? "the folder has none" : `must be one of ${names}`;
    throw new ReadError({ code: "schema", source: location, detail: `there is no split "${chosen}"` }, rule);
  }
  for (const { entry, split } of placed)
    if (split === undefined)
      faults.report({ code: "schema", source: entry.location, detail: "lies outside of the folders of the splits" });
  return placed.filter(({ split }) => split === chosen);
}

/** The classes, of images that all lie in folders: the folder is the class. */
function classesOf(images: readonly Placed[]): string[] | undefined {
  if (images.some(({ path }) => path.length < 2)) return undefined;
  return [...new Set(images.map(({ path }) => path.slice(0, -1).join("/")))].sort();
}

/** Rows of images that no metadata describes. */
function plainRows(images: readonly Placed[]): { rows: ImageRow[]; fields: Field[]; columns: Record<string, Column> } {
  const rows = images.map(({ entry, path }) => ({ entry, name: path.join("/") }));
  const classes = classesOf(images);
  if (classes === undefined) return { rows, fields: [], columns: {} };
  const own = images.map(({ path }) => path.slice(0, -1).join("/"));
  const numbers = new Map(classes.map((name, number) => [name, number]));
  return {
    rows,
    fields: [
      { name: "label", type: "int32", nullable: false },
      { name: "class", type: "string", nullable: false },
    ],
    columns: { label: Int32Array.from(own, (name) => numbers.get(name) as number), class: own },
  };
}

/** Cells as a column of the kind that `like` is. */
function columnOf(cells: readonly Cell[], like: Column | undefined): Column {
  if (like === undefined || Array.isArray(like)) return cells;
  const Elements = like.constructor as unknown as { from(values: readonly Cell[]): Column };
  return Elements.from(cells);
}

/** Rows as the metadata lists them. Images that it does not name, and names of no image, are faults. */
async function describedRows(
  { openAs, faults }: OpenContext,
  images: readonly Placed[],
  metadata: StoreEntry,
): Promise<{ rows: ImageRow[]; fields: Field[]; columns: Record<string, Column> }> {
  const isCsv = hasExtension(metadata.location, [".csv"]);
  await using table = await openAs(isCsv ? "csv" : "jsonl", [metadata], isCsv ? { header: true } : {});
  const source = metadata.location;
  if (!table.schema.some(({ name }) => name === "file_name")) {
    const detail = `its columns are ${table.schema.map(({ name }) => `"${name}"`).join(", ")}`;
    throw new ReadError({ code: "schema", source, detail }, 'one must be "file_name"');
  }
  const fields = table.schema.filter(({ name }) => !["file_name", "image", "width", "height"].includes(name));
  const byLocation = new Map(images.map(({ entry, path }) => [plain(entry.location), { entry, name: path.join("/") }]));
  const rows: ImageRow[] = [];
  const cells: Cell[][] = fields.map(() => []);
  let like: Readonly<Record<string, Column>> = {};
  for await (const slice of table.read()) {
    like = slice.columns;
    const names = slice.columns["file_name"] as readonly unknown[];
    for (let i = 0; i < slice.numRows; i++) {
      const name = String(names[i]);
      const location = besideOf(source, name);
      const found = byLocation.get(plain(location ?? ""));
      if (found === undefined) {
        const code = location === undefined ? "unsafe-path" : "schema";
        const detail = `names the image ${JSON.stringify(name.slice(0, 200))}, which ${location === undefined ? "leaves the folder" : "is not there"}`;
        faults.report({ code, source, row: slice.rows[i] as number, detail });
        continue;
      }
      rows.push(found);
      for (const [j, field] of fields.entries()) cells[j]?.push(slice.columns[field.name]?.[i] as Cell);
    }
  }
  const named = new Set(rows.map(({ entry }) => entry.location));
  for (const { entry } of images)
    if (!named.has(entry.location))
      faults.report({ code: "schema", source: entry.location, detail: `no row of "${source}" names this image` });
  const columns = fields.map(({ name }, j) => [name, columnOf(cells[j] as Cell[], like[name])] as const);
  return { rows, fields, columns: Object.fromEntries(columns) };
}

/**
 * A folder of images. Columns: `image` (the file as it is, read when it is asked for), `file_name`, `width` and `height` (from the header),
 * then `label` and `class` where each image lies in a folder of its class, or the columns of `metadata.jsonl` or `metadata.csv`.
 */
export const imageFolder: SourceFormat = {
  name: "image-folder",
  detect: (_, entries) => {
    const data = dataEntries(entries).filter(({ location }) => !metadataName.test(bareName(location)));
    return data.length > 0 && data.every(({ location }) => hasExtension(location, extensions));
  },
  open: async (context) => {
    const { location, entries, faults, store, options } = context;
    const placed = chooseSplit(context, place(location, dataEntries(entries)));
    const images = placed.filter(({ entry }) => hasExtension(entry.location, extensions));
    const descriptions = placed.filter(({ entry }) => metadataName.test(bareName(entry.location)));
    if (images.length === 0)
      throw new ReadError({ code: "empty", source: location, detail: "no image is there" }, "must hold one");
    if (descriptions.length > 1) {
      const detail = `${descriptions.length} metadata files, as "${descriptions[1]?.path.join("/")}"`;
      throw new ReadError({ code: "schema", source: location, detail }, "one describes all images of a split");
    }
    const [metadata] = descriptions;
    const { rows, fields, columns } =
      metadata === undefined ? plainRows(images) : await describedRows(context, images, metadata.entry);
    const { maxRowBytes } = options;
    return new ImageFolderSource({
      location,
      store,
      faults,
      rows,
      fields,
      columns,
      ...(maxRowBytes === undefined ? {} : { maxRowBytes }),
    });
  },
};
