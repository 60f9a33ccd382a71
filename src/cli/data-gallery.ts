/** `cameo data gallery`: a page that shows what every augmentation does. */

import { readFile } from "node:fs/promises";
import { writeAtomically } from "../base/files.ts";
import { gallery } from "../data/augment/gallery.ts";
import { pipeline } from "../data/augment/pipeline.ts";
import { decodeImage } from "../data/codec/image.ts";
import type { Image } from "../data/image.ts";
import { formatBytes, shortPath } from "./_format.ts";
import { galleryPage } from "./_gallery-page.ts";
import { styleOf } from "./_style.ts";
import { type Command, exitCodes, jsonFlag } from "./command.ts";

/** Longest side of a user's image [pixels]: the page holds it about a hundred times. */
const longestSide = 320;

async function read(path: string): Promise<Image> {
  const image = await decodeImage(await readFile(path), { channels: 3 });
  if (Math.max(image.width, image.height) <= longestSide) return image;
  const shrink = pipeline({ version: 1, steps: [{ op: "LongestMaxSize", size: longestSide }] });
  return shrink.run({ image }, { sample: 0 }).scene.image;
}

/** The command. */
export const dataGallery: Command = {
  name: "data gallery",
  summary: "show what every augmentation does, on one HTML page",
  usage: "[flags]",
  positionals: [0, 0],
  flags: [
    {
      name: "image",
      type: "string",
      placeholder: "FILE",
      description: "picture to show instead of the drawn landscape",
    },
    { name: "out", type: "string", placeholder: "FILE", description: "page to write", default: "gallery.html" },
    jsonFlag,
  ],
  examples: ["cameo data gallery --out gallery.html", "cameo data gallery --image cat.jpg --out cat.html"],
  details: [
    "The page holds its pictures and needs no network. Each card has the JSON of a pipeline that does the same again.",
  ],
  async run(args, io) {
    const path = args.text("image");
    const out = args.text("out") as string;
    const entries = gallery(path === undefined ? undefined : await read(path));
    const { html, numTransforms } = await galleryPage(entries);
    await writeAtomically(out, html);
    const sizeBytes = Buffer.byteLength(html);
    if (args.isOn("json"))
      io.stdout.write(`${JSON.stringify({ type: "gallery", out, transforms: numTransforms, sizeBytes })}\n`);
    else {
      const style = styleOf(io.stdout, io.env);
      io.stdout.write(
        `${style.green("wrote")} ${shortPath(out)}, ${numTransforms} transforms, ${formatBytes(sizeBytes)}\n`,
      );
    }
    return exitCodes.done;
  },
};
