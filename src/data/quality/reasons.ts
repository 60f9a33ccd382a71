/** Why a row leaves a data set: one closed list, so that certificates of different runs can be compared. */

import { type FaultCode, faultCodes } from "../fault.ts";

/** Codes of removal with what they mean. */
export const removalReasons = {
  "exact-duplicate": "the same content, byte for byte, as an earlier row",
  "near-duplicate": "nearly the same content as a row that is kept",
  "empty-text": "no word at all",
  "gopher-few-words": "fewer words than Gopher keeps",
  "gopher-many-words": "more words than Gopher keeps",
  "gopher-short-words": "mean word too short",
  "gopher-long-words": "mean word too long",
  "gopher-hashes": "too many # for its words",
  "gopher-ellipses": "too many ellipses for its words",
  "gopher-bullet-lines": "too many lines begin with a bullet",
  "gopher-ellipsis-lines": "too many lines end in an ellipsis",
  "gopher-alphabetic": "too few words with a letter",
  "gopher-stop-words": "too few different stop words",
  "repeated-paragraphs": "too many paragraphs occur again",
  "repeated-paragraph-characters": "too many characters in paragraphs that occur again",
  "repeated-lines": "too many lines occur again",
  "repeated-line-characters": "too many characters in lines that occur again",
  "top-2-gram": "one pair of words makes up too much of it",
  "top-3-gram": "one group of 3 words makes up too much of it",
  "top-4-gram": "one group of 4 words makes up too much of it",
  "repeated-5-grams": "too many characters in groups of 5 words that occur again",
  "repeated-6-grams": "too many characters in groups of 6 words that occur again",
  "repeated-7-grams": "too many characters in groups of 7 words that occur again",
  "repeated-8-grams": "too many characters in groups of 8 words that occur again",
  "repeated-9-grams": "too many characters in groups of 9 words that occur again",
  "repeated-10-grams": "too many characters in groups of 10 words that occur again",
  "c4-lorem-ipsum": "holds filler text",
  "c4-curly-bracket": "holds a curly bracket, as source code does",
  "c4-few-sentences": "too few sentences in lines worth keeping",
  "fineweb-line-punctuation": "too few lines end in terminal punctuation",
  "fineweb-short-lines": "too many short lines",
  "fineweb-repeated-characters": "too many characters in lines that occur again",
  "fineweb-list": "too many line breaks for its words",
  "test-overlap": "shares a long run of words with the test set",
} as const;

/** See {@link removalReasons}. */
export type RemovalReason = keyof typeof removalReasons;

/** All codes of removal, in the order of {@link removalReasons}. */
export const removalCodes: readonly RemovalReason[] = Object.keys(removalReasons) as RemovalReason[];

/** What becomes of a row, in one byte: 0 it is kept, 1 … removed, 128 … set aside with a fault. */
export type Verdict = number;

/** The verdict of a row that stays. */
export const kept: Verdict = 0;

/** The verdict of a row removed for `reason`, or kept if there is none. */
export function removed(reason: RemovalReason | null): Verdict {
  return reason === null ? kept : removalCodes.indexOf(reason) + 1;
}

/** The verdict of a row set aside for a fault with `code`. */
export function quarantined(code: FaultCode): Verdict {
  return faultCodes.indexOf(code) + 128;
}

/** The code that a `verdict` stands for, or null for a row that is kept. */
export function codeOf(verdict: Verdict): RemovalReason | FaultCode | null {
  if (verdict === kept) return null;
  return verdict >= 128 ? (faultCodes[verdict - 128] as FaultCode) : (removalCodes[verdict - 1] as RemovalReason);
}
