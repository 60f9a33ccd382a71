/** What the model wrote along the way, and the curve as a table: both change seldom. */

import { byId, coalesced, make } from "./dom.ts";
import { count, lossText } from "./format.ts";
import type { History, Sample } from "./history.ts";

/** @returns To call when the view has changed. */
export function samplesPanel(history: () => History): () => void {
  const list = byId("samples", HTMLOListElement);
  let shown: readonly Sample[] | undefined;
  return coalesced(() => {
    const { samples } = history();
    if (shown !== undefined && shown.at(-1) === samples.at(-1) && shown.length === samples.length) return;
    shown = [...samples];
    const items = shown
      .toReversed()
      .map(({ step, prompt, text }) =>
        make(
          "li",
          {},
          make("h3", {}, `Step ${count(step)}`),
          make("p", { dir: "auto" }, make("span", { className: "given" }, prompt), visible(text)),
        ),
      );
    list.replaceChildren(
      ...(items.length > 0
        ? items
        : [make("li", {}, make("p", { className: "empty" }, "At first noise, then words, then almost sense."))]),
    );
  }, 200);
}

/** Text that cannot turn the reading direction of the page, nor start with an empty line. */
const visible = (text: string): string => text.replace(/^\n+/, "").replace(/[^\P{C}\n\t\u200c\u200d]/gu, "\ufffd");

/** Rows of the table: more is for machines. */
const mostRows = 40;

/** The losses that were evaluated, as a table; made while it is open. @returns To call when the view has changed. */
export function curveTable(history: () => History): () => void {
  const [table, fold] = [byId("table", HTMLTableElement), byId("table-fold", HTMLDetailsElement)];
  const draw = (): void => {
    if (!fold.open) return;
    const { train, validation } = history();
    const from = validation.points.length > 0 ? validation.points : train.points;
    const every = Math.max(1, Math.ceil(from.length / mostRows));
    const rows = from.filter((_, i) => (from.length - 1 - i) % every === 0);
    const cells = (tag: "th" | "td", texts: readonly string[]): HTMLTableRowElement =>
      make("tr", {}, ...texts.map((text) => make(tag, tag === "th" ? { scope: "col" } : {}, text)));
    table.replaceChildren(
      make("thead", {}, cells("th", ["Step", "Training loss", "Validation loss"])),
      make(
        "tbody",
        {},
        ...rows.map(({ last, mean }) =>
          cells("td", [
            count(last),
            lossText(train.at(last)?.mean ?? Number.NaN),
            validation.points.length > 0 ? lossText(mean) : "–",
          ]),
        ),
      ),
    );
  };
  const update = coalesced(draw, 2000);
  fold.addEventListener("toggle", draw);
  return update;
}
