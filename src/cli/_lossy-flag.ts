/** `--lossy column=method:bound,…`. */

import type { LossyMethod } from "../data/codec/lossy.ts";
import { usageError } from "./command.ts";

/** What stands for the flag's value in help. */
export const lossyPlaceholder = "COLUMN=METHOD[:BOUND],…";

const methods: Readonly<Record<string, LossyMethod["method"]>> = {
  abs: "absolute",
  range: "range",
  rel: "relative",
  bits: "bits",
  float16: "float16",
  bfloat16: "bfloat16",
  int8: "int8",
};

const rule = `must be COLUMN=METHOD:BOUND, with a method of ${Object.keys(methods).join(", ")} and a positive number`;

/**
 * Reads the flag.
 *
 * @param texts - As given, each with one column or several.
 * @returns Methods by column.
 */
export function lossyMethods(texts: readonly string[]): Record<string, LossyMethod> {
  const parts = texts.flatMap((text) => text.split(",")).filter((text) => text !== "");
  return Object.fromEntries(
    parts.map((part) => {
      const split = part.lastIndexOf("=");
      const [name = "", bound] = part.slice(split + 1).split(":");
      const method = methodOf(methods[name], bound);
      if (split < 1 || method === undefined) throw usageError("data pack", "read --lossy", `got "${part}"`, rule);
      return [part.slice(0, split), method];
    }),
  );
}

function methodOf(method: LossyMethod["method"] | undefined, text: string | undefined): LossyMethod | undefined {
  const number = Number(text);
  const isBound = text !== undefined && text.trim() !== "" && Number.isFinite(number) && number > 0;
  switch (method) {
    case undefined:
      return undefined;
    case "bits": {
      if (text === "auto") return { method, keepBits: "auto" };
      return text !== undefined && /^\d{1,2}$/.test(text) && number <= 52 ? { method, keepBits: number } : undefined;
    }
    case "absolute":
    case "range":
    case "relative":
      return isBound ? { method, bound: number } : undefined;
    default:
      if (text === undefined) return { method };
      return isBound ? { method, bound: number } : undefined;
  }
}
