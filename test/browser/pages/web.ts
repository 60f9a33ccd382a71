/** Runs of `cameo/web` in a page, kept between calls. */

import { deleteRun, importRun, listRuns, type StoredRun } from "../../../src/web/stored-runs.ts";
import { type BrowserSurvey, surveyBrowser } from "../../../src/web/survey-browser.ts";
import { trainGpt, type WebRun } from "../../../src/web/train-gpt.ts";
import type { WebEvent } from "../../../src/web/web-event.ts";
import type { GenerateOptions, WebGptOptions } from "../../../src/web/web-options.ts";

const runs = new Map<number, { readonly run: WebRun; readonly events: WebEvent[]; readonly over: Promise<void> }>();

const runOf = (id: number): WebRun => (runs.get(id) as { readonly run: WebRun }).run;

/** Starts a run and returns its number. */
export function begin(options: WebGptOptions): number {
  const run = trainGpt({ engine: "/engine/", ...options });
  const events: WebEvent[] = [];
  const over = (async () => {
    for await (const event of run) events.push(event);
  })();
  over.catch(() => {}); // `end` tells it
  runs.set(runs.size, { run, events, over });
  return runs.size - 1;
}

/** What a run has said so far. */
export const eventsOf = (id: number): readonly WebEvent[] => runs.get(id)?.events ?? [];

/** Waits for the end of a run, and returns all that it said. */
export async function end(id: number): Promise<readonly WebEvent[]> {
  await runs.get(id)?.over;
  return eventsOf(id);
}

/** Presses a button. */
export const press = (id: number, button: "pause" | "play" | "step" | "stop" | "checkpoint"): Promise<void> =>
  runOf(id)[button]();

export async function dispose(id: number): Promise<void> {
  await runOf(id)[Symbol.asyncDispose]();
}

export const write = async (id: number, prompt: string, options: GenerateOptions): Promise<string> =>
  (await Array.fromAsync(runOf(id).generate(prompt, options))).join("");

export const onnxBytes = async (id: number): Promise<number[]> => [
  ...new Uint8Array(await (await runOf(id).exportOnnx()).arrayBuffer()),
];

export const archiveBytes = async (id: number): Promise<number[]> => [
  ...new Uint8Array(await (await runOf(id).exportRun()).arrayBuffer()),
];

export const importBytes = (bytes: readonly number[]): Promise<string> => importRun(new Blob([Uint8Array.from(bytes)]));

/** Makes the page believe that it is hidden. */
export function hide(): void {
  Object.defineProperty(document, "visibilityState", { configurable: true, value: "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
}

export const stored = (): Promise<readonly StoredRun[]> => listRuns();
export const remove = (name: string): Promise<void> => deleteRun(name);
export const survey = (): Promise<BrowserSurvey> => surveyBrowser();
