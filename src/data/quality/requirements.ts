/** Conditions that data must meet. */

import { explain } from "../../base/errors.ts";
import type { Certificate, RequirementRecord } from "./certificate.ts";

/** What a condition looks at. */
type Facts = Pick<Certificate, "input" | "output" | "rowsRemoved" | "rowsQuarantined" | "drift" | "labels" | "faults">;

const share = (part: number, { input }: Facts): number => part / Math.max(1, input.rows);

/** Names of requirements. */
export const requirementNames = [
  "max-removed",
  "max-quarantined",
  "max-faults",
  "max-drift",
  "max-anomalies",
  "max-label-noise",
  "min-rows",
] as const;

const measures: Readonly<Record<(typeof requirementNames)[number], (facts: Facts) => number>> = {
  "max-removed": (facts) => share(facts.rowsRemoved, facts),
  "max-quarantined": (facts) => share(facts.rowsQuarantined, facts),
  "max-faults": ({ rowsQuarantined, faults }) => rowsQuarantined + faults.filter(({ row }) => row === undefined).length,
  "max-drift": ({ drift }) => drift?.maxPsi ?? 0,
  "max-anomalies": ({ drift }) => drift?.anomalies.length ?? 0,
  "max-label-noise": ({ labels }) => labels?.confidentLearning?.noiseRate ?? 0,
  "min-rows": ({ output }) => output.rows,
};

/**
 * Limits by name: the share of rows removed and set aside [0, 1], the number of faults of rows and files, the largest stability index and
 * the number of anomalies against a reference, the estimated share of wrong labels [0, 1], the fewest rows that must be left.
 */
export type Requirements = { readonly [name in (typeof requirementNames)[number]]?: number };

/**
 * Reads a requirement from text.
 *
 * @param text - `"max-removed=0.2"`.
 * @returns Name and limit.
 * @throws RangeError if the name is unknown or the limit is no number.
 */
export function parseRequirement(text: string): [keyof Requirements, number] {
  const [name = "", value = ""] = text.split("=");
  const limit = Number(value);
  if (!requirementNames.some((each) => each === name) || value === "" || !Number.isFinite(limit))
    throw new RangeError(
      explain({
        api: "checkData",
        action: "use a requirement",
        received: `got "${text}"`,
        rule: `must be NAME=NUMBER with one of ${requirementNames.join(", ")}`,
      }),
    );
  return [name as keyof Requirements, limit];
}

/** Holds what was found against the limits. */
export function meetRequirements(requirements: Requirements, facts: Facts): RequirementRecord[] {
  return requirementNames.flatMap((name) => {
    const limit = requirements[name];
    if (limit === undefined) return [];
    const value = measures[name](facts);
    return [{ name, limit, value, passed: name.startsWith("min-") ? value >= limit : value <= limit }];
  });
}
