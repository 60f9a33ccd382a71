/** Random transforms of images and what is drawn on them, of video, text and sound; pipelines of them as JSON. */

export * from "./transform.ts";
