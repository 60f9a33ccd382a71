/** Controls and figures of the run, and one line that says where it stands. */

import { byId, coalesced, isOff, setOff, setText } from "./dom.ts";
import { compact, count, lossText, timeLeft } from "./format.ts";
import type { Phase, View } from "./view.ts";

/** What the controls do. */
export interface Controls {
  /** Train, Pause, Resume, Continue: what the button says in this phase. */
  main(): void;
  step(): void;
  reset(): void;
}

/** Steps that a finished run goes on for. */
export const moreSteps = (steps: number): number => Math.max(10, Math.round(steps / 2));

const mainLabels: Readonly<Record<Phase, (view: View) => string>> = {
  idle: () => "Train",
  preparing: () => "Preparing…",
  running: ({ isPausing }) => (isPausing ? "Pausing…" : "Pause"),
  paused: () => "Resume",
  recovering: () => "Pause",
  done: ({ steps }) => `Train ${compact(moreSteps(steps))} more`,
  failed: ({ step, name }) => (step > 0 && name !== undefined ? "Continue" : "Train"),
};

const isGoing: Readonly<Record<Phase, boolean>> = {
  idle: false,
  preparing: true,
  running: true,
  paused: false,
  recovering: true,
  done: false,
  failed: false,
};

/** Shortest time between two drawings of the figures [ms]: nobody reads faster. */
const drawEveryMs = 100;

/** The panel of the run. */
export interface RunPanel {
  /** The view has changed: draws it soon. */
  update(): void;
  /** The buttons say something else: draws them in the next frame. */
  answer(): void;
}

export function runPanel(view: () => View, controls: Controls): RunPanel {
  const [main, step, reset] = ["train", "step", "reset"].map((id) => byId(id, HTMLButtonElement)) as [
    HTMLButtonElement,
    HTMLButtonElement,
    HTMLButtonElement,
  ];
  const [progress, status] = [byId("progress", HTMLDivElement), byId("status", HTMLParagraphElement)];
  const bar = progress.firstElementChild as HTMLElement;
  const figure = (name: string): HTMLElement => byId(`figure-${name}`, HTMLElement);
  const figures = ["step", "steps", "loss", "validation", "speed", "left"].map(figure);

  const listen = (button: HTMLButtonElement, run: () => void): void =>
    button.addEventListener("click", () => {
      if (!isOff(button)) run();
    });
  listen(main, controls.main);
  listen(step, controls.step);
  listen(reset, controls.reset);

  const drawControls = (): void => {
    const now = view();
    const { phase, isPausing } = now;
    document.body.dataset["phase"] = phase;
    setText(main, mainLabels[phase](now));
    setOff(
      main,
      phase === "preparing" || phase === "recovering" || isPausing || (phase === "done" && now.name === undefined),
    );
    setOff(step, !(phase === "idle" || phase === "paused"));
    setOff(reset, phase === "idle");
    setText(status, statusText(now));
  };
  const drawFigures = (): void => {
    const now = view();
    const { phase, steps, loss, validationLoss, tokensPerSecond, secondsLeft } = now;
    const share = steps === 0 ? 0 : Math.min(1, now.step / steps);
    bar.style.transform = `scaleX(${share})`;
    progress.ariaValueNow = String(Math.floor(share * 100));
    const texts = [
      steps === 0 ? "–" : count(now.step),
      steps === 0 ? "" : `/ ${count(steps)}`,
      loss === undefined ? "–" : lossText(loss),
      validationLoss === undefined ? "–" : lossText(validationLoss),
      tokensPerSecond === 0 ? "–" : compact(tokensPerSecond),
      phase === "running" ? timeLeft(secondsLeft) : phase === "done" ? "done" : "–",
    ];
    texts.forEach((text, i) => {
      setText(figures[i] as HTMLElement, text);
    });
    document.title = titleOf(now, share);
  };
  const draw = (): void => {
    drawControls();
    drawFigures();
  };
  return { answer: coalesced(draw), update: coalesced(draw, drawEveryMs) };
}

/** Where the run stands, in one line. */
export function statusText({ phase, message, device, threads, name, loss }: View): string {
  const where = device === "webgpu" ? "the GPU" : `the CPU, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  const told: Readonly<Record<Phase, string>> = {
    idle: "Ready.",
    preparing: `Preparing${message === "" ? "…" : `: ${message}…`}`,
    running: loss === undefined ? `The first step on ${where} takes longest…` : `Training on ${where}.`,
    paused: "Paused.",
    recovering: `Recovering: ${message === "" ? "the device was lost, going on from the last checkpoint" : message}…`,
    done: `Done. ${name === undefined ? "Download it to keep it." : `${name} is saved in this browser.`}`,
    failed: "Stopped by an error, see above.",
  };
  return told[phase];
}

function titleOf({ phase, loss }: View, share: number): string {
  if (loss === undefined || phase === "idle") return "Cameo playground";
  const percent = isGoing[phase] ? `${Math.floor(share * 100)} %` : phase;
  return `${percent} · loss ${lossText(loss)} · Cameo playground`;
}
