/** Counts of what each stage removed. */

import { type FaultCode, faultCodes } from "../fault.ts";
import type { CheckPlan } from "./_check-plan.ts";
import type { Shard } from "./_shard.ts";
import type { StageRecord } from "./certificate.ts";
import { makeFilters } from "./filter-settings.ts";
import { codeOf, type RemovalReason, removalCodes } from "./reasons.ts";

/** The stages in order, so that what leaves one enters the next. */
export function stageRecords(shards: readonly Shard[], verdicts: Uint8Array, plan: CheckPlan): StageRecord[] {
  const counts = new Map<string, number>();
  const add = (code: string, count: number): void => void counts.set(code, (counts.get(code) ?? 0) + count);
  const byVerdict = new Float64Array(256);
  for (const verdict of verdicts) byVerdict[verdict] = (byVerdict[verdict] as number) + 1;
  for (const [verdict, count] of byVerdict.entries())
    if (verdict > 0 && count > 0) add(codeOf(verdict) as string, count);
  // Rows that the source itself set aside have no verdict: they were never seen.
  let unseen = 0;
  for (const { facts } of shards)
    for (const [code, count] of Object.entries(facts.rowFaults)) {
      unseen += count;
      add(code, count);
    }
  let rows = verdicts.length + unseen;
  const stage = (
    name: StageRecord["name"],
    codes: readonly (RemovalReason | FaultCode)[],
    settings: StageRecord["settings"],
  ): StageRecord => {
    const present = codes.filter((code) => counts.has(code));
    const removed = Object.fromEntries(present.map((code) => [code, counts.get(code) as number]));
    const rowsIn = rows;
    rows -= Object.values(removed).reduce((sum, count) => sum + count, 0);
    return { name, rowsIn, rowsOut: rows, removed, settings };
  };
  const rest = removalCodes.filter((code) => !["exact-duplicate", "near-duplicate", "test-overlap"].includes(code));
  const near =
    plan.kind === "image"
      ? { hashes: ["pHash", "dHash"], distance: plan.imageDistance }
      : plan.minHash === null
        ? { off: true }
        : { ...plan.minHash };
  return [
    stage("integrity", faultCodes, { ...plan.rules }),
    stage("exact-duplicates", ["exact-duplicate"], plan.exactDuplicates ? { hash: "SHA-256/128" } : { off: true }),
    stage("near-duplicates", ["near-duplicate"], near),
    stage(
      "filters",
      rest,
      Object.fromEntries(
        makeFilters(plan.filters).map(({ name, version, thresholds }) => [`${name}/${version}`, thresholds]),
      ),
    ),
    stage(
      "leakage",
      ["test-overlap"],
      plan.against === null ? { off: true } : { against: plan.against, words: plan.againstWords },
    ),
  ];
}
