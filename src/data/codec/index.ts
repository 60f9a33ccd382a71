/** Compressed chunks, columns and images, lossless and with a verified bound. */

export { type AchievedError, measureError } from "./achieved-error.ts";
export type { BlockCodec, BlockCodecs } from "./block-codec.ts";
export { type DecodeBloscOptions, decodeBlosc, type EncodeBloscOptions, encodeBlosc } from "./blosc.ts";
export {
  type Blosc2Frame,
  decodeBlosc2Frame,
  type EncodeFrameOptions,
  encodeBlosc2Frame,
  openBlosc2Frame,
} from "./blosc2-frame.ts";
export {
  type ChooseCodecOptions,
  type CodecChoice,
  type CodecGoal,
  type CodecTrial,
  chooseCodec,
} from "./choose-codec.ts";
export { type CodedColumn, type ColumnEncoding, decodeColumn, encodeColumn } from "./column-codec.ts";
export * from "./image.ts";
export * from "./image-error.ts";
export * from "./image-info.ts";
export * from "./image-report.ts";
export * from "./image-similarity.ts";
export { type InformationBitsOptions, informationBits } from "./information-bits.ts";
export { decodeFloats, encodeFloats, type LossyMethod, type LossyResult } from "./lossy.ts";
export { type DecodeLimits, decodeNumbers, encodeNumbers, type NumberEncoding } from "./number-codec.ts";
export { type OpenPackOptions, openPack } from "./open-pack.ts";
export { type PackOptions, packSource } from "./pack.ts";
export type { PackColumn, PackManifest, PackPart } from "./pack-manifest.ts";
export { decodePickledArray } from "./pickled-array.ts";
export { type Floats, roundBits } from "./round-bits.ts";
export * from "./sharp-codec.ts";
