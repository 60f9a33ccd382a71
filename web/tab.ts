/** The tab's comings and goings: a hidden tab trains on, and a tab that closes keeps what it has. */

import { counted, lossText } from "./format.ts";
import type { Session } from "./session.ts";

const key = "cameo-playground/last-run";

/**
 * Watches the tab for a session.
 *
 * @param tell - Told what happened while nobody looked.
 */
export function watchTab(session: Session, tell: (facts: string) => void): void {
  let left: { readonly step: number; readonly loss: number | undefined } | undefined;
  document.addEventListener("visibilitychange", () => {
    const { step, loss, phase, steps } = session.view;
    if (document.hidden) {
      left = phase === "running" ? { step, loss } : undefined;
      // The browser may end a hidden tab without another word; the run writes its checkpoint itself.
      leave();
    } else if (left !== undefined && step > left.step) {
      const end =
        phase === "done" ? `It is done, all ${counted(steps, "step")}.` : phase === "running" ? "It still trains." : "";
      tell(
        `training went on: ${counted(step - left.step, "step")}, loss ${left.loss === undefined ? "now" : `from ${lossText(left.loss)} to`} ${lossText(loss ?? Number.NaN)}. ${end}`,
      );
      left = undefined;
    }
  });
  addEventListener("pagehide", leave);
  addEventListener("beforeunload", (event) => {
    const { name, step } = session.view;
    if (name === undefined && step > 0) event.preventDefault(); // it is stored nowhere: the browser asks
  });

  function leave(): void {
    session.keep();
    if (session.view.name !== undefined) rememberRun(session.view.name); // else the run of the visit before is still offered
  }
}

/** Remembers which run is on the page, for the next visit. */
export function rememberRun(name: string | undefined): void {
  try {
    if (name === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, name);
  } catch {
    // Storage is forbidden: the next visit offers nothing.
  }
}

/** Name of the run that was on the page when it was left. */
export function lastRunName(): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}
