/** Measures contenders against each other, one task at a time, in rounds that alternate. */

import type { Contender } from "./contender.ts";
import { makeTask, type TaskName } from "./tasks.ts";
import type { ContenderName, WorkerAnswer, WorkerRequest } from "./worker.ts";

/** What is measured. */
export interface CompareOptions {
  readonly tasks: readonly TaskName[];
  /** The first one is what the others are compared with. */
  readonly contenders: readonly ContenderName[];
  readonly rounds: number;
  /** Told what is going on. */
  readonly tell?: (message: string) => void;
  /** Given each result as soon as there is one. */
  readonly report?: (result: Row | Failure) => void;
}

/** One contender at one task. */
export interface Row {
  readonly task: TaskName;
  readonly description: string;
  readonly contender: string;
  readonly threads: number | null;
  readonly note: string;
  /** Losses of the first steps, before anything is timed. */
  readonly losses: readonly number[];
  /** Median time of a step, and quartiles [ms]. */
  readonly ms: Spread;
  /** Its time in units of the first contender's, round by round: median and quartiles. */
  readonly ratio: Spread;
}

/** A contender that could not take part. */
export interface Failure {
  readonly task: TaskName;
  readonly contender: ContenderName;
  readonly failure: string;
}

/** Median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Steps whose losses must agree before anything is timed. */
const checkedSteps = 5;

/** How far a loss may be from that of the first contender: float32 in another order, five updates on. */
const tolerance = 2e-3;

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const position = share * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(position)] as number, sorted[Math.ceil(position)] as number];
    return below + (above - below) * (position % 1);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** A contender in its worker. */
class Rival {
  readonly name: ContenderName;
  readonly times: number[] = [];
  readonly ratios: number[] = [];
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  described!: Omit<Contender, "run">;
  losses: readonly number[] = [];

  constructor(name: ContenderName) {
    this.name = name;
  }

  #ask<Answer extends WorkerAnswer>(request: WorkerRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) =>
        "failure" in data ? reject(new Error(data.failure)) : resolve(data as Answer);
      this.#worker.onerror = ({ message }) => reject(new Error(message));
      this.#worker.postMessage(request);
    });
  }

  async start(task: TaskName): Promise<void> {
    this.described = await this.#ask({ start: this.name, task });
    this.losses = (await this.run(checkedSteps)).losses;
  }

  run(steps: number): Promise<Awaited<ReturnType<Contender["run"]>>> {
    return this.#ask({ run: steps });
  }

  stop(): void {
    this.#worker.terminate();
  }
}

function checkLosses(rival: Rival, first: Rival): void {
  for (const [step, loss] of rival.losses.entries()) {
    const expected = first.losses[step] as number;
    if (!(Math.abs(loss - expected) <= tolerance * Math.abs(expected)))
      throw new Error(
        `it does something else: its loss at step ${step + 1} is ${loss}, ${first.name}'s is ${expected}`,
      );
  }
}

/** Starts those that can take part: the first one that does is what the others' losses are compared with. */
async function startRivals(
  { contenders, tell = () => {} }: CompareOptions,
  task: TaskName,
  fail: (failure: Failure) => void,
): Promise<Rival[]> {
  const rivals: Rival[] = [];
  for (const contender of contenders) {
    tell(`${task}: ${contender} starts`);
    const rival = new Rival(contender);
    try {
      await rival.start(task);
      checkLosses(rival, rivals[0] ?? rival);
      rivals.push(rival);
    } catch (error) {
      rival.stop();
      fail({ task, contender, failure: error instanceof Error ? error.message : String(error) });
    }
  }
  return rivals;
}

/** One round: everyone takes the steps of the task, beginning with another one each time. */
async function playRound(rivals: readonly Rival[], round: number, steps: number): Promise<void> {
  const medians = new Map<Rival, number>();
  for (const i of rivals.keys()) {
    const rival = rivals[(i + round) % rivals.length] as Rival;
    const { ms } = await rival.run(steps);
    rival.times.push(...ms);
    medians.set(rival, spread(ms).median);
  }
  for (const rival of rivals)
    rival.ratios.push((medians.get(rival) as number) / (medians.get(rivals[0] as Rival) as number));
}

/**
 * Compares.
 *
 * @param options - See {@link CompareOptions}.
 * @returns A row for every contender at every task, or why it could not take part.
 */
export async function compare(options: CompareOptions): Promise<(Row | Failure)[]> {
  const { tell = () => {}, report = () => {} } = options;
  const results: (Row | Failure)[] = [];
  const add = (result: Row | Failure): void => {
    results.push(result);
    report(result);
  };
  for (const name of options.tasks) {
    const task = makeTask(name);
    const rivals = await startRivals(options, name, add);
    for (let round = 0; round < options.rounds; round++) {
      tell(`${name}: round ${round + 1} of ${options.rounds}`);
      await playRound(rivals, round, task.steps);
    }
    for (const rival of rivals) {
      const { described, losses, times, ratios } = rival;
      add({
        task: name,
        description: task.description,
        contender: described.name,
        threads: described.threads,
        note: described.note ?? "",
        losses,
        ms: spread(times),
        ratio: spread(ratios),
      });
      rival.stop();
    }
  }
  return results;
}
