/** What the page shows of its run. */

import { History } from "./history.ts";

/** Where a run stands. */
export type Phase = "idle" | "preparing" | "running" | "paused" | "recovering" | "done" | "failed";

/** What the session shows of its run. */
export interface View {
  phase: Phase;
  /** What is being done, in the run's own words. */
  message: string;
  /** Name under which the run is stored; undefined where nothing is stored. */
  name: string | undefined;
  device: string;
  threads: number;
  step: number;
  steps: number;
  /** Of the last step; undefined before the first. */
  loss: number | undefined;
  validationLoss: number | undefined;
  tokensPerSecond: number;
  /** Time until the last step [s]; NaN before it can be told. */
  secondsLeft: number;
  history: History;
  error: unknown;
  /** It was asked to pause, and the step under way is not over yet. */
  isPausing: boolean;
}

/** The view of no run. */
export const freshView = (): View => ({
  phase: "idle",
  message: "",
  name: undefined,
  device: "",
  threads: 0,
  step: 0,
  steps: 0,
  loss: undefined,
  validationLoss: undefined,
  tokensPerSecond: 0,
  secondsLeft: Number.NaN,
  history: new History(),
  error: undefined,
  isPausing: false,
});
