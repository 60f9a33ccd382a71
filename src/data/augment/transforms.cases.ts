/** The transform table: every row is held against every property. */

import { blurCases } from "./transforms.blur.cases.ts";
import type { TransformCase } from "./transforms.contract.ts";
import { geometryCases } from "./transforms.geometry.cases.ts";
import { mixCases } from "./transforms.mix.cases.ts";
import { pixelCases } from "./transforms.pixels.cases.ts";

/** All rows; each transform has one at least. */
export const transformCases: readonly TransformCase[] = [...geometryCases, ...blurCases, ...pixelCases, ...mixCases];
