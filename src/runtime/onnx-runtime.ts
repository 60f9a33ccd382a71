/** What the library and its WebAssembly build share: how far graphs are optimised, and how what they say becomes one line. */

import { messageOf } from "../base/errors.ts";
import type { LoadOptions } from "./runtime.ts";

/** ONNX Runtime's numbers for {@link LoadOptions.optimization}. */
export const optimizationLevels: Readonly<Record<NonNullable<LoadOptions["optimization"]>, number>> = {
  none: 0,
  basic: 1,
  extended: 2,
  all: 99,
};

/** The engine's message, which may be broken into lines, as a part of one line. */
export function inOneLine(error: unknown): string {
  return messageOf(error)
    .trim()
    .replace(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
}
