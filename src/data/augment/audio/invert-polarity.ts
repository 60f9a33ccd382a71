import { z } from "zod";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import type { Signal } from "./signal.ts";

type Nothing = Record<string, never>;

/** Turns the signal upside down: the same to the ear, another one to a network. Give it a `probability`. */
export const InvertPolarity: SequenceTransform<Signal, Nothing, Nothing> = {
  name: "InvertPolarity",
  version: 1,
  config: z.strictObject({}),
  sample: () => ({}),
  apply: (signal) => ({ ...signal, samples: signal.samples.map((value) => -value) }),
};
