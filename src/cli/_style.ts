/** Colours and signs for people's terminals; none where nobody looks or asked for none. */

import type { Io, Output } from "./command.ts";

/** Paints text, or leaves it as it is. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
  /** True if the terminal can redraw a line. */
  readonly isLive: boolean;
}

/** The style for an output. `NO_COLOR` (https://no-color.org) turns colours off, `TERM=dumb` redrawing too. */
export function styleOf(output: Output, env: Io["env"]): Style {
  const isLive = output.isTTY === true && env["TERM"] !== "dumb";
  const isColoured = isLive && (env["NO_COLOR"] ?? "") === "";
  const paint =
    (open: number, close: number) =>
    (text: string): string =>
      isColoured && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
    isLive,
  };
}
