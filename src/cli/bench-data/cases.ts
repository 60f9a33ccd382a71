/** Everything that `cameo bench data` measures. */

import type { DataCase } from "./case.ts";
import { codecCases } from "./codecs.ts";
import { imageCases } from "./images.ts";
import { samplingCases } from "./sampling.ts";
import { shardCases } from "./shards.ts";
import { textCases } from "./text.ts";

export const dataCases: readonly DataCase[] = [
  ...imageCases,
  ...samplingCases,
  ...codecCases,
  ...shardCases,
  ...textCases,
];
