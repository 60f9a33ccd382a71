/** What differs between formats of records: text, JSONL and CSV. */

import type { FaultCode } from "../fault.ts";
import type { Schema } from "../table.ts";
import type { RecordFinder } from "./_records.ts";

/** Why a record is no row. */
export interface RecordFault {
  readonly code: FaultCode;
  readonly detail: string;
}

/** Cells of a record in the order of the columns that were asked for, or what is wrong with it. */
export type Decoded = readonly unknown[] | RecordFault;

/** Whether decoding failed. */
export function isRecordFault(decoded: Decoded): decoded is RecordFault {
  return !Array.isArray(decoded);
}

/** See {@link RecordSource}. */
export interface RecordFormat {
  readonly name: string;
  readonly schema: Schema;
  /** A new finder of record ends. */
  finder(): RecordFinder;
  /** Whether a record is a row; empty lines of JSONL and CSV are not. */
  isRow(bytes: Buffer, start: number, end: number): boolean;
  /** Decodes the text of records into the columns of the schema with these indices. */
  decoder(columns: readonly number[]): (texts: readonly string[]) => readonly Decoded[];
}

/** Whether a record holds more than white space. */
export function isNotBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 32) return true;
  return false;
}
