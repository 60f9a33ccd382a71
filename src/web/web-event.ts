/** What a run in the browser tells its page. */

import type { RunEvent } from "../base/events.ts";

/** What a run is doing. */
export type WebState = "preparing" | "running" | "paused" | "recovering";

/** The run does something else now. */
export interface StateEvent {
  type: "state";
  /** `"recovering"`: the device was lost, and the run goes on from its last checkpoint. */
  state: WebState;
  /** More about it, in a few words. */
  message?: string;
}

/** Everything a run in the browser can say. */
export type WebEvent = RunEvent | StateEvent;
