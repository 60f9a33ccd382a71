/** What the codes of a certificate mean, for people. */

import { type FaultCode, faultCodes } from "../fault.ts";
import { type RemovalReason, removalReasons } from "./reasons.ts";

const faultTexts: Readonly<Record<FaultCode, string>> = {
  empty: "nothing where something is needed",
  truncated: "ends before it should",
  checksum: "bytes differ from what was promised",
  syntax: "does not follow its format",
  schema: "a value is missing or of another type",
  shape: "an array of another shape",
  utf8: "text that is not UTF-8",
  "not-finite": "NaN or an infinity",
  range: "a number or box outside of what is allowed",
  decode: "could not be decoded",
  "image-size": "header and pixels disagree, or too many pixels",
  bomb: "would unpack to more than the limit",
  "link-loop": "links that lead to themselves",
  "unsafe-path": "a name that leaves its folder",
  remote: "a server failed after all retries",
};

/** Whether a code is that of a fault of the row itself, and not of a stage that compares or filters. */
export function isFaultCode(code: string): code is FaultCode {
  return (faultCodes as readonly string[]).includes(code);
}

/** A code in words, without a period. */
export function meaningOf(code: RemovalReason | FaultCode): string {
  return isFaultCode(code) ? faultTexts[code] : removalReasons[code];
}
