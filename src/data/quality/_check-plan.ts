/** What a check does, with everything filled in: two checks with the same plan find the same. */

import { readFileSync } from "node:fs";
import { explain } from "../../base/errors.ts";
import type { Source } from "../source/source.ts";
import type { ColumnType } from "../table.ts";
import type { CheckDataOptions } from "./check-options.ts";
import type { FilterSettings } from "./filter-settings.ts";
import type { MinHashOptions } from "./minhash.ts";
import type { Rules } from "./rules.ts";

/** See {@link planOf}. */
export interface CheckPlan {
  readonly location: string;
  readonly fingerprint: string;
  readonly kind: "text" | "image" | "table";
  readonly columns: readonly string[];
  readonly rules: Rules;
  readonly exactDuplicates: boolean;
  readonly minHash: Required<MinHashOptions> | null;
  readonly imageDistance: number | null;
  readonly filters: FilterSettings;
  readonly against: string | null;
  /** Of the test set: with another one than before, a check begins anew. */
  readonly againstFingerprint: string | null;
  readonly againstWords: number;
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Fills in options and holds them against the columns. */
export function planOf(source: Source, options: CheckDataOptions): CheckPlan {
  const seed = options.seed ?? 1;
  const asksText = options.filters !== undefined || options.against !== undefined;
  const kind = options.kind ?? (asksText ? "text" : kindOf(source, options.column));
  if (asksText && kind !== "text")
    throw refused("kind", `"${kind}" with text filters or a test set`, "those are for texts");
  const nearDuplicates = options.nearDuplicates ?? {};
  const distance = options.imageDistance ?? 4;
  if (distance !== false && !(Number.isInteger(distance) && distance >= 0 && distance <= 31))
    throw refused("imageDistance", `got ${distance}`, "must be an integer in [0, 31], or false");
  const missing = [options.group, ...Object.values(options.labels ?? {}), ...Object.keys(options.rules ?? {})].find(
    (name) => name !== undefined && !source.schema.some((field) => field.name === name),
  );
  if (missing !== undefined)
    throw refused("column", `got "${missing}"`, `the columns are ${source.schema.map(({ name }) => name).join(", ")}`);
  refuseIdle(options);
  if (options.splits !== undefined && !isDivision(Object.values(options.splits)))
    throw refused("splits", `got ${JSON.stringify(options.splits)}`, "must be positive and add up to 1");
  if (options.splits !== undefined && source.schema.some((field) => field.name === "split"))
    throw refused("splits", 'the data has a column "split"', "that is where they are written");
  return {
    location: source.location,
    fingerprint: source.fingerprint,
    kind,
    columns: columnsOf(source, kind, options.column),
    rules: options.rules ?? {},
    exactDuplicates: options.exactDuplicates ?? true,
    minHash:
      kind === "text" && nearDuplicates !== false
        ? { shingleWords: 5, buckets: 14, rowsPerBucket: 8, seed, ...nearDuplicates }
        : null,
    imageDistance: kind === "image" && distance !== false ? distance : null,
    filters: options.filters ?? {},
    against: options.against?.location ?? null,
    againstFingerprint: options.against?.fingerprint ?? null,
    againstWords: options.againstWords ?? 13,
    seed,
    versions: { cameo: packageVersion(), node: process.versions.node, icu: process.versions.icu ?? "none" },
  };
}

/** Whether shares are of a whole. */
function isDivision(shares: readonly number[]): boolean {
  return shares.every((share) => share > 0) && Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) <= 1e-9;
}

/** A limit on what is not measured would always be kept. */
function refuseIdle({ reference, profile, labels, requirements = {} }: CheckDataOptions): void {
  if (reference !== undefined && profile === false)
    throw refused("reference", "profile is off", "the columns must be profiled to be compared");
  const asksDrift = requirements["max-drift"] !== undefined || requirements["max-anomalies"] !== undefined;
  if (asksDrift && reference === undefined)
    throw refused("requirements", "a limit of drift and no reference", "there must be one to compare with");
  if (requirements["max-label-noise"] !== undefined && labels?.probabilities === undefined)
    throw refused("requirements", "a limit of label noise and no probabilities", "they are what it is told from");
}

function kindOf({ schema }: Source, column: string | undefined): CheckPlan["kind"] {
  const of = (type: ColumnType): boolean =>
    schema.some((field) => field.type === type && (column === undefined || field.name === column));
  if (of("image")) return "image";
  if (column !== undefined) return of("string") ? "text" : "table";
  const texts = schema.filter(({ type }) => type === "string");
  return texts.some(({ name }) => name === "text") || (texts.length === 1 && schema.length === 1) ? "text" : "table";
}

function columnsOf({ schema }: Source, kind: CheckPlan["kind"], column: string | undefined): readonly string[] {
  const names = schema.map(({ name }) => name);
  if (column !== undefined && !names.includes(column))
    throw refused("column", `got "${column}"`, `the columns are ${names.join(", ")}`);
  if (kind === "table") return names;
  const wanted: readonly ColumnType[] = kind === "image" ? ["image", "bytes", "tensor"] : ["string"];
  const type = schema.find(({ name }) => name === column)?.type;
  if (column !== undefined && type !== undefined && !wanted.includes(type))
    throw refused("column", `"${column}" is of type ${type}`, `must hold ${kind === "image" ? "images" : "text"}`);
  if (column !== undefined) return [column];
  const fitting = schema.filter(({ type }) => wanted.includes(type)).map(({ name }) => name);
  const found = fitting.includes(kind) ? kind : fitting.length === 1 ? fitting[0] : undefined;
  if (found === undefined)
    throw refused(
      "column",
      fitting.length === 0 ? `no column holds ${kind === "image" ? "images" : "text"}` : `${fitting.join(", ")} fit`,
      "one must be named",
    );
  return [found];
}

function refused(option: string, received: string, rule: string): RangeError {
  return new RangeError(explain({ api: "checkData", action: `use ${option}`, received, rule }));
}

function packageVersion(): string {
  const manifest = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
