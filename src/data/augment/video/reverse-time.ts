import { z } from "zod";
import type { Transform } from "../transform.ts";
import { framesOf, pickFrames } from "./_clip.ts";

type Nothing = Record<string, never>;

/** Plays a video backwards. */
export const ReverseTime: Transform<Nothing, Nothing> = {
  name: "ReverseTime",
  version: 1,
  config: z.strictObject({}),
  sample: () => ({}),
  effect: {
    kind: "scene",
    apply: (scene) =>
      pickFrames(
        scene,
        framesOf(scene)
          .map((_, i) => i)
          .reverse(),
      ),
  },
};
