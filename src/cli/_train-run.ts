/** What training has in common, whatever the recipe's kind: a run is started or continued, shown, and says how to go on. */

import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { DoneEvent } from "../base/events.ts";
import type { Run } from "../train/loop-options.ts";
import { Interrupted, kebab } from "./_failure.ts";
import { count, shellWord, shortPath } from "./_format.ts";
import { claimFolder, isRun, newestRun } from "./_run-folders.ts";
import { follow, jsonView, peopleView, type RunView } from "./_run-view.ts";
import type { Style } from "./_style.ts";
import { type Arguments, exitCodes, type Flag, type Io, jsonFlag, usageError } from "./command.ts";

/** Flags of every kind of run. @param name - Of runs without `--out`. */
export function runFlags(name: string): Flag[] {
  return [
    { name: "out", type: "string", placeholder: "DIR", description: `folder of the run; runs/${name}-N when absent` },
    { name: "resume", type: "boolean", description: "continue the run in --out, or the newest one" },
    jsonFlag,
  ];
}

/** What is to be trained, and where. */
export interface TrainPlan {
  /** Starts or continues the run in a folder. */
  readonly start: (options: {
    readonly out: string;
    readonly resume: boolean;
    readonly signal: AbortSignal;
    readonly onProgress: (message: string) => void;
  }) => Promise<Run>;
  readonly resume: boolean;
  /** Folder; undefined for a new one with the name `name`. */
  readonly out: string | undefined;
  readonly name: string;
  /** What was decided for the user. */
  readonly note?: string;
}

/**
 * Runs a plan to its end and shows it, all but the last event.
 *
 * @returns The last event, and whether nothing was left to train.
 */
export async function runPlan(
  command: string,
  plan: TrainPlan,
  view: RunView,
  io: Io,
): Promise<{ done: DoneEvent; wasComplete: boolean }> {
  const folder = plan.resume
    ? { path: plan.out as string, release: async () => {} }
    : await claimFolder(command, plan.out, plan.name);
  let hasBegun = false;
  let wasComplete = false;
  try {
    const run = await plan.start({
      out: folder.path,
      resume: plan.resume,
      signal: io.signal,
      onProgress: (message) => view.progress(message),
    });
    const done = await follow(run, view, (event) => {
      if (event.type !== "start") return;
      hasBegun = true;
      wasComplete = event.step >= event.steps;
    });
    return { done, wasComplete };
  } catch (error) {
    if (!hasBegun) await folder.release();
    throw error instanceof Error && io.signal.aborted && !hasBegun ? new Interrupted() : error;
  } finally {
    view.close();
  }
}

/**
 * The work of `cameo train`: runs a plan, shows it, and says how to go on.
 *
 * @param unit - What a step consumes: tokens or samples.
 * @param nextSteps - Command lines to try after a run, and what they are for.
 */
export async function trainPlan(
  plan: TrainPlan,
  args: Arguments,
  io: Io,
  unit: "tokens" | "samples",
  nextSteps: (run: string, done: DoneEvent) => readonly (readonly [string, string])[],
): Promise<number> {
  if (plan.note !== undefined) io.stderr.write(`${plan.note}\n`);
  const view = args.isOn("json") ? jsonView(io) : peopleView(io, { unit });
  const { done, wasComplete } = await runPlan("train", plan, view, io);
  view.event(done);
  if (done.status === "stopped") return sayHowToResume(done, io);
  if (wasComplete) io.stderr.write(`The run was complete before: step ${count(done.step)} of ${count(done.step)}.\n`);
  const run = shellWord(shortPath(done.path ?? ""));
  view.note("", view.style.bold("What to try next"), ...tabular(nextSteps(run, done), view.style));
  return exitCodes.done;
}

/** The run that `--resume` means: the argument if it is a folder, `--out`, or the newest. */
export async function runToResume(args: Arguments): Promise<{ path: string; what: string | undefined; note?: string }> {
  const [what] = args.positionals;
  const out = args.text("out");
  const named = what !== undefined && isFolder(what) ? what : undefined;
  if (named !== undefined && out !== undefined && resolve(named) !== resolve(out))
    throw usageError("train", "resume", `got the runs "${named}" and --out "${out}"`, "one at a time");
  const given = named ?? out;
  const path = given ?? (await newestRun());
  return {
    path,
    what: named === undefined ? what : undefined,
    ...(given === undefined ? { note: `continuing ${shortPath(path)}, the newest run` } : {}),
  };
}

/** Refuses to train a run anew. */
export function refuseRun(what: string): void {
  if (!isRun(what)) return;
  const way = `cameo train --resume ${shellWord(what)}`;
  throw usageError("train", `train "${what}"`, "it is a run", "a run is continued with --resume", way);
}

/** Refuses keys that would change a run under way; `steps` may grow, and the device be another. `isSame` decides for keys that may be written in several ways. */
export function checkSame(
  wanted: Readonly<Record<string, unknown>>,
  recipe: Readonly<Record<string, unknown>>,
  path: string,
  isSame: (key: string, value: unknown, own: unknown) => boolean = () => false,
): void {
  for (const [key, value] of Object.entries(wanted)) {
    const own = recipe[key];
    if (isDeepStrictEqual(value, own) || isSame(key, value, own)) continue;
    if (key === "device") continue; // a run may go on on another one
    if (key === "steps" && typeof value === "number" && value > (own as number)) continue;
    const rule = key === "steps" ? "it may only be raised" : "a resumed run keeps its recipe";
    throw usageError(
      "train",
      `resume "${path}" with --${kebab(key)} ${textOf(value)}`,
      `the run has ${textOf(own)}`,
      rule,
      "leave the flag out, or start a new run",
    );
  }
}

function textOf(value: unknown): string {
  if (value === undefined) return "none";
  return typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/** True for a folder. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** True for a file. */
export function isFile(path: string): boolean {
  return existsSync(path) && !isFolder(path);
}

/** Says how to go on after an interruption. */
export function sayHowToResume(done: DoneEvent, io: Io): number {
  io.stderr.write(`continue with: npx cameo train --resume ${shellWord(shortPath(done.path ?? ""))}\n`);
  return exitCodes.interrupted;
}

/** Rows of a command line and what it is for. */
export function tabular(rows: readonly (readonly [string, string])[], style: Style): string[] {
  const width = Math.max(...rows.map(([command]) => command.length));
  return rows.map(([command, purpose]) => `  ${command.padEnd(width)}  ${style.dim(purpose)}`);
}
