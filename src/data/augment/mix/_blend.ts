/** What mixed scenes have in common: labels by weight, targets side by side, and what cannot be mixed. */

import { explain, ShapeError } from "../../../base/errors.ts";
import type { Image } from "../../image.ts";
import { draftOf, settled } from "../pixels.ts";
import type { Scene } from "../transform.ts";
import type { Drawn } from "./_rectangle.ts";

const describe = ({ width, height, channels, data }: Image): string =>
  `${width}×${height}×${channels} (${data.constructor.name})`;

/** Refuses images that are not of one kind; `"kind"` lets their sizes differ. */
export function requireAlike(api: string, image: Image, other: Image, what: "size" | "kind" = "size"): void {
  const isKind = image.channels === other.channels && image.data.constructor === other.data.constructor;
  if (isKind && (what === "kind" || (image.width === other.width && image.height === other.height))) return;
  throw new ShapeError(
    explain({
      api,
      action: "mix images",
      received: `got ${describe(image)} and ${describe(other)}`,
      rule: what === "kind" ? "channels and element type must be equal" : "must be of equal size and type",
      hint: what === "kind" ? undefined : "resize or crop before mixing",
    }),
  );
}

/** Refuses scenes that have not as many masks and heatmaps, which are mixed one by one. */
export function requirePlanes(api: string, scene: Scene, other: Scene): void {
  for (const kind of ["masks", "heatmaps"] as const) {
    const [own, foreign] = [scene[kind]?.length ?? 0, other[kind]?.length ?? 0];
    if (own !== foreign)
      throw new ShapeError(
        explain({
          api,
          action: `mix ${kind}`,
          received: `got ${own} and ${foreign}`,
          rule: "all scenes need as many",
        }),
      );
  }
}

/** `weight · image + (1 − weight) · other`. */
export function blendImages(image: Image, other: Image, weight: number): Image {
  const draft = draftOf(image);
  for (let i = 0; i < draft.length; i++) {
    const value = other.data[i] as number;
    draft[i] = value + weight * ((image.data[i] as number) - value);
  }
  return settled(image, draft);
}

/** The weighted sum of the scenes' labels; nothing where no scene has one. */
export function mixLabels(api: string, scenes: readonly Scene[], weights: readonly number[]): Pick<Scene, "label"> {
  const labels = scenes.map(({ label }) => label);
  const length = labels.find((label) => label !== undefined)?.length;
  if (length === undefined) return {};
  const mixed = new Float32Array(length);
  for (const [i, label] of labels.entries()) {
    if (label?.length !== length)
      throw new ShapeError(
        explain({
          api,
          action: "mix labels",
          received: `got ${labels.map((some) => some?.length ?? "none").join(" and ")} weights`,
          rule: "all scenes need labels of one length, or none",
        }),
      );
    for (let k = 0; k < length; k++) (mixed[k] as number) += (weights[i] as number) * (label[k] as number);
  }
  return { label: mixed };
}

/** The targets of all, one list after another; kinds that no scene has stay away. */
export function joinTargets(parts: readonly Pick<Scene, Drawn>[]): Pick<Scene, Drawn> {
  const joined: Record<string, readonly unknown[]> = {};
  for (const part of parts)
    for (const [kind, list] of Object.entries(part) as [Drawn, readonly unknown[]][])
      joined[kind] = [...(joined[kind] ?? []), ...list];
  return joined as Pick<Scene, Drawn>;
}
