/** The commands below `cameo data`, in the order of help. Adding one: its file, its test, one line here. */

import type { Command } from "./command.ts";
import { dataAugment } from "./data-augment.ts";
import { dataCheck } from "./data-check.ts";
import { dataGallery } from "./data-gallery.ts";
import { dataInspect } from "./data-inspect.ts";
import { dataPack } from "./data-pack.ts";
import { dataSample } from "./data-sample.ts";
import { dataShard } from "./data-shard.ts";
import { dataUnpack } from "./data-unpack.ts";

export const dataCommands: readonly Command[] = [
  dataInspect,
  dataSample,
  dataCheck,
  dataAugment,
  dataShard,
  dataPack,
  dataUnpack,
  dataGallery,
];
