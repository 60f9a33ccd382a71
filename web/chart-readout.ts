/** Reads the curve out at one step: under the pointer, by arrow keys, and to screen readers. */

import { type Axes, atStep, type Chart } from "./chart.ts";
import { byId, make } from "./dom.ts";
import { count } from "./format.ts";
import type { History } from "./history.ts";

/** Shares of the curve that a key moves by. */
const keys: Readonly<Record<string, number>> = {
  ArrowLeft: -0.02,
  ArrowDown: -0.02,
  ArrowRight: 0.02,
  ArrowUp: 0.02,
  PageDown: -0.1,
  PageUp: 0.1,
  Home: -1,
  End: 1,
};

/**
 * Adds the read-out. The chart becomes a slider over the steps: the role whose keys and announcements fit.
 *
 * @returns To call after each drawing of the chart.
 */
export function chartReadout(chart: () => Chart, history: () => History): (axes: Axes | undefined) => void {
  const container = byId("chart", HTMLDivElement);
  const line = make("div", { className: "cursor", hidden: true });
  const box = make("div", { className: "readout", hidden: true });
  container.append(line, box);
  let shown: number | undefined;

  const show = (step: number | undefined): void => {
    shown = step;
    const { axes } = chart();
    const found = step === undefined || axes === undefined ? undefined : atStep(history(), step);
    line.hidden = box.hidden = found === undefined;
    if (found === undefined || axes === undefined) return;
    const x = axes.x(found.step);
    line.style.transform = `translateX(${x}px)`;
    const entry = (kind: string, name: string, value: string): HTMLElement =>
      make("div", {}, make("b", { className: kind }), `${name} ${value}`);
    box.replaceChildren(
      make("div", { className: "soft" }, `step ${count(found.step)}`),
      entry("of-train", "train", found.train),
      ...(found.validation === undefined ? [] : [entry("of-validation", "validation", found.validation)]),
    );
    box.style.transform = `translateX(${x > axes.width / 2 ? x - box.offsetWidth - 10 : x + 10}px)`;
  };
  const describe = (): void => {
    const found = atStep(history(), shown ?? 0);
    if (found === undefined) return;
    container.ariaValueNow = String(found.step);
    const validation = found.validation === undefined ? "" : `, validation loss ${found.validation}`;
    container.ariaValueText = `step ${count(found.step)}: training loss ${found.train}${validation}`;
  };

  container.addEventListener("pointermove", ({ clientX }) => {
    const { axes } = chart();
    if (axes !== undefined) show(Math.round(axes.x.invert(clientX - container.getBoundingClientRect().left)));
  });
  container.addEventListener("pointerleave", () => show(document.activeElement === container ? shown : undefined));
  container.addEventListener("focus", () => {
    const { axes } = chart();
    show(shown ?? axes?.lastStep);
    describe();
  });
  container.addEventListener("blur", () => show(undefined));
  container.addEventListener("keydown", (event) => {
    const [share, { axes }] = [keys[event.key], chart()];
    if (share === undefined || axes === undefined) return;
    event.preventDefault();
    const by = Math.sign(share) * Math.max(1, Math.round(Math.abs(share) * axes.lastStep));
    show(Math.min(axes.lastStep, Math.max(1, (shown ?? axes.lastStep) + by)));
    describe();
  });

  return (axes) => {
    if (axes === undefined) {
      for (const name of [
        "role",
        "tabindex",
        "aria-valuemin",
        "aria-valuemax",
        "aria-valuenow",
        "aria-valuetext",
        "aria-label",
      ])
        container.removeAttribute(name);
      show(undefined);
      return;
    }
    if (container.getAttribute("role") === null) {
      container.setAttribute("role", "slider");
      container.setAttribute("aria-label", "Loss by step");
      container.setAttribute("aria-valuemin", "1");
      container.tabIndex = 0;
      container.ariaValueNow = String(axes.lastStep);
    }
    container.ariaValueMax = String(axes.lastStep);
    if (shown !== undefined) show(shown);
  };
}
