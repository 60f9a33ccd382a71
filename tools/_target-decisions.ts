/** Makes the rows of a target's table from what became of single nodes: the fewest conditions that tell the outcomes apart. */

import type { Outcome, TargetRow, TargetTable } from "../src/ops/target-table.ts";
import type { Sample } from "./_probe-family.ts";

type Observation = Pick<Sample, "features" | "is" | "reason">;

/** From best to worst: where no feature tells outcomes apart, the worst is written down. */
const severity: readonly Outcome[] = ["runs", "on the CPU", "wrong", "fails"];

/** dtypes that no operator takes, operators that otherwise always run, and rows by operator key of the others, in the order of the keys. */
export function decisionsOf(
  samples: readonly (Observation & { readonly key: string })[],
): Pick<TargetTable, "hostDTypes" | "runs" | "operators"> {
  const byDType = Map.groupBy(samples, ({ features }) => features.dtype ?? "");
  const hostDTypes = [...byDType]
    .filter(([, observed]) => observed.every(({ is }) => is === "on the CPU"))
    .map(([dtype]) => dtype)
    .sort();
  const rest = samples.filter(({ features }) => !hostDTypes.includes(features.dtype ?? ""));
  const byKey = Map.groupBy(rest, ({ key }) => key);
  const runs: string[] = [];
  const operators: Record<string, TargetRow[]> = {};
  for (const key of [...byKey.keys()].sort()) {
    const observed = byKey.get(key) as Observation[];
    if (observed.every(({ is }) => is === "runs")) runs.push(key);
    else operators[key] = decide(observed, {});
  }
  return { hostDTypes, runs, operators };
}

function decide(observed: readonly Observation[], when: Readonly<Record<string, readonly string[]>>): TargetRow[] {
  const outcomes = new Set(observed.map(({ is }) => is));
  if (outcomes.size === 1) return [rowOf(observed, when)];
  const best = featuresIn(observed)
    .filter((feature) => !Object.hasOwn(when, feature))
    .map((feature) => ({ feature, groups: Map.groupBy(observed, ({ features }) => features[feature] ?? "none") }))
    .filter(({ groups }) => groups.size > 1)
    .map((split) => ({ ...split, errors: errorsOf(split.groups.values()) }))
    .sort((a, b) => a.errors - b.errors || a.groups.size - b.groups.size)[0];
  if (best === undefined || best.errors === errorsOf([observed])) return [rowOf(observed, when, true)];

  const pure = new Map<Outcome, string[]>();
  const mixed: string[] = [];
  for (const [value, group] of best.groups) {
    const [only, ...others] = new Set(group.map(({ is }) => is));
    if (others.length > 0) mixed.push(value);
    else pure.set(only as Outcome, [...(pure.get(only as Outcome) ?? []), value]);
  }
  const rows = mixed
    .sort()
    .flatMap((value) => decide(best.groups.get(value) as Observation[], { ...when, [best.feature]: [value] }));
  // The outcome of the most nodes needs no condition: it comes last.
  const counts = (values: readonly string[]): number =>
    values.reduce((sum, value) => sum + (best.groups.get(value)?.length ?? 0), 0);
  const sorted = [...pure].sort(([, a], [, b]) => counts(a) - counts(b));
  for (const [i, [, values]] of sorted.entries()) {
    const group = values.flatMap((value) => best.groups.get(value) as Observation[]);
    const isLast = i === sorted.length - 1;
    rows.push(rowOf(group, isLast ? when : { ...when, [best.feature]: values.sort() }));
  }
  return rows;
}

/** Observations that a rule for each group would get wrong. */
function errorsOf(groups: Iterable<readonly Observation[]>): number {
  let errors = 0;
  for (const group of groups) {
    const counts = [...Map.groupBy(group, ({ is }) => is).values()].map(({ length }) => length);
    errors += group.length - Math.max(...counts);
  }
  return errors;
}

function featuresIn(observed: readonly Observation[]): string[] {
  const names = new Set(observed.flatMap(({ features }) => Object.keys(features)));
  const first = ["dtype", "outputs", "inputs"];
  return [...first, ...[...names].filter((name) => !first.includes(name)).sort()];
}

function rowOf(
  group: readonly Observation[],
  when: Readonly<Record<string, readonly string[]>>,
  isMixed = false,
): TargetRow {
  const is = severity[Math.max(...group.map((one) => severity.indexOf(one.is)))] as Outcome;
  const reason = group.find((one) => one.is === is && one.reason !== undefined)?.reason;
  return {
    ...(Object.keys(when).length > 0 && { when }),
    is,
    ...(reason !== undefined && { reason }),
    ...(isMixed && { mixed: true as const }),
  };
}
