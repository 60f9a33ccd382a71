/** What the page shows of a run's past: curves and samples, in bounded memory, kept beside the run for the next visit. */

import { Curve } from "./curve.ts";

/** A text that the model wrote. */
export interface Sample {
  readonly step: number;
  readonly prompt: string;
  readonly text: string;
}

/** Samples that are kept: the first, for comparison, and the newest. */
const mostSamples = 24;

/** The past of one run. */
export class History {
  train: Curve = new Curve();
  validation: Curve = new Curve(256);
  /** Oldest first. */
  samples: Sample[] = [];

  addSample(sample: Sample): void {
    this.samples.push(sample);
    if (this.samples.length > mostSamples) this.samples.splice(1, 1);
  }

  /** Forgets what came after a step. */
  truncate(step: number): void {
    this.train.truncate(step);
    this.validation.truncate(step);
    this.samples = this.samples.filter((sample) => sample.step <= step);
  }
}

const keyOf = (name: string): string => `cameo-playground/history/${name}`;

/** Keeps the past of a run. It is small, and written in one go even while the page closes; where there is no room, the run itself is kept all the same. */
export function keepHistory(name: string, { train, validation, samples }: History): void {
  try {
    localStorage.setItem(keyOf(name), JSON.stringify({ train, validation, samples }));
  } catch {
    // Storage is full or forbidden: the curve begins anew after a reload.
  }
}

/** The past of a run that was kept, or an empty one. */
export function keptHistory(name: string): History {
  const history = new History();
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(name)) ?? "null");
    if (kept === null) return history;
    history.train = Curve.from(kept.train);
    history.validation = Curve.from(kept.validation, 256);
    history.samples = kept.samples;
  } catch {
    // Nothing that can be read: the same as nothing.
  }
  return history;
}

export function forgetHistory(name: string): void {
  try {
    localStorage.removeItem(keyOf(name));
  } catch {
    // Storage is forbidden: there is nothing to forget.
  }
}
