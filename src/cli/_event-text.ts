/** Run events as lines for people. */

import { basename } from "node:path";
import type { DoneEvent, RunEvent, SampleEvent, StartEvent } from "../base/events.ts";
import { compact, count, formatBytes, formatDuration, formatLoss, shortPath } from "./_format.ts";
import type { Style } from "./_style.ts";

/** What a step consumes. */
export type Unit = "tokens" | "samples";

/** The lines that an event adds to the record, or none. Steps have none: they move the bar. Samples are cut to `columns`. */
export function eventLines(event: RunEvent, style: Style, columns: number, unit: Unit = "tokens"): string[] {
  switch (event.type) {
    case "start":
      return startLines(event, style, unit);
    case "evaluation": {
      const train = event.trainLoss === undefined ? "" : `  training loss ${formatLoss(event.trainLoss)}`;
      const others = Object.entries(event.metrics ?? {}).map(([name, value]) => `  ${name} ${formatLoss(value)}`);
      return [
        `${at(event.step)}${style.bold(`validation loss ${formatLoss(event.valLoss)}`)}${train}${others.join("")}`,
      ];
    }
    case "sample":
      return sampleLines(event, style, columns);
    case "checkpoint":
      return [style.dim(`${at(event.step)}checkpoint ${basename(event.path)}, ${formatBytes(event.sizeBytes)}`)];
    case "export":
      return [`${style.green("exported")} ${shortPath(event.path)}, ${formatBytes(event.sizeBytes)}`];
    case "warning":
      return [`${style.yellow("warning")} ${event.message}`];
    case "done":
      return doneLines(event, style, unit);
    case "step":
      return [];
  }
}

function at(step: number): string {
  return `step ${String(step).padStart(5)}  `;
}

const dataLabels: Readonly<Record<Unit, string>> = { tokens: "text", samples: "data" };

function startLines(event: StartEvent, style: Style, unit: Unit): string[] {
  const { run, parameters, notes = [], device, engine, threads, step, steps, tokensPerStep } = event;
  const from = step === 0 ? "" : ` from step ${count(step)}`;
  const row = (name: string, text: string): string => `  ${style.dim(name.padEnd(7))} ${text}`;
  return [
    `${style.bold(shortPath(run))}${from}`,
    ...notes.map((note, i) => row(i === 0 ? dataLabels[unit] : "", note)),
    row("model", `${compact(parameters)} parameters${unit === "samples" ? " train" : ""}`),
    row("engine", engine ?? `${device}, ${threads} thread${threads === 1 ? "" : "s"}`),
    row("plan", `${count(steps)} steps of ${count(tokensPerStep)} ${unit}`),
    "",
  ];
}

function sampleLines({ step, prompt, text }: SampleEvent, style: Style, columns: number): string[] {
  const whole = printable(`${prompt}${text}`)
    .replace(/^\s*\n/, "")
    .trimEnd();
  const lines = whole.split(/\r\n|\r|\n/).flatMap((line) => broken(line, columns - 7));
  return [`${at(step)}the model writes`, ...lines.map((line) => `    ${style.dim("│")} ${line}`)];
}

/** A line in pieces that fit; characters beyond the alphabets of Europe count as two columns. */
function broken(line: string, width: number): string[] {
  const pieces = [""];
  let used = 0;
  for (const character of line) {
    const columns = (character.codePointAt(0) as number) >= 0x1100 ? 2 : 1;
    if (used + columns > Math.max(20, width)) {
      pieces.push("");
      used = 0;
    }
    pieces[pieces.length - 1] += character;
    used += columns;
  }
  return pieces;
}

/** Text that cannot move the cursor or change colours: a model may write any character. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd");
}

function doneLines(
  { status, step, loss, valLoss, seconds, tokensPerSecond }: DoneEvent,
  style: Style,
  unit: Unit,
): string[] {
  const measured =
    valLoss !== undefined
      ? `, validation loss ${formatLoss(valLoss)}`
      : Number.isFinite(loss)
        ? `, loss ${formatLoss(loss)}`
        : "";
  const speed = tokensPerSecond > 0 ? `, ${compact(tokensPerSecond)} ${unit}/s` : "";
  const verb = status === "completed" ? style.green("done") : style.yellow("stopped");
  return ["", `${verb} at step ${count(step)} after ${formatDuration(seconds)}${measured}${speed}`];
}
