/** One row of every operator on wasm: results and gradients are the CPU's. All rows are in the slow tests. */

import { allCases, firstOfEach, testTarget } from "../support/target-cases.ts";

testTarget("wasm", firstOfEach(await allCases()));
