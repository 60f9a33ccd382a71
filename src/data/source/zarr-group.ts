/** Writes Zarr groups of version 3. */

import { explain } from "../../base/errors.ts";
import { storeOf } from "../store/store-of.ts";
import type { WriteZarrOptions } from "./zarr-writer.ts";

/**
 * Writes a Zarr group of version 3, which holds arrays and groups in folders below it.
 *
 * @param location - Folder or `s3://` location.
 * @param options - Attributes of the group, and how the location is reached.
 *
 * @example A data set of two columns
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, readdir } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { tensor } from "cameo";
 * import { writeZarr, writeZarrGroup } from "cameo/data/source";
 *
 * const folder = await mkdtemp(join(tmpdir(), "zarr-"));
 * await writeZarr(join(folder, "x"), tensor("float32", [2, 2], [1, 2, 3, 4]));
 * await writeZarr(join(folder, "y"), tensor("uint8", [2], [0, 1]));
 * await writeZarrGroup(folder, { attributes: { made: "by hand" } });
 * assert.deepEqual((await readdir(folder)).sort(), ["x", "y", "zarr.json"]);
 * ```
 */
export async function writeZarrGroup(
  location: string,
  options: Pick<WriteZarrOptions, "store" | "attributes"> = {},
): Promise<void> {
  const store = options.store ?? storeOf(location);
  if (store.write === undefined) {
    const received = `got a store of kind "${store.kind}"`;
    throw new RangeError(
      explain({ api: "writeZarrGroup", action: "write a group", received, rule: "must take writing" }),
    );
  }
  const json = { zarr_format: 3, node_type: "group", attributes: options.attributes ?? {} };
  const text = `${JSON.stringify(json, null, 2)}\n`;
  await store.write(`${location.replace(/[\\/]+$/, "")}/zarr.json`, new TextEncoder().encode(text));
}
