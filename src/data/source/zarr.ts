/** Zarr arrays and groups as sources: arrays with as many rows are the columns. */

import { sizeOf } from "../../tensor/shape.ts";
import { faultOf, ReadError } from "../store/read-error.ts";
import type { Store } from "../store/store.ts";
import { type ArrayColumn, alignColumns, arraySource } from "./_array-source.ts";
import { stemOf } from "./_split-name.ts";
import { metadataV2, metadataV3, type ZarrMetadata } from "./_zarr-metadata.ts";
import { bareName, type OpenContext, type SourceFormat } from "./format.ts";
import { readJson, zarrArray } from "./zarr-array.ts";

const metadataNames = ["zarr.json", ".zarray", ".zgroup", ".zmetadata"];

/** The folder of an array or group, whichever of its files was named. */
function rootOf(location: string): string {
  const trimmed = location.replace(/[\\/]+$/, "");
  return metadataNames.includes(bareName(trimmed)) ? trimmed.replace(/[\\/]?[^\\/]*$/, "") || "." : trimmed;
}

/** Metadata of the arrays below a location, by their path; that of an array itself has its last name. */
async function arraysBelow(context: OpenContext, root: string): Promise<Map<string, () => ZarrMetadata>> {
  const { store } = context;
  const v3 = await readJson(store, `${root}/zarr.json`);
  if (v3 !== undefined) return arraysV3(context, root, v3);
  const consolidated = await readJson(store, `${root}/.zmetadata`);
  if (consolidated !== undefined) return arraysV2(consolidated["metadata"], root);
  return loneArraysV2(context, root);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

async function arraysV3(
  { store, entries }: OpenContext,
  root: string,
  json: Record<string, unknown>,
): Promise<Map<string, () => ZarrMetadata>> {
  const found = new Map<string, () => ZarrMetadata>();
  const add = (path: string, metadata: unknown): void => {
    if (isObject(metadata) && metadata["node_type"] !== "group")
      found.set(path, () => metadataV3(metadata, [root, path, "zarr.json"].filter((part) => part !== "").join("/")));
  };
  add("", json);
  const inline = json["consolidated_metadata"];
  const known = isObject(inline) && isObject(inline["metadata"]) ? inline["metadata"] : undefined;
  for (const [path, metadata] of Object.entries(known ?? {})) add(path, metadata);
  if (known !== undefined || json["node_type"] === "array") return found;
  for (const file of pathsBelow(entries, root)) {
    const path = file.replace(/\/zarr\.json$/, "");
    if (path !== file) add(path, await readJson(store, `${root}/${file}`));
  }
  return found;
}

/** The paths, from the root on, of what is listed. */
function pathsBelow(entries: OpenContext["entries"], root: string): string[] {
  const plain = (location: string): string => location.replaceAll("\\", "/").replace(/^\.\//, "");
  const start = root === "." ? "" : `${plain(root)}/`;
  return entries.flatMap(({ location }) =>
    plain(location).startsWith(start) ? [plain(location).slice(start.length)] : [],
  );
}

function arraysV2(metadata: unknown, root: string): Map<string, () => ZarrMetadata> {
  const found = new Map<string, () => ZarrMetadata>();
  for (const [key, json] of Object.entries(isObject(metadata) ? metadata : {})) {
    const path = /^(?:(.*)\/)?\.zarray$/.exec(key);
    if (path === null) continue;
    const attributes = (metadata as Record<string, unknown>)[`${path[1] === undefined ? "" : `${path[1]}/`}.zattrs`];
    found.set(path[1] ?? "", () => metadataV2(json, isObject(attributes) ? attributes : {}, `${root}/${key}`));
  }
  return found;
}

/** Version 2 without consolidated metadata: the array itself, or those in the folders of a group that have chunks (listings hide `.zarray`). */
async function loneArraysV2({ store, entries }: OpenContext, root: string): Promise<Map<string, () => ZarrMetadata>> {
  const found = new Map<string, () => ZarrMetadata>();
  const folders = pathsBelow(entries, root).flatMap((path) =>
    path.includes("/") ? [path.split("/")[0] as string] : [],
  );
  for (const path of new Set(["", ...folders])) {
    const folder = path === "" ? root : `${root}/${path}`;
    const json = await readJson(store, `${folder}/.zarray`);
    if (json === undefined) continue;
    const attributes = await readJson(store, `${folder}/.zattrs`);
    found.set(path, () => metadataV2(json, attributes ?? {}, `${folder}/.zarray`));
  }
  return found;
}

function columnOf(store: Store, root: string, path: string, metadata: ZarrMetadata): ArrayColumn {
  const array = zarrArray(store, path === "" ? root : `${root}/${path}`, metadata);
  const rowBytes = sizeOf(array.shape.slice(1)) * metadata.fill.byteLength;
  if (rowBytes === 0 && array.shape[0] !== 0) {
    const detail = `${array.shape[0]} rows of no bytes`;
    throw new ReadError({ code: "shape", source: array.location, detail }, "a row must hold something");
  }
  return {
    name: path === "" ? stemOf(root, /\.zarr$/i) || "values" : path,
    source: array.location,
    dtype: array.dtype,
    shape: array.shape,
    rowBytes,
    chunkRows: array.chunkShape[0] ?? 1,
    read: async (start, end, signal) => (await array.read([[start, end]], signal)).data,
  };
}

/** A Zarr array, or a group whose arrays with as many rows are the columns; versions 2 and 3. */
export const zarr: SourceFormat = {
  name: "zarr",
  detect: (location, entries) =>
    /\.zarr[\\/]?$/i.test(location) ||
    metadataNames.includes(bareName(location)) ||
    entries.some((entry) => bareName(entry.location) === "zarr.json"),
  open: async (context) => {
    const { location, store, entries, faults, options } = context;
    const root = rootOf(location);
    const columns: ArrayColumn[] = [];
    const arrays = await arraysBelow(context, root);
    for (const [path, metadata] of arrays)
      try {
        columns.push(columnOf(store, root, path, metadata()));
      } catch (error) {
        if (!(error instanceof ReadError) || arrays.size === 1) throw error;
        faults.report(faultOf(error, `${root}/${path}`, "syntax"), error);
      }
    if (columns.length === 0)
      throw new ReadError({ code: "empty", source: root, detail: "no array is there" }, "must hold one");
    return arraySource({
      format: "zarr",
      location,
      entries,
      faults,
      columns: alignColumns(root, columns, faults, options.split),
    });
  },
};
