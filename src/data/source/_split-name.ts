/** Names that say which split of a data set something belongs to. */

const words = "train|test|val|valid|validation|dev|t10k";
const whole = new RegExp(`^(?:${words})$`, "i");
const part = new RegExp(`^(?:(.+)[-_.](${words})|(${words})[-_.](.+))$`, "i");

/** Whether a name is that of a split. */
export function isSplitName(name: string): boolean {
  return whole.test(name);
}

/** The split at the end or beginning of a name, and the rest of it: `x_train`, `t10k-images` (the test images of MNIST). */
export function splitOfName(name: string): { readonly split: string | undefined; readonly name: string } {
  const [, before, after, first, rest] = part.exec(name) ?? [];
  const word = (after ?? first)?.toLowerCase();
  return { split: word === "t10k" ? "test" : word, name: before ?? rest ?? name };
}

/** The last part of a location without packing and extension, as it is written: what a column is called after its file. */
export function stemOf(location: string, extension: RegExp): string {
  const path = /^https?:/.test(location) ? decodeURIComponent(new URL(location).pathname) : location;
  const name = path.split(/[\\/]/).findLast((each) => each !== "") ?? "";
  return name.replace(/\.(gz|zst)$/i, "").replace(extension, "");
}
