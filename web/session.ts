/** The run that the page shows: starts it, steers it, and gathers what it says. */

import type { DoneEvent, WebEvent, WebGptOptions, WebRun } from "cameo/web";
import { keepHistory, keptHistory } from "./history.ts";
import { Pace } from "./pace.ts";
import { freshView, type Phase, type View } from "./view.ts";

/** What a session tells the page besides its {@link View}. */
export interface Listener {
  /** The view has changed: draw when it suits. */
  changed(): void;
  /** The phase is another one. */
  phase(now: Phase, before: Phase): void;
  /** Something the visitor should know; the run goes on. */
  warning(message: string): void;
  /** A checkpoint is stored. */
  saved(): void;
}

/** Longest time that a run which is left may take to write its checkpoint, before the next begins [ms]. */
const mostGoingMs = 10_000;

/** One run at a time. */
export class Session {
  view: View = freshView();
  #run: WebRun | undefined;
  /** What the run was started with, to go on after a failure or beyond its last step. */
  #options: WebGptOptions | undefined;
  #tokensPerStep = 0;
  /** Counts runs: what an earlier one still says is not heard. */
  #turn = 0;
  #gone: Promise<void> = Promise.resolve();
  readonly #pace = new Pace();
  readonly #trainGpt: (options: WebGptOptions) => WebRun;
  readonly #listener: Listener;

  constructor(trainGpt: (options: WebGptOptions) => WebRun, listener: Listener) {
    this.#trainGpt = trainGpt;
    this.#listener = listener;
  }

  /** The run under way, when there is one that answers. */
  get run(): WebRun | undefined {
    const { phase } = this.view;
    return phase === "failed" || phase === "preparing" ? undefined : this.#run;
  }

  /** Starts a run, or continues a stored one. */
  start(options: WebGptOptions): void {
    this.#leave();
    this.view = { ...freshView(), name: options.name };
    if (options.resume === true && options.name !== undefined) this.view.history = keptHistory(options.name);
    this.#begin(options);
  }

  /** A new run that has not taken a step: nothing is lost with it. */
  get hasNotBegun(): boolean {
    return this.#options !== undefined && this.#options.resume !== true && this.view.step === 0;
  }

  /** Goes on after a failure with what is stored, or from the beginning. */
  retry(): void {
    const options = this.#options;
    if (options === undefined) return;
    const isStored = options.name !== undefined && this.view.step > 0;
    this.#leave();
    this.#begin(isStored ? { ...options, resume: true } : options);
  }

  /** Raises the number of steps of a run that is done. */
  trainOn(steps: number): void {
    const { name } = this.view;
    if (this.#options === undefined || name === undefined) return;
    const { text: _, ...rest } = this.#options;
    this.#leave();
    this.#begin({ ...rest, name, resume: true, paused: false, recipe: { ...rest.recipe, steps } });
  }

  /** True if the run can go on elsewhere: it is stored, and stands or goes. */
  get isMovable(): boolean {
    return this.view.name !== undefined && ["running", "paused", "done", "failed"].includes(this.view.phase);
  }

  /** Goes on on another device, from a checkpoint of now. */
  moveTo(device: "auto" | "webgpu" | "wasm"): void {
    if (this.#options === undefined || !this.isMovable) return;
    const { text: _, precision, ...rest } = this.#options;
    const isGoing = this.view.phase === "running";
    const options: WebGptOptions = {
      ...rest,
      device,
      ...(precision === undefined || device === "wasm" ? {} : { precision }),
    };
    if (!isGoing && this.view.phase !== "paused") this.#options = { ...this.#options, device };
    else {
      this.#leave();
      this.#begin({ ...options, resume: true, paused: !isGoing });
    }
  }

  #begin(options: WebGptOptions): void {
    this.#options = options;
    this.view.error = undefined;
    this.#setPhase("preparing");
    void this.#follow(options);
  }

  async pause(): Promise<void> {
    this.view.isPausing = true;
    this.#listener.changed();
    await this.#run?.pause();
  }

  async play(): Promise<void> {
    await this.#run?.play();
  }

  async step(): Promise<void> {
    await this.#run?.step();
  }

  /** Ends the run with a checkpoint and empties the page. What is stored stays. */
  reset(): void {
    this.keep();
    this.#leave();
    this.view = { ...freshView(), phase: this.view.phase };
    this.#options = undefined;
    this.#setPhase("idle");
  }

  /** Keeps the curve and the samples for the next visit. */
  keep(): void {
    if (this.view.name !== undefined && this.view.step > 0) keepHistory(this.view.name, this.view.history);
  }

  /** Resolves when the run before has written its checkpoint and gone: only then can its name be used again. */
  settled(): Promise<void> {
    return this.#gone;
  }

  /** Gives the memory and the name of a run back, and leaves on the page what it came to. */
  letGo(): void {
    this.#leave();
  }

  /** Lets go of a run: it writes its checkpoint, and nothing that it says counts any more. */
  #leave(): void {
    const run = this.#run;
    this.#run = undefined;
    this.#turn++;
    this.#pace.clear();
    if (run === undefined) return;
    const end = Promise.resolve(run[Symbol.asyncDispose]()).catch(() => {});
    // One that hangs, as a server does not answer, must not hold up the next.
    this.#gone = Promise.race([end, new Promise((resolve) => setTimeout(resolve, mostGoingMs))]).then(() => {});
  }

  async #follow(options: WebGptOptions): Promise<void> {
    const turn = this.#turn;
    const isOurs = (): boolean => turn === this.#turn;
    try {
      await this.#gone;
      if (!isOurs()) return;
      const run = this.#trainGpt(options);
      this.#run = run;
      for await (const event of run) if (isOurs()) this.#take(event);
    } catch (error) {
      if (isOurs()) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.keep();
    this.view.error = error;
    this.#setPhase("failed");
  }

  #take(event: WebEvent): void {
    const { view } = this;
    switch (event.type) {
      case "state":
        view.message = event.message ?? "";
        if (event.state !== "running") this.#pace.clear();
        this.#setPhase(event.state);
        break;
      case "start":
        Object.assign(view, { device: event.device, threads: event.threads, step: event.step, steps: event.steps });
        this.#tokensPerStep = event.tokensPerStep;
        view.history.truncate(event.step);
        view.loss = view.history.train.points.at(-1)?.mean;
        view.validationLoss = view.history.validation.points.at(-1)?.mean;
        this.#pace.clear();
        break;
      case "step":
        this.#takeStep(event.step, event.loss);
        break;
      case "evaluation":
        view.validationLoss = event.valLoss;
        view.history.validation.add(event.step, event.valLoss);
        break;
      case "sample":
        view.history.addSample({ step: event.step, prompt: event.prompt, text: event.text });
        break;
      case "checkpoint":
        this.keep();
        this.#listener.saved();
        break;
      case "warning":
        this.#listener.warning(event.message);
        break;
      case "done":
        this.#finish(event);
        break;
    }
    this.#listener.changed();
  }

  #takeStep(step: number, loss: number): void {
    const { view } = this;
    Object.assign(view, { step, loss });
    view.history.train.add(step, loss);
    this.#pace.add(step, performance.now());
    const { stepsPerSecond } = this.#pace;
    view.secondsLeft = (view.steps - step) / stepsPerSecond;
    if (!Number.isNaN(stepsPerSecond)) view.tokensPerSecond = stepsPerSecond * this.#tokensPerStep;
  }

  #finish({ status, loss, valLoss }: DoneEvent): void {
    if (Number.isFinite(loss)) this.view.loss = loss;
    if (valLoss !== undefined) this.view.validationLoss = valLoss;
    this.keep();
    this.#listener.saved();
    this.#setPhase(status === "completed" ? "done" : "paused");
  }

  #setPhase(phase: Phase): void {
    const before = this.view.phase;
    this.view.phase = phase;
    this.view.isPausing = false;
    if (before !== phase) this.#listener.phase(phase, before);
    this.#listener.changed();
  }
}
