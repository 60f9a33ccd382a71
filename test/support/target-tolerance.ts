/** How far a target may be from the CPU, and what is not compared. Runs in browsers too. */

import type { OperatorCase } from "./operator-case.ts";

/** Relative to the largest number of a tensor, or to 1. */
const tolerance = 1e-4;

/** Where more must be allowed. */
const wider: Readonly<Partial<Record<OperatorCase["op"], readonly [tolerance: number, reason: string]>>> = {
  Cos: [5e-4, "software adapters approximate it; Vulkan allows 2⁻¹¹"],
  DFT: [5e-4, "made of sines and cosines on the device"],
  Sin: [5e-4, "software adapters approximate it; Vulkan allows 2⁻¹¹"],
};

/** What a row may differ by on a target. */
export function targetTolerance({ op }: Pick<OperatorCase, "op">, target: "wasm" | "webgpu"): number {
  return (target === "webgpu" ? wider[op]?.[0] : undefined) ?? tolerance;
}

const random = "random numbers differ from one engine to the next";

/** Rows whose results cannot be compared, with the reason. */
const incomparable: Readonly<Partial<Record<OperatorCase["op"], string>>> = {
  Multinomial: random,
  RandomNormal: random,
  RandomNormalLike: random,
  RandomUniform: random,
  RandomUniformLike: random,
};

/** Why a row is not compared; undefined where it is. */
export function untold({ op }: Pick<OperatorCase, "op">): string | undefined {
  return incomparable[op];
}
