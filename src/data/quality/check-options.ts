/** What `checkData` can be told, and what it tells meanwhile. */

import type { Profile } from "../source/profile.ts";
import type { Source } from "../source/source.ts";
import type { LabelColumns } from "./_label-stage.ts";
import type { FilterSettings } from "./filter-settings.ts";
import type { MinHashOptions } from "./minhash.ts";
import type { Requirements } from "./requirements.ts";
import type { Rules } from "./rules.ts";

/** How far a check is. */
export interface CheckProgress {
  readonly stage:
    | "hash"
    | "test-set"
    | "scan"
    | "exact-duplicates"
    | "near-duplicates"
    | "profile"
    | "labels"
    | "write";
  readonly rows: number;
  readonly bytes: number;
  /** Share done [0, 1], where it can be told. */
  readonly share: number | null;
}

/** Options of {@link checkData}. */
export interface CheckDataOptions {
  /** What a row is. @defaultValue told by the columns: images, a text, or a table */
  readonly kind?: "text" | "image" | "table";
  /** Column with the text or image. @defaultValue the only one of its type, or the one named "text" or "image" */
  readonly column?: string;
  /** Text filters with their thresholds; see `textPresets`. @defaultValue none */
  readonly filters?: FilterSettings;
  /** What the cells of columns must be. @defaultValue nothing */
  readonly rules?: Rules;
  /** Whether rows with the same content are removed. @defaultValue true */
  readonly exactDuplicates?: boolean;
  /** How near-duplicates of texts are found; false leaves them in. @defaultValue FineWeb's 14 buckets of 8 over groups of 5 words */
  readonly nearDuplicates?: MinHashOptions | false;
  /**
   * Bits in which perceptual hashes of near-duplicate images may differ, [0, 31]; false leaves them in. Photographs want 4 to 8; small pictures
   * of simple shapes, such as digits, look alike to these hashes: leave them in.
   * @defaultValue 4
   */
  readonly imageDistance?: number | false;
  /** Test set: texts that share `againstWords` successive words with it are removed. */
  readonly against?: Source;
  /** Words that must agree, [1, 32]. @defaultValue 13, as for GPT-3 */
  readonly againstWords?: number;
  /** Profile that the data is compared with. */
  readonly reference?: Profile;
  /** Whether the columns are profiled: one more reading. @defaultValue true */
  readonly profile?: boolean;
  /** Columns by which labels are judged: suspects are listed, none is removed. @defaultValue none */
  readonly labels?: LabelColumns;
  /** Shares of splits by name, which add up to 1. @defaultValue no splits */
  readonly splits?: Readonly<Record<string, number>>;
  /** Column whose equal values stay in one split. @defaultValue the content of the row */
  readonly group?: string;
  /** Limits that the data must keep. */
  readonly requirements?: Requirements;
  /** File for the rows that stay: `.jsonl`, `.csv` or `.parquet`. @defaultValue not written */
  readonly out?: string;
  /** JSONL file for a line about each row that leaves: `row`, `reason`, and `keptRow` of duplicates. @defaultValue not written */
  readonly removed?: string;
  /** Folder for what is found out on the way; a check that was stopped goes on from it. Its files are removed at the end. @defaultValue a temporary one */
  readonly folder?: string;
  /** Whether to go on from what is in `folder`. @defaultValue false */
  readonly resume?: boolean;
  /** Rows after which what was found out is safe on disk, [1, 65536]; fewer where texts are long. @defaultValue 65536 */
  readonly shardRows?: number;
  /** Threads. @defaultValue all cores */
  readonly workers?: number;
  /** Of MinHash and splits, [0, 2^53). @defaultValue 1 */
  readonly seed?: number;
  /** Removed rows of each reason that are shown. @defaultValue 3 */
  readonly examples?: number;
  /** Stops the check with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called every now and then. */
  readonly onProgress?: (progress: CheckProgress) => void;
}
