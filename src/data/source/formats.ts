/** The formats that a source can have, those that are told apart most surely first. Adding one: its file, its test, one line here. */

import { cameoPack } from "../codec/open-pack.ts";
import { csv } from "./csv.ts";
import type { SourceFormat } from "./format.ts";
import { huggingface } from "./huggingface.ts";
import { idx } from "./idx.ts";
import { imageFolder } from "./image-folder.ts";
import { jsonl } from "./jsonl.ts";
import { mds } from "./mds.ts";
import { npy } from "./npy.ts";
import { npz } from "./npz.ts";
import { parquet } from "./parquet.ts";
import { text } from "./text.ts";
import { webdataset } from "./webdataset.ts";
import { zarr } from "./zarr.ts";

/** See {@link SourceFormat}. */
export const formats: readonly SourceFormat[] = [
  cameoPack,
  zarr,
  mds,
  npz,
  npy,
  idx,
  imageFolder,
  webdataset,
  huggingface,
  parquet,
  jsonl,
  csv,
  text,
];
