/** How a check of data speaks to people: a line that moves, and a summary. */

import type { Certificate } from "../data/quality/certificate.ts";
import type { CheckProgress } from "../data/quality/check-options.ts";
import { meaningOf } from "../data/quality/reason-text.ts";
import { compact, count, counted, formatBytes } from "./_format.ts";
import { LiveLine } from "./_live-line.ts";
import type { Style } from "./_style.ts";
import type { Output } from "./command.ts";

const stages: Readonly<Record<CheckProgress["stage"], string>> = {
  hash: "hashing files",
  "test-set": "reading the test set",
  scan: "reading rows",
  "exact-duplicates": "finding exact duplicates",
  "near-duplicates": "finding near-duplicates",
  profile: "profiling columns",
  labels: "judging labels",
  write: "writing rows",
};

/** The line of a terminal that is drawn again, or one line per stage elsewhere. */
export class CheckBar implements Disposable {
  readonly #output: Output;
  readonly #style: Style;
  readonly #live: LiveLine;
  #stage: CheckProgress["stage"] | undefined;
  #shownMs = 0;
  #begunMs = 0;

  constructor(output: Output, style: Style) {
    this.#output = output;
    this.#style = style;
    this.#live = new LiveLine(output, style);
  }

  /** Calls `print` at once for a new stage, and else ten times a second at most. */
  throttled(progress: CheckProgress, print: () => void): void {
    const now = performance.now();
    const isNew = progress.stage !== this.#stage;
    if (!isNew && now - this.#shownMs < 100) return;
    if (isNew) this.#begunMs = now;
    this.#stage = progress.stage;
    this.#shownMs = now;
    print();
  }

  show(progress: CheckProgress): void {
    const isNew = progress.stage !== this.#stage;
    if (isNew) this[Symbol.dispose]();
    this.throttled(progress, () => {
      if (this.#style.isLive) this.#live.show(this.#parts(progress));
      else if (isNew) this.#output.write(`${stages[progress.stage]}\n`);
    });
  }

  /** Takes the line away. */
  [Symbol.dispose](): void {
    this.#live[Symbol.dispose]();
  }

  #parts({ stage, rows, bytes, share }: CheckProgress): string[] {
    const seconds = (performance.now() - this.#begunMs) / 1000;
    return [
      stages[stage],
      ...(share === null || stage === "hash" ? [] : [`${Math.floor(100 * share)} %`]),
      ...(rows > 0 ? [`${compact(rows)} rows`] : []),
      ...(bytes > 0 ? [formatBytes(bytes)] : []),
      ...(stage === "scan" && seconds > 0.5 ? [`${formatBytes(Math.round(bytes / seconds))}/s`] : []),
    ];
  }
}

/** What came out, line by line. */
export function summaryOf(certificate: Certificate, style: Style): string[] {
  const { input, output, stages: records, requirements, rowsRemoved, rowsQuarantined, drift, faults } = certificate;
  const lines = [
    `${style.bold(count(output.rows))} of ${count(input.rows)} rows stay; ${count(rowsRemoved)} removed, ${count(rowsQuarantined)} set aside`,
  ];
  const reasons = records.flatMap(
    ({ removed }) => Object.entries(removed) as [Parameters<typeof meaningOf>[0], number][],
  );
  const width = Math.max(0, ...reasons.map(([code]) => code.length));
  const digits = Math.max(0, ...reasons.map(([, rows]) => count(rows).length));
  for (const [code, rows] of reasons)
    lines.push(`  ${count(rows).padStart(digits)}  ${code.padEnd(width)}  ${style.dim(meaningOf(code))}`);
  if (drift !== null)
    lines.push(
      `drift: largest stability index ${drift.maxPsi.toFixed(3)}, ${counted(drift.anomalies.length, "anomaly").replace(/anomalys$/, "anomalies")}`,
    );
  const { confidentLearning = null, neighbours = null } = certificate.labels ?? {};
  if (confidentLearning !== null)
    lines.push(
      `labels: ${counted(confidentLearning.numErrors, "suspect")}, some ${(100 * confidentLearning.noiseRate).toFixed(1)} % wrong`,
    );
  if (neighbours !== null)
    lines.push(`labels: ${counted(neighbours.numSuspects, "row")} that most neighbours disagree with`);
  const ofFiles = faults.filter(({ row }) => row === undefined);
  for (const { code, source, detail } of ofFiles.slice(0, 5))
    lines.push(`  ${style.yellow(code)} ${source}: ${detail}`);
  for (const { name, limit, value, passed } of requirements) {
    const found = `${name} ${Number(value.toPrecision(4))}, the limit is ${limit}`;
    lines.push(passed ? `${style.green("met")}     ${found}` : `${style.yellow("missed")}  ${found}`);
  }
  return lines;
}
