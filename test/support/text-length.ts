import type { SampleInputs } from "cameo/data/stream";

/** Length of the text of a sample. */
export function map({ text }: Readonly<Record<string, unknown>>): SampleInputs {
  return { length: (text as string).length };
}
