/**
 * Samples of a WebDataset archive, found in one pass over its headers.
 *
 * @source https://github.com/webdataset/webdataset, tariterators.py (version 1.0): which members belong together.
 */

import { FaultError } from "./fault-error.ts";
import type { ShardFile } from "./shard-file.ts";
import { scanTar, type TarFault, type TarMember } from "./tar-scan.ts";

/** Where each field of each sample is. Members are numbered in the order of the archive; the files of a sample are neighbours. */
export interface TarIndex {
  readonly keys: readonly string[];
  /** Names of fields: what follows the first dot of a file's name, in lower case. */
  readonly fields: readonly string[];
  /** First member of each sample, and the count of all. */
  readonly firstMembers: Uint32Array;
  /** By member: its field, and its content's first byte and size. */
  readonly fieldOf: Uint16Array;
  readonly offsets: Float64Array;
  readonly sizes: Float64Array;
}

/** Fields that an archive can have: more would be names that are no fields. */
const maxFields = 1024;

/**
 * Splits a name into key and field as WebDataset does: the key ends at the first dot after the last slash.
 *
 * @returns Null for a name without both.
 */
export function splitName(name: string): { key: string; field: string } | null {
  const base = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", base);
  return dot <= base ? null : { key: name.slice(0, dot), field: name.slice(dot + 1).toLowerCase() };
}

/**
 * Indexes an archive. Files whose names have no key or no field, and names such as `__this__`, are no part of a sample and are passed over,
 * as WebDataset does. A sample with the same field twice, or of which a file is refused, is left out and reported; so is one that the end of
 * a damaged archive cuts, for the next one might have been its continuation.
 *
 * @param file - The archive.
 * @param onFault - Called for each fault.
 */
export async function indexTar(file: ShardFile, onFault: (fault: TarFault) => void): Promise<TarIndex> {
  const keys: string[] = [];
  const fields = new Map<string, number>();
  const firstMembers: number[] = [];
  const fieldOf: number[] = [];
  const offsets: number[] = [];
  const sizes: number[] = [];
  let key: string | undefined;
  let fault: TarFault | undefined;
  const seen = new Set<number>();

  const begin = (next: string | undefined): void => {
    if (fault !== undefined) {
      // Members of the sample at hand go again.
      const first = firstMembers.pop() as number;
      keys.pop();
      for (const list of [fieldOf, offsets, sizes]) list.length = first;
      onFault({ ...fault, numRows: 1 });
    }
    fault = undefined;
    seen.clear();
    key = next;
    if (next === undefined) return;
    keys.push(next);
    firstMembers.push(fieldOf.length);
  };

  const member = ({ name, offset, sizeBytes }: TarMember): void => {
    const parts = splitName(name);
    if (parts === null || /^__[^/]*__($|\/)/.test(name)) return;
    if (parts.key !== key) begin(parts.key);
    let field = fields.get(parts.field);
    if (field === undefined) {
      field = fields.size;
      if (field === maxFields) {
        const detail = `more than ${maxFields} different fields; ${JSON.stringify(name.slice(0, 80))} is one more`;
        fault ??= { error: new FaultError("schema", detail, offset), name };
        return;
      }
      fields.set(parts.field, field);
    }
    if (seen.has(field))
      fault ??= {
        error: new FaultError("syntax", `${JSON.stringify(name.slice(0, 80))} is there twice`, offset),
        name,
      };
    seen.add(field);
    fieldOf.push(field);
    offsets.push(offset);
    sizes.push(sizeBytes);
  };

  await scanTar(file, member, (found) => {
    const parts = found.name === undefined ? null : splitName(found.name);
    if (found.name !== undefined && parts?.key !== key) {
      // A sample of its own is refused, or a file that is none. What follows under the same key belongs to it.
      if (parts === null) return onFault(found);
      begin(parts.key);
    }
    if (key === undefined) return onFault(found);
    fault ??= found;
  });
  begin(undefined);
  return {
    keys,
    fields: [...fields.keys()],
    firstMembers: Uint32Array.from([...firstMembers, fieldOf.length]),
    fieldOf: Uint16Array.from(fieldOf),
    offsets: Float64Array.from(offsets),
    sizes: Float64Array.from(sizes),
  };
}
