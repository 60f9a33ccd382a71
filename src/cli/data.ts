/** `cameo data`: everything that happens to data before a trainer sees it. */

import { type Command, exitCodes } from "./command.ts";

/** The group; each command below it has a file of its own. */
export const data: Command = {
  name: "data",
  summary: "sample, check, augment, pack and inspect data of any format",
  usage: "<command> [arguments] [flags]",
  positionals: [0, 0],
  flags: [],
  examples: [],
  subcommands: async () => (await import("./data-commands.ts")).dataCommands,
  details: [
    `Data is named by path, folder, glob, https:// or s3:// location: text, JSONL, CSV, Parquet, image folders, IDX, .npy and .npz,
WebDataset tars, MDS, Zarr, Hugging Face folders; .gz and .zst are unpacked on the way.`,
  ],
  run: () => Promise.resolve(exitCodes.done),
};
