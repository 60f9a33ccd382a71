/** One column of one part of a pack. */

import { createHash } from "node:crypto";
import type { Column, Field } from "../table.ts";
import type { AchievedError } from "./achieved-error.ts";
import { type ColumnEncoding, encodeColumn } from "./column-codec.ts";

/** A column to compress. */
export interface PackTask {
  readonly values: Column;
  readonly field: Field;
  readonly encoding: ColumnEncoding;
}

/** It compressed. */
export interface PackAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
  readonly error: AchievedError | undefined;
}

/** Compresses one column. */
export function packColumn({ values, field, encoding }: PackTask): PackAnswer {
  const { bytes, error } = encodeColumn(values, field, encoding);
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex"), error };
}
