/** Random transforms of images and what is drawn on them, of video, text and sound; pipelines of them as JSON. */

export type { Step } from "./_steps.ts";
export type { Visibility } from "./_visibility.ts";
export { audioPipeline, spectrogramPipeline } from "./audio/audio-pipeline.ts";
export type { Signal, Spectrogram } from "./audio/signal.ts";
export type { Distribution } from "./distribution.ts";
export { drawOf, type SampleId } from "./draw.ts";
export { type GalleryEntry, gallery } from "./gallery.ts";
export type { GalleryGroup } from "./gallery-examples.ts";
export { galleryPicture } from "./gallery-picture.ts";
export * from "./pipeline.ts";
export type { Profile } from "./resample.ts";
export type { SequencePipeline, SequenceRecord, SequenceSpec } from "./sequence-pipeline.ts";
export { textPipeline } from "./text/text-pipeline.ts";
export * from "./transform.ts";
