/** Every row of the operators' case tables on wasm: results and gradients are the CPU's. */

import { allCases, testTarget } from "../support/target-cases.ts";

testTarget("wasm", await allCases());
