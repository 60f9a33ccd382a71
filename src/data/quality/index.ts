/** What is wrong with a data set, what is twice in it, and a certificate of what was removed and why. */

export { type C4QualityOptions, c4Lines, c4Quality } from "./c4.ts";
export {
  type Certificate,
  type CertifiedFile,
  certificateSchema,
  type LabelRecord,
  type RemovedExample,
  type RequirementRecord,
  type StageRecord,
} from "./certificate.ts";
export { certificatePage } from "./certificate-page.ts";
export { checkData } from "./check-data.ts";
export type { CheckDataOptions, CheckProgress } from "./check-options.ts";
export { splitWords, TextDocument, type TextFilter } from "./document.ts";
export { type Anomaly, type ColumnDrift, compareProfiles, type DriftReport } from "./drift.ts";
export { type FilterSettings, makeFilters, textPresets } from "./filter-settings.ts";
export { type FinewebQualityOptions, finewebQuality } from "./fineweb.ts";
export { type GopherQualityOptions, gopherQuality } from "./gopher-quality.ts";
export { type GopherRepetitionOptions, gopherRepetition } from "./gopher-repetition.ts";
export { findLabelErrors, type LabelError, type LabelErrorOptions, type LabelReport } from "./label-errors.ts";
export { estimateJaccard, MinHash, type MinHashOptions } from "./minhash.ts";
export { neighbourDisagreement } from "./neighbour-disagreement.ts";
export { hammingDistance, type PerceptualHash, perceptualHash } from "./perceptual-hash.ts";
export { type RemovalReason, removalReasons } from "./reasons.ts";
export type { Requirements } from "./requirements.ts";
export { brokenRules, type ColumnRule, parseRules, type Rules } from "./rules.ts";
export { UnionFind } from "./union-find.ts";
