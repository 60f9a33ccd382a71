/** A GPT, an MLP and a CNN trained on wasm: the losses are the CPU's, step by step. WebGPU is in the slow tests. */

import { testCurves } from "../support/check-curves.ts";

testCurves("wasm");
