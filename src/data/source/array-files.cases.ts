/** The array files that NumPy and zarr-python made (fixtures/arrays), in memory and on disk, and ways to open them. */

import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DataError } from "../../base/errors.ts";
import { FaultLog } from "../fault.ts";
import type { Store, StoreEntry } from "../store/store.ts";
import type { SourceFormat } from "./format.ts";
import type { OpenSourceOptions } from "./open.ts";
import type { Source } from "./source.ts";

const folder = join("fixtures", "arrays");
const json = <Value>(name: string): Value => JSON.parse(readFileSync(join(folder, name), "utf8")) as Value;

/** Content by path. */
export const arrayFiles: ReadonlyMap<string, Uint8Array> = new Map(
  Object.entries(json<Record<string, string>>("files.json")).map(([path, text]) => [path, Buffer.from(text, "base64")]),
);

/** What the arrays hold: 64-bit integers as text, complex numbers as pairs, 16-bit floats as bits, NaN as null. */
export interface ExpectedArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | string | null)[];
}

/** Values by path, and by path of the array inside of a file. */
export const expectedArrays: Readonly<Record<string, ExpectedArray>> = json("expected.json");

/** Values in the form of {@link ExpectedArray.values}. */
export function plainValues(values: Iterable<unknown>): unknown[] {
  return Array.from(values, (value) => {
    if (typeof value === "bigint") return String(value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
    return typeof value === "number" && Number.isNaN(value) ? null : value;
  });
}

/** A store of these files, that counts what is asked of it. */
export function memoryStore(files: ReadonlyMap<string, Uint8Array>): Store & { readonly reads: string[] } {
  const reads: string[] = [];
  const find = (location: string): Uint8Array => {
    const found = files.get(location);
    if (found !== undefined) return found;
    throw new DataError(`data: cannot read "${location}": there is no such object, must exist`, { source: location });
  };
  const entry = (location: string): StoreEntry => ({ location, sizeBytes: find(location).length, version: "1" });
  const read: Store["read"] = async (location, { start = 0, end } = {}) => {
    reads.push(`${location} ${start}-${end ?? ""}`);
    return Uint8Array.from(find(location).subarray(start, end));
  };
  return {
    kind: "http",
    reads,
    head: async (location) => entry(location),
    list: async (location) =>
      [...files.keys()]
        .filter((path) => path === location || path.startsWith(`${location}/`))
        .sort()
        .map(entry),
    read,
    stream: async function* (location, options) {
      yield await read(location, options);
    },
  };
}

/** Opens what lies at a location of a store. */
export async function openFormat(
  format: SourceFormat,
  store: Store,
  location: string,
  options: OpenSourceOptions = {},
): Promise<Source> {
  const entries = await store.list(location);
  const openAs = (): never => {
    throw new Error("no other format is opened here");
  };
  return format.open({ location, entries, store, faults: options.faults ?? new FaultLog(), options, openAs });
}

/** A new folder with these files in it. */
export async function folderOf(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "cameo-arrays-"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

/** Serves files by path, with ranges, until it is disposed. */
export async function serveFiles(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const content = files.get(decodeURIComponent(new URL(request.url ?? "", "http://x").pathname.slice(1)));
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(first ?? 0);
    const end = last === undefined || last === "" ? content.length : Math.min(content.length, Number(last) + 1);
    response.writeHead(first === undefined ? 200 : 206, {
      "content-length": end - start,
      ...(first === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${content.length}` }),
    });
    response.end(request.method === "HEAD" ? undefined : content.subarray(start, end));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
