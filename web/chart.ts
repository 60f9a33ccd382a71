/** The loss curve as SVG: sharp on every screen, coloured by the style sheet in both schemes. */

import { type Curve, type CurvePoint, smoothed } from "./curve.ts";
import { byId, coalesced } from "./dom.ts";
import { compact, count, lossText } from "./format.ts";
import type { History } from "./history.ts";
import { type Scale, type ScaleKind, scale, ticks } from "./scale.ts";

/** Room for labels around the curve [px]. */
const margin = { top: 10, right: 14, bottom: 26, left: 46 };
/** Shortest time between two drawings [ms]. */
const drawEveryMs = 200;
/** Neighbours that the smooth line looks at to each side, as a share of the curve. */
const smoothing = 0.03;

const svgNamespace = "http://www.w3.org/2000/svg";

function svg(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: (Node | string)[]
): SVGElement {
  const element = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** What a chart can be asked. */
export interface Chart {
  /** Draws the curves as they are now, soon. */
  update(): void;
  /** The scales of the last drawing; undefined while there is nothing to see. */
  readonly axes: Axes | undefined;
}

/** Pixels of steps and losses. */
export interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly width: number;
  readonly height: number;
  readonly lastStep: number;
}

/**
 * Shows the curves of a run.
 *
 * @param history - Of the run on the page, which may be another one later.
 * @param onDraw - Called after each drawing.
 */
export function lossChart(history: () => History, onDraw: (axes: Axes | undefined) => void): Chart {
  const container = byId("chart", HTMLDivElement);
  const [smooth, log] = [byId("smooth", HTMLButtonElement), byId("log", HTMLButtonElement)];
  const empty = byId("chart-empty", HTMLDivElement);
  const picture = svg("svg", { "aria-hidden": "true" });
  container.prepend(picture);
  let axes: Axes | undefined;

  const draw = (): void => {
    const { train, validation } = history();
    const { clientWidth: width, clientHeight: height } = container;
    empty.hidden = train.points.length > 0;
    const isSmooth = smooth.ariaPressed === "true";
    const kind: ScaleKind = log.ariaPressed === "true" ? "log" : "linear";
    axes = train.points.length === 0 ? undefined : axesOf(train, validation, kind, width, height);
    picture.replaceChildren(
      ...(axes === undefined ? frame(width, height) : content(axes, kind, train, validation, isSmooth)),
    );
    onDraw(axes);
  };
  const update = coalesced(draw, drawEveryMs);
  for (const button of [smooth, log])
    button.addEventListener("click", () => {
      button.ariaPressed = String(button.ariaPressed !== "true");
      update();
    });
  new ResizeObserver(update).observe(container);
  return {
    update,
    get axes() {
      return axes;
    },
  };
}

function axesOf(train: Curve, validation: Curve, kind: ScaleKind, width: number, height: number): Axes {
  const points = [...train.points, ...validation.points];
  const lastStep = (train.points.at(-1) as CurvePoint).last;
  const firstStep = (train.points[0] as CurvePoint).first;
  const [least, most] = [Math.min(...points.map(({ min }) => min)), Math.max(...points.map(({ max }) => max))];
  const space = (most - least || 1) * 0.05;
  const range: [number, number] =
    kind === "log" && least > 0 ? [least * 0.96, most * 1.04] : [Math.max(0, least - space), most + space];
  return {
    x: scale("linear", [Math.min(firstStep, lastStep - 1), lastStep], [margin.left, width - margin.right]),
    y: scale(least > 0 ? kind : "linear", range, [height - margin.bottom, margin.top]),
    width,
    height,
    lastStep,
  };
}

/** Faint lines where the curve will be. */
function frame(width: number, height: number): SVGElement[] {
  return [0, 1].map((share) => {
    const y = margin.top + share * (height - margin.bottom - margin.top);
    return svg("line", { class: "grid", x1: margin.left, x2: width - margin.right, y1: y, y2: y });
  });
}

function content(axes: Axes, kind: ScaleKind, train: Curve, validation: Curve, isSmooth: boolean): SVGElement[] {
  const { x, y, width, height } = axes;
  const [left, right, top, bottom] = [margin.left, width - margin.right, margin.top, height - margin.bottom];
  const parts: SVGElement[] = [];
  for (const value of ticks(kind, [y.invert(bottom), y.invert(top)], height / 60)) {
    const at = y(value);
    parts.push(
      svg("line", { class: "grid", x1: left, x2: right, y1: at, y2: at }),
      svg(
        "text",
        { class: "label", x: left - 8, y: at + 4, "text-anchor": "end" },
        String(Number(value.toPrecision(3))),
      ),
    );
  }
  for (const value of ticks("linear", [Math.max(0, x.invert(left)), x.invert(right)], width / 80)) {
    if (!Number.isInteger(value) || x(value) < left) continue;
    const anchor = x(value) > right - 16 ? "end" : x(value) < left + 8 ? "start" : "middle";
    const label = value >= 10_000 ? compact(value) : count(value);
    parts.push(svg("text", { class: "label", x: x(value), y: height - 6, "text-anchor": anchor }, label));
  }
  const { points } = train;
  const lines = (values: readonly number[], of: readonly CurvePoint[]): string =>
    values
      .map((value, i) => `${i === 0 ? "M" : "L"}${x((of[i] as CurvePoint).last).toFixed(1)} ${y(value).toFixed(1)}`)
      .join("");
  const highs = lines(
    points.map(({ max }) => max),
    points,
  );
  const lows = lines(points.map(({ min }) => min).reverse(), points.toReversed());
  if (points.some(({ count }) => count > 1))
    parts.push(svg("path", { class: "range", d: `${highs}L${lows.slice(1)}Z` }));
  const means = points.map(({ mean }) => mean);
  if (isSmooth) parts.push(svg("path", { class: "line train raw", d: lines(means, points) }));
  parts.push(svg("path", { class: "line train", d: lines(isSmooth ? smoothed(points, smoothing) : means, points) }));
  const measured = validation.points;
  parts.push(
    svg("path", {
      class: "line validation",
      d: lines(
        measured.map(({ mean }) => mean),
        measured,
      ),
    }),
  );
  if (measured.length <= 60)
    for (const { last, mean } of measured)
      parts.push(svg("circle", { class: "dot", cx: x(last), cy: y(mean), r: 3.5 }));
  return parts;
}

/** What the curves are at a step, in words. */
export function atStep(
  { train, validation }: History,
  step: number,
): { step: number; train: string; validation?: string } | undefined {
  const point = train.at(step);
  if (point === undefined) return undefined;
  const measured = validation.at(point.last);
  return {
    step: point.last,
    train: lossText(point.mean),
    ...(measured === undefined ? {} : { validation: lossText(measured.mean) }),
  };
}
