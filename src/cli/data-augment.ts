/** `cameo data augment`: images through a pipeline, with the records that do the same again. */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DataError, explain, messageOf } from "../base/errors.ts";
import { makeFolder, writeAtomically } from "../base/files.ts";
import { type PipelineSpec, pipeline, type ReplayRecord, replay } from "../data/augment/pipeline.ts";
import type { Scene } from "../data/augment/transform.ts";
import { type EncodedFormat, encodeImage } from "../data/codec/image.ts";
import type { FaultLog } from "../data/fault.ts";
import { type Image, image, type PixelArray } from "../data/image.ts";
import { openSource } from "../data/source/open.ts";
import { leftOut } from "./_data-flags.ts";
import { folderOf } from "./_folder-flag.ts";
import { count, shortPath } from "./_format.ts";
import { imageRows } from "./_image-rows.ts";
import { sourceFlags, sourceOptions } from "./_source-flags.ts";
import { styleOf } from "./_style.ts";
import { type Arguments, type Command, exitCodes, type Io, jsonFlag, usageError } from "./command.ts";

const name = "data augment";

/** What happens to an image: its copy number decides which of many. */
type Augment = (scene: Scene, sample: string, copy: number) => { readonly scene: Scene; readonly record: ReplayRecord };

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const parts = { api: `cameo ${name}`, action: `read "${path}"`, received: messageOf(cause), rule: "must be JSON" };
    throw new DataError(explain(parts), { source: path, cause });
  }
}

async function augmentOf(args: Arguments): Promise<Augment> {
  const [specPath, recordPath] = [args.text("pipeline"), args.text("replay")];
  if ((specPath === undefined) === (recordPath === undefined))
    throw usageError(name, "augment", specPath ? "got both" : "got neither", "needs --pipeline or --replay");
  if (recordPath !== undefined) {
    const record = (await readJson(recordPath)) as ReplayRecord;
    return (scene) => ({ scene: replay(scene, record), record });
  }
  const { run } = pipeline((await readJson(specPath as string)) as PipelineSpec);
  const [seed, epoch] = [args.number("seed"), args.number("epoch") as number];
  return (scene, sample, copy) => run(scene, { sample, epoch: epoch + copy, ...(seed !== undefined && { seed }) });
}

/** Bytes or uint16, as files hold them: float32 in [0, 1] becomes bytes. */
function storable({ data, width, height, channels }: Image<PixelArray>): Image<Uint8Array | Uint16Array> {
  const bytes = data instanceof Float32Array ? Uint8ClampedArray.from(data, (value) => 255 * value) : data;
  return image(bytes instanceof Uint8ClampedArray ? new Uint8Array(bytes.buffer) : bytes, width, height, channels);
}

/** Augments all images of one source; returns how many files were written. `names` are those of the images so far. */
async function augmentSource(
  location: string,
  augment: Augment,
  names: Set<string>,
  faults: FaultLog,
  args: Arguments,
  io: Io,
): Promise<number> {
  const [out, copies] = [args.text("out") as string, args.number("n") as number];
  const format = args.text("format") as EncodedFormat;
  await using source = await openSource(location, { ...sourceOptions(args), faults });
  let written = 0;
  for await (const { name: sample, image } of imageRows(source, name, io.signal)) {
    if (names.has(sample)) {
      const received = `a second image is named "${sample}"`;
      throw new DataError(
        explain({
          api: `cameo ${name}`,
          action: `augment "${location}"`,
          received,
          rule: "names are those of the output",
        }),
      );
    }
    names.add(sample);
    for (let copy = 0; copy < copies; copy++) {
      const { scene, record } = augment({ image }, sample, copy);
      const path = join(out, copies === 1 ? sample : `${sample}.${copy}`);
      await makeFolder(dirname(path));
      await writeAtomically(`${path}.${format}`, await encodeImage(storable(scene.image), { format }));
      await writeAtomically(`${path}.json`, `${JSON.stringify(record, undefined, 2)}\n`);
      written++;
      const { width, height } = scene.image;
      if (args.isOn("json"))
        io.stdout.write(
          `${JSON.stringify({ type: "image", sample, copy, path: `${path}.${format}`, width, height })}\n`,
        );
    }
  }
  return written;
}

/** The command. */
export const dataAugment: Command = {
  name,
  summary: "augment images by a pipeline, or again by a record",
  usage: "<source>... --pipeline FILE --out DIR [flags]",
  positionals: [1, 1024],
  flags: [
    { name: "pipeline", type: "string", placeholder: "FILE", description: "JSON file with the steps" },
    {
      name: "replay",
      type: "string",
      placeholder: "FILE",
      description: "record of an earlier run, to do the same again",
    },
    { name: "out", type: "string", placeholder: "DIR", description: "folder to write: images, each with its record" },
    {
      name: "n",
      type: "number",
      description: "copies of each image; the first is of --epoch, the next of the one after",
      default: 1,
    },
    { name: "seed", type: "number", description: "seed of what is random; the pipeline's when absent" },
    { name: "epoch", type: "number", description: "epoch of the first copy", default: 0 },
    {
      name: "format",
      type: "string",
      choices: ["png", "jpeg", "webp"],
      description: "how images are written",
      default: "png",
    },
    ...sourceFlags,
    jsonFlag,
  ],
  examples: [
    "cameo data augment cat.jpg --pipeline augment.json --n 8 --out augmented",
    "cameo data augment cat.jpg --replay augmented/cat.3.json --out again",
  ],
  details: [
    `A pipeline is {"version": 1, "seed": 7, "steps": [{"op": "Fliplr", "probability": 0.5}, {"op": "Rotate", "degrees": [-15, 15]}]}.
"cameo data gallery" shows every transform with its JSON.`,
    "What happens to an image depends on the seed, the epoch and the image's name, not on the other images.",
  ],
  async run(args, io) {
    const [out, copies] = [folderOf(name, args, "out"), args.number("n") as number];
    if (!Number.isInteger(copies) || copies < 1)
      throw usageError(name, "make copies", `got --n ${copies}`, "must be a whole number from 1");
    const augment = await augmentOf(args);
    const { faults } = sourceOptions(args);
    const names = new Set<string>();
    let written = 0;
    for (const location of args.positionals) written += await augmentSource(location, augment, names, faults, args, io);
    if (args.isOn("json")) {
      io.stdout.write(`${JSON.stringify({ type: "augment", out, images: written, faults: faults.counts() })}\n`);
      return exitCodes.done;
    }
    const style = styleOf(io.stdout, io.env);
    io.stdout.write(
      `${style.green("wrote")} ${shortPath(out)}, ${written === 1 ? "1 image with its record" : `${count(written)} images with their records`}\n`,
    );
    for (const line of leftOut(faults.counts(), style)) io.stdout.write(`${line}\n`);
    return exitCodes.done;
  },
};
