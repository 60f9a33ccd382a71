/** Rows that left, as cards: what they hold, and of duplicates the row that they repeat. */

import { escapeHtml as text } from "../../base/html.ts";
import { wordDifference } from "../../base/word-difference.ts";
import { countText } from "./_page-text.ts";
import type { RemovedExample } from "./certificate.ts";

/** Cards that are open; the others unfold. */
const shownCards = 6;

/** Pictures of rows, as `data:` URIs by row number. */
export type RowPictures = ReadonlyMap<number, string>;

/**
 * The part of the page with examples; empty without any.
 *
 * @param examples - Rows that left.
 * @param explain - What a code means, and whether it is a fault of the row itself.
 * @param pictures - Of rows that hold images.
 */
export function examplesPart(
  examples: readonly RemovedExample[],
  explain: (code: RemovedExample["reason"]) => { readonly meaning: string; readonly isFault: boolean },
  pictures: RowPictures,
): string {
  if (examples.length === 0) return "";
  const cards = examples.map(({ row, reason, excerpt, keptRow, keptExcerpt }) => {
    const { meaning, isFault } = explain(reason);
    const [went, stayed] = marked(reason, excerpt.trim(), keptExcerpt?.trim());
    const part = (number: number, what: string, sign: string, content: string): string =>
      `<div><p class="small">row ${countText(number)}, ${what}</p>
<blockquote class="${sign}" dir="auto">${picture(pictures.get(number))}${content || "<i>(empty)</i>"}</blockquote></div>`;
    const parts = [
      part(row, isFault ? "set aside" : "removed", isFault ? "aside" : "gone", went),
      ...(keptRow === undefined
        ? []
        : [part(keptRow, reason === "exact-duplicate" ? "which it repeats" : "which it resembles", "stays", stayed)]),
    ];
    return `<div class="card"><p><code>${text(reason)}</code> <span class="small">${text(meaning)}</span></p><div class="pair">${parts.join("")}</div></div>`;
  });
  const [shown, rest] = [cards.slice(0, shownCards), cards.slice(shownCards)];
  const more =
    rest.length === 0 ? "" : `<details class="more"><summary>${rest.length} more</summary>${rest.join("\n")}</details>`;
  return `<h2>Examples of what left</h2><p class="note">The first rows of each reason.</p>${shown.join("\n")}${more}`;
}

/** A `data:` URI of an image, and nothing else, becomes a picture. */
function picture(uri: string | undefined): string {
  return uri !== undefined && /^data:image\/[a-z]+;base64,[A-Za-z0-9+/=]+$/.test(uri)
    ? `<img src="${uri}" alt="">`
    : "";
}

/** Both texts; of near-duplicates with the words marked in which they differ, but for one that the excerpt cuts off. */
function marked(reason: RemovedExample["reason"], first: string, second = ""): [string, string] {
  if (reason !== "near-duplicate" || first === second) return [text(first), text(second)];
  const words = wordDifference(first, second);
  const textOf = (own: "first" | "second"): string =>
    words
      .filter(({ of }) => of === "both" || of === own)
      .map(({ word, of }) => (of === "both" || word.endsWith("…") ? text(word) : `<mark>${text(word)}</mark>`))
      .join(" ");
  return [textOf("first"), textOf("second")];
}
