/** Orders and samples beside NumPy. */

import { createHash } from "node:crypto";
import type { DataCase } from "./case.ts";

const million = 1e6;

/** The cases. */
export const samplingCases: readonly DataCase[] = [
  {
    name: "shuffle",
    what: "one million positions of a shuffle of 10^12; NumPy can only shuffle the million itself",
    unit: "indices",
    peers: ["numpy"],
    targets: [{ perSecond: 1e7 }],
    prepare: async () => {
      const { permutation } = await import("../../data/sample/permutation.ts");
      const order = permutation({ size: 1e12, seed: 1 });
      const out = new Float64Array(million);
      let start = 0;
      return {
        setup: { count: million },
        amount: million,
        run: () => {
          order.fill(start, out);
          start += million;
        },
      };
    },
  },
  {
    name: "choice",
    what: "Generator.choice of 100,000 of 10^8 without replacement, number for number",
    unit: "draws",
    peers: ["numpy"],
    prepare: async () => {
      const { NumpyGenerator } = await import("../../data/sample/numpy/generator.ts");
      const [size, count, seed] = [1e8, 1e5, 7];
      const draw = (): Float64Array =>
        Float64Array.from(new NumpyGenerator(seed).choice(size, { size: count, replace: false }), Number);
      return {
        setup: { size, count, seed },
        amount: count,
        run: draw,
        digest: () => createHash("sha256").update(new Uint8Array(draw().buffer)).digest("hex"),
      };
    },
  },
];
