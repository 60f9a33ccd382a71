/** SHA-256 of the files of a source, held against the sums that came with them. */

import { createHash } from "node:crypto";
import { isCameoError } from "../../base/errors.ts";
import type { FaultLog } from "../fault.ts";
import type { Source } from "../source/source.ts";
import type { Store } from "../store/store.ts";
import { storeOf } from "../store/store-of.ts";
import type { Certificate, CertifiedFile } from "./certificate.ts";

/** The hash of one file; null if it cannot be read. */
export async function hashFile(location: string, signal?: AbortSignal): Promise<string | null> {
  const sum = createHash("sha256");
  try {
    for await (const bytes of storeOf(location).stream(location, signal === undefined ? {} : { signal }))
      sum.update(bytes);
    return sum.digest("hex");
  } catch (error) {
    if (isCameoError(error, "data")) return null; // a member of an archive, or a name that no store knows
    throw error;
  }
}

/** Files that a certificate lists; of a folder with millions of images the hash of all is enough. */
const listed = 1000;

/**
 * Hashes the files of a source. A sum that came with a file, in `<file>.sha256` or in `SHA256SUMS` of its folder, must be its own: what
 * differs is reported as a fault.
 */
export async function hashFiles(
  source: Source,
  faults: FaultLog,
  onBytes: (sizeBytes: number) => void,
  signal?: AbortSignal,
): Promise<Pick<Certificate["input"], "files" | "numFiles" | "filesSha256">> {
  const all = createHash("sha256");
  const listings = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const files: CertifiedFile[] = [];
  for (const { location, sizeBytes } of source.files) {
    signal?.throwIfAborted();
    const sha256 = await hashFile(location, signal);
    if (files.length < listed) files.push({ location, sizeBytes, sha256 });
    all.update(`${sha256 ?? "-"}  ${location}\n`);
    onBytes(sizeBytes);
    if (sha256 === null) continue;
    const [, folder = "", name = ""] = /^(.*\/)?([^/]*)$/.exec(location) ?? [];
    const store = storeOf(location);
    const sums = listings.get(folder) ?? readSums(store, `${folder}SHA256SUMS`);
    listings.set(folder, sums);
    const own = await readSums(store, `${location}.sha256`);
    const promised = own.get(name) ?? own.get("") ?? (await sums).get(name);
    if (promised !== undefined && promised !== sha256)
      faults.report({ code: "checksum", source: location, detail: `SHA-256 is ${sha256}, ${promised} was promised` });
  }
  return { files, numFiles: source.files.length, filesSha256: all.digest("hex") };
}

/** Sums by file name, as `sha256sum` writes them; a lone sum has the name "". */
async function readSums(store: Store, location: string): Promise<ReadonlyMap<string, string>> {
  if (store.kind !== "file") return new Map(); // a request for each file that may not be there costs more than it finds
  try {
    const { sizeBytes } = await store.head(location);
    if (sizeBytes > 2 ** 26) return new Map();
    const text = Buffer.from(await store.read(location)).toString();
    const lines = text.split("\n").map((line) => /^([0-9a-f]{64})(?:[ *]+(?:\.\/)?(.*))?$/i.exec(line.trim()));
    return new Map(
      lines.flatMap((match) => (match === null ? [] : [[match[2] ?? "", (match[1] as string).toLowerCase()]])),
    );
  } catch (error) {
    if (isCameoError(error, "data")) return new Map();
    throw error;
  }
}
