/** Shows a run under way: as JSON lines for programs, or as a bar and a record for people. */

import type { DoneEvent, RunEvent } from "../base/events.ts";
import type { Run } from "../train/loop-options.ts";
import { barLine, Pace, plainLine } from "./_bar.ts";
import { eventLines, type Unit } from "./_event-text.ts";
import { type Style, styleOf } from "./_style.ts";
import type { Io } from "./command.ts";

/** What a run is shown on. */
export interface RunView {
  /** Something that is being done before the first event. Each replaces the one before. */
  progress(message: string): void;
  event(event: RunEvent): void;
  /** Lines for people; a view for programs leaves them out. */
  note(...lines: string[]): void;
  readonly style: Style;
  /** Takes the moving line away. Call it when the run is over, however it ended. */
  close(): void;
}

/** The view for `--json`: one event a line on stdout. */
export function jsonView(io: Io): RunView {
  return {
    progress: () => {},
    event: (event) => void io.stdout.write(`${JSON.stringify(event)}\n`),
    note: () => {},
    style: styleOf({ write: () => {} }, io.env),
    close: () => {},
  };
}

/** Time between two drawings of the moving line [ms]. */
const drawEveryMs = 100;
/** Time between two lines about progress where nothing can be redrawn [ms]. */
const plainEveryMs = 10_000;

/** Options of {@link peopleView}. */
export interface PeopleViewOptions {
  /** Clock [ms]. */
  readonly now?: () => number;
  /** What a step consumes. @defaultValue "tokens" */
  readonly unit?: Unit;
}

/**
 * The view for people, on stderr. In a terminal the last line moves; elsewhere a line is written now and then.
 *
 * @param io - Its stderr, and the signal whose first Ctrl-C is answered at once.
 */
export function peopleView(
  io: Io,
  { now = () => performance.now(), unit = "tokens" }: PeopleViewOptions = {},
): RunView {
  const style = styleOf(io.stderr, io.env);
  let moving = "";
  let pace: Pace | undefined;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let closed = false;
  const draw = (line: string): void => {
    if (line === moving) return;
    // One write a frame, so that nothing flickers: to the line's start, the text, and away with the rest.
    io.stderr.write(`\r${line}\u001b[K`);
    moving = line;
  };
  const record = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    const erase = moving === "" ? "" : "\r\u001b[K";
    const again = moving;
    moving = "";
    io.stderr.write(`${erase}${lines.map((line) => `${line}\n`).join("")}`);
    if (again !== "" && pace !== undefined) draw(again);
  };
  const tick = (): void => {
    if (pace === undefined) return;
    const time = now();
    if (time - drawnMs < (style.isLive ? drawEveryMs : plainEveryMs) && pace.step < pace.steps) return;
    drawnMs = time;
    if (style.isLive) draw(barLine(pace, time, io.stderr.columns ?? 80, style, unit));
    else record([plainLine(pace, time, unit)]);
  };
  const onStop = (): void => {
    if (closed) return;
    const first = pace === undefined ? "" : "finishing the step and writing a checkpoint; ";
    record([style.yellow(`stopping: ${first}Ctrl-C again stops at once`)]);
  };
  io.signal.addEventListener("abort", onStop, { once: true });
  return {
    style,
    progress: (message) => {
      const time = now();
      if (style.isLive) {
        if (time - drawnMs < drawEveryMs && message.startsWith(moving.slice(0, 8))) return;
        drawnMs = time;
        draw(message.slice(0, (io.stderr.columns ?? 80) - 1));
      } else if (time - drawnMs >= plainEveryMs) {
        drawnMs = time;
        record([message]);
      }
    },
    event: (event) => {
      if (event.type === "start") {
        moving = clear(moving, io);
        drawnMs = Number.NEGATIVE_INFINITY;
        if (event.step < event.steps) pace = new Pace(event);
      }
      if (event.type === "step") {
        pace?.add(event, now());
        tick();
      }
      if (event.type === "done" || event.type === "export") {
        moving = clear(moving, io);
        pace = undefined;
      }
      record(eventLines(event, style, style.isLive ? (io.stderr.columns ?? 80) : Number.POSITIVE_INFINITY, unit));
    },
    note: (...lines) => record(lines),
    close: () => {
      closed = true;
      io.signal.removeEventListener("abort", onStop);
      moving = clear(moving, io);
      pace = undefined;
    },
  };
}

function clear(moving: string, io: Io): "" {
  if (moving !== "") io.stderr.write("\r\u001b[K");
  return "";
}

/**
 * Shows the events of a run until it is over, all but the last, which is returned: a command may have more to say first.
 *
 * @param run - Under way.
 * @param view - Where to.
 * @param onEvent - Sees every event too.
 */
export async function follow(
  run: Run,
  view: RunView,
  onEvent: (event: RunEvent) => void = () => {},
): Promise<DoneEvent> {
  view.progress("compiling the training step");
  for await (const event of run) {
    onEvent(event);
    if (event.type !== "done") view.event(event);
  }
  return run.result;
}
