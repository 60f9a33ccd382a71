/** What a check says about data, for machines: the record that goes with a data set. */

import type { Fault, FaultCode } from "../fault.ts";
import type { Profile } from "../source/profile.ts";
import type { DriftReport } from "./drift.ts";
import type { RemovalReason } from "./reasons.ts";

/** Names the form of a certificate; the number counts up when its meaning changes. */
export const certificateSchema = "cameo/data-certificate/1";

/** One file that was read or written. */
export interface CertifiedFile {
  readonly location: string;
  readonly sizeBytes: number;
  /** SHA-256 of its bytes; null if it could not be read again. */
  readonly sha256: string | null;
}

/** What one stage did. */
export interface StageRecord {
  readonly name: "integrity" | "exact-duplicates" | "near-duplicates" | "filters" | "leakage";
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** Rows that left, by code. */
  readonly removed: Partial<Record<RemovalReason | FaultCode, number>>;
  /** What it measured against. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A row that was removed, for people to judge. */
export interface RemovedExample {
  readonly row: number;
  readonly reason: RemovalReason | FaultCode;
  /** The beginning of its content. */
  readonly excerpt: string;
  /** The row that stays in its place, when it is a duplicate. */
  readonly keptRow?: number;
  readonly keptExcerpt?: string;
}

/** A condition that was set for the data. */
export interface RequirementRecord {
  readonly name: string;
  readonly limit: number;
  readonly value: number;
  readonly passed: boolean;
}

/** What is suspect about labels. Nothing is removed for it: people must look. */
export interface LabelRecord {
  readonly columns: { readonly label: string; readonly probabilities?: string; readonly embeddings?: string };
  /** From predicted probabilities; the most suspect 100 rows are listed. */
  readonly confidentLearning: {
    readonly numErrors: number;
    readonly noiseRate: number;
    readonly thresholds: readonly number[];
    readonly joint: readonly (readonly number[])[];
    readonly errors: readonly {
      readonly row: number;
      readonly given: number;
      readonly suggested: number;
      readonly selfConfidence: number;
    }[];
  } | null;
  /** From embeddings: rows of which more than half of the neighbours disagree. */
  readonly neighbours: {
    readonly neighbours: number;
    readonly numSuspects: number;
    readonly suspects: readonly { readonly row: number; readonly given: number; readonly score: number }[];
  } | null;
}

/** The certificate. Rows in are always rows out, rows removed and rows set aside together. */
export interface Certificate {
  readonly schema: typeof certificateSchema;
  /** Whether all requirements are met. */
  readonly passed: boolean;
  readonly createdAt: string;
  readonly seconds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly input: {
    readonly location: string;
    readonly format: string;
    readonly fingerprint: string;
    /** The first 1,000. */
    readonly files: readonly CertifiedFile[];
    readonly numFiles: number;
    /** SHA-256 of the list of all files as `sha256sum` would print it, in order. */
    readonly filesSha256: string;
    readonly rows: number;
    readonly contentBytes: number;
    /** Sum of the rows' 128-bit hashes mod 2^128, in hexadecimal: the same for the same rows in any order. */
    readonly contentHash: string;
  };
  readonly output: {
    readonly file: CertifiedFile | null;
    readonly rows: number;
    readonly contentHash: string;
    /** Rows by split, when there are splits. */
    readonly splits: Readonly<Record<string, number>> | null;
  };
  /** In the order in which they ran. */
  readonly stages: readonly StageRecord[];
  readonly rowsRemoved: number;
  readonly rowsQuarantined: number;
  /** Everything that was reported while reading, also of whole files. */
  readonly faults: readonly Fault[];
  readonly examples: readonly RemovedExample[];
  readonly profile: Profile | null;
  readonly drift: DriftReport | null;
  readonly labels: LabelRecord | null;
  readonly requirements: readonly RequirementRecord[];
}
