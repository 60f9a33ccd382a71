/** `cameo data`: everything that happens to data before a trainer sees it. Adding one: its file, its test, one line here. */

import { type Command, exitCodes } from "./command.ts";
import { dataAugment } from "./data-augment.ts";
import { dataCheck } from "./data-check.ts";
import { dataGallery } from "./data-gallery.ts";
import { dataInspect } from "./data-inspect.ts";
import { dataPack } from "./data-pack.ts";
import { dataSample } from "./data-sample.ts";
import { dataShard } from "./data-shard.ts";
import { dataUnpack } from "./data-unpack.ts";

/** The group; each command below it has a file of its own. */
export const data: Command = {
  name: "data",
  summary: "sample, check, augment, pack and inspect data of any format",
  usage: "<command> [arguments] [flags]",
  positionals: [0, 0],
  flags: [],
  examples: [],
  subcommands: [dataInspect, dataSample, dataCheck, dataAugment, dataShard, dataPack, dataUnpack, dataGallery],
  details: [
    `Data is named by path, folder, glob, https:// or s3:// location: text, JSONL, CSV, Parquet, image folders, IDX, .npy and .npz,
WebDataset tars, MDS, Zarr, Hugging Face folders; .gz and .zst are unpacked on the way.`,
  ],
  run: () => Promise.resolve(exitCodes.done),
};
