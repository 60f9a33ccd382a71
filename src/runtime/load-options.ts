/** A runtime that loads programs in a certain way. */

import type { LoadOptions, Runtime } from "./runtime.ts";

/**
 * The same runtime, but every program that is loaded through it has these options besides its own: to profile what somebody else loads,
 * or to hold that nothing falls back to another device.
 *
 * @param runtime - Stays the owner: dispose that one.
 * @param options - Where a program has an option of its own, that one counts; entries of `config` are merged.
 *
 * @example Programs as they were written
 * ```ts
 * import assert from "node:assert/strict";
 * import { writeOnnx } from "cameo/graph";
 * import { createBuilder } from "cameo/ops";
 * import { createCpuRuntime, withLoadOptions } from "cameo/runtime";
 *
 * await using runtime = await createCpuRuntime({ threads: 1 });
 * const plain = withLoadOptions(runtime, { optimization: "none" });
 * const g = createBuilder("same");
 * g.output("y", g.op("Identity", [g.input("x", "float32", [1])]));
 * await using program = await plain.load(writeOnnx(g.build()));
 * assert.equal(runtime.sessionsCreated, 1);
 * ```
 */
export function withLoadOptions(runtime: Runtime, options: LoadOptions): Runtime {
  const load: Runtime["load"] = (model, own = {}) =>
    runtime.load(model, { ...options, ...own, config: { ...options.config, ...own.config } });
  return Object.create(runtime, { load: { value: load } }) as Runtime;
}
