import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Resample, Transform } from "../transform.ts";
import { displacementOf, fieldOf } from "./_displacement.ts";
import { resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** Below 0 the picture bulges (a pincushion's inverse), above 0 it shrinks at the corners [-0.3, 1]. @defaultValue [-0.2, 0.2] */
  readonly strength: Distribution;
}

interface Params extends Resample {
  readonly strength: number;
}

/**
 * The distortion of a lens: a pixel at distance r of the centre comes from r · (1 + strength · r²), where r is 1 in the corners.
 *
 * @source Brown, "Decentering Distortion of Lenses", 1966, the first radial term.
 */
export const OpticalDistortion: Transform<Config, Params> = {
  name: "OpticalDistortion",
  version: 1,
  config: z.strictObject({ strength: real({ min: -0.3, max: 1 }).default([-0.2, 0.2]), ...resampleOptions }),
  sample: (config, draw) => ({ strength: drawReal(config.strength, draw), ...resampleOf(config) }),
  effect: {
    kind: "field",
    field(params, frame) {
      const [centreX, centreY] = [frame.width / 2, frame.height / 2];
      const square = centreX * centreX + centreY * centreY;
      const displacement = displacementOf(frame, (x, y, out) => {
        const [dx, dy] = [x - centreX, y - centreY];
        const stretch = (params.strength * (dx * dx + dy * dy)) / square;
        out[0] = dx * stretch;
        out[1] = dy * stretch;
      });
      return fieldOf(displacement, frame, resampleOf(params));
    },
  },
};
