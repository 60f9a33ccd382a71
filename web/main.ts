/** The playground: binds the panels to one run at a time. All that computes happens in the worker behind `cameo/web`. */

import { isCameoError } from "cameo";
import { deleteRun, estimateMemory, importRun, listRuns, surveyBrowser, trainGpt } from "cameo/web";
import { announcer } from "./announcer.ts";
import { type Chart, lossChart } from "./chart.ts";
import { chartReadout } from "./chart-readout.ts";
import { byId, coalesced } from "./dom.ts";
import { failureOf, warningOf } from "./failures.ts";
import { counted, lossText } from "./format.ts";
import { forgetHistory } from "./history.ts";
import { notices } from "./notices.ts";
import { promptPanel } from "./prompt-panel.ts";
import { moreSteps, runPanel } from "./run-panel.ts";
import { runsPanel } from "./runs-panel.ts";
import { curveTable, samplesPanel } from "./samples-panel.ts";
import { Session } from "./session.ts";
import { setupPanel } from "./setup-panel.ts";
import { lastRunName, rememberRun, watchTab } from "./tab.ts";
import { runName } from "./text-files.ts";
import { textPanel } from "./text-panel.ts";
import { themeSwitch } from "./theme.ts";
import type { Phase } from "./view.ts";

themeSwitch();
const notice = notices();
const { announce, announceNow } = announcer();
const surveyed = surveyBrowser();

const session = new Session(trainGpt, {
  changed: () => draw(),
  phase: (now, before) => phaseChanged(now, before),
  warning: (message) => notice.show({ key: "warning", level: "warning", ...warningOf(message) }),
  saved: () => void runs.refresh(),
});
const history = () => session.view.history;

/** Tells of something that failed beside the run. */
function failed(error: unknown): void {
  notice.show({ key: "failure", level: "error", ...failureOf(error, navigator.onLine) });
}

const text = textPanel(
  () => {
    setup.estimate();
    draw();
  },
  (messages) => notice.show({ key: "files", level: "error", title: "Not taken:", text: messages.join(" ") }),
);
const setup = setupPanel(
  estimateMemory,
  () => text.alphabet,
  (device) => session.moveTo(device),
);
const runs = runsPanel(
  { listRuns, deleteRun, importRun },
  {
    current: () => session.view.name,
    run: () => session.run,
    settled: () => session.settled(),
    open: (name) => resume(name),
    deleted: (name) => {
      forgetHistory(name);
      notice.hide("continue");
    },
    failed,
  },
);
const chart: Chart = lossChart(history, (axes) => readout(axes));
const readout = chartReadout(() => chart, history);
const [drawSamples, drawTable] = [samplesPanel(history), curveTable(history)];
const drawPrompt = promptPanel(() => session.run, failed);
const runPart = runPanel(() => session.view, { main: mainPressed, step: stepPressed, reset });
const drawDownloads = coalesced(() => runs.update());

const tryIt = byId("try", HTMLButtonElement);
tryIt.addEventListener("click", () => {
  text.useSample();
  byId("train", HTMLButtonElement).focus();
  void start(false).catch(failed);
});

function draw(): void {
  tryIt.hidden = session.view.phase !== "idle" || text.characters > 0;
  for (const each of [runPart.update, chart.update, drawSamples, drawTable, drawPrompt, drawDownloads]) each();
  const { step, steps, loss } = session.view;
  if (session.view.phase === "running" && loss !== undefined)
    announce(Math.min(3, Math.floor((step / steps) * 4)), `Step ${step} of ${steps}, loss ${lossText(loss)}`);
}

async function start(paused: boolean): Promise<void> {
  if (!setup.check()) return;
  const given = text.take();
  if (typeof given === "string") {
    announceNow(given);
    byId("setup-fold", HTMLDetailsElement).open = true;
    return;
  }
  const { storage } = await surveyed;
  await runs.refresh(); // another tab may have named one since
  if (session.view.phase !== "idle" && session.view.phase !== "failed") return; // pressed twice
  const taken = runs.runs.map(({ name }) => name);
  session.start({
    device: setup.device,
    text: given,
    recipe: setup.recipe,
    precision: setup.precision,
    paused,
    ...(storage.available ? { name: runName(text.title, taken) } : {}),
  });
  showRun();
}

function resume(name: string, paused = true): void {
  session.start({ device: setup.device, name, resume: true, paused });
  showRun();
}

/** On a narrow screen the setup gives way to the run. */
function showRun(): void {
  notice.hide("continue", "failure", "warning", "hidden");
  if (matchMedia("(min-width: 60rem)").matches) return;
  byId("setup-fold", HTMLDetailsElement).open = false;
  byId("run", HTMLElement).scrollIntoView();
}

function mainPressed(): void {
  const { phase, steps } = session.view;
  const does: Readonly<Record<Phase, () => unknown>> = {
    idle: () => start(false),
    preparing: () => {},
    recovering: () => {},
    running: () => session.pause(),
    paused: () => session.play(),
    done: () => session.trainOn(steps + moreSteps(steps)),
    failed: () => (session.hasNotBegun ? start(false) : session.retry()),
  };
  notice.hide("failure");
  void Promise.resolve(does[phase]()).catch(failed);
  runPart.answer();
}

/** One step: of the run, or as the first of a new one. */
let stepsWhenReady = false;
function stepPressed(): void {
  if (session.view.phase === "idle") {
    stepsWhenReady = true;
    void start(true).catch(failed);
  } else void session.step().catch(failed);
}

function reset(): void {
  const { name, step } = session.view;
  stepsWhenReady = false;
  if (name === undefined && step > 0 && !confirm("This run is not saved in the browser. Drop it?")) return;
  const isEmpty = session.hasNotBegun;
  session.reset();
  if (isEmpty && name !== undefined) void discard(name);
  else void session.settled().then(() => runs.refresh());
  notice.hide("failure", "warning", "hidden");
  byId("setup-fold", HTMLDetailsElement).open = true;
  byId("train", HTMLButtonElement).focus();
}

/** Takes a run away that never took a step. */
async function discard(name: string): Promise<void> {
  await session.settled();
  await deleteRun(name).catch(() => {}); // it may not have come so far as to be stored
  await runs.refresh();
}

function phaseChanged(now: Phase, before: Phase): void {
  // What could not even begin can be changed and tried again.
  const isFree = now === "idle" || (now === "failed" && session.hasNotBegun);
  setup.lock(!isFree, !isFree && !session.isMovable);
  if (now === "failed") {
    stepsWhenReady = false;
    failed(session.view.error);
    const { name, error } = session.view;
    const isTaken = isCameoError(error, "checkpoint"); // then the name is that of another run
    if (session.hasNotBegun && name !== undefined && !isTaken) {
      session.letGo();
      void discard(name);
    }
  }
  if (before === "preparing") void runs.refresh();
  if (now === "running" || now === "idle") rememberRun(session.view.name);
  if (now === "paused" && before === "preparing" && stepsWhenReady) {
    stepsWhenReady = false;
    void session.step().catch(failed);
  }
  runPart.answer();
  const { view } = session;
  const told: Readonly<Partial<Record<Phase, string>>> = {
    preparing: "Preparing",
    running: before === "paused" ? "Training goes on" : "Training",
    paused: `Paused at step ${view.step}`,
    recovering: "The device was lost, recovering",
    done: `Done after ${counted(view.step, "step")}, loss ${lossText(view.loss ?? Number.NaN)}`,
  };
  if (told[now] !== undefined) announceNow(told[now]);
}

watchTab(session, (facts) =>
  notice.show({ key: "hidden", level: "info", title: "While this tab was hidden,", text: facts }),
);

async function arrive(): Promise<void> {
  const survey = await surveyed;
  setup.offer(survey);
  const { threads, storage } = survey;
  if (threads.reason !== undefined && survey.device === "wasm")
    notice.show({
      key: "threads",
      level: "warning",
      title: "Training on the CPU has one thread here:",
      text: `${threads.reason}. It works, and is slower; whoever hosts the page can change that.`,
    });
  if (!storage.available)
    notice.show({
      key: "storage",
      level: "warning",
      title: "Runs are not saved in this browser:",
      text: `${storage.reason ?? "it keeps no files for pages"}. Download a run before you leave the page.`,
    });
  await runs.refresh();
  const last = lastRun();
  if (last !== undefined && session.view.phase === "idle")
    notice.show({
      key: "continue",
      level: "info",
      title: `“${last.name}” stopped at step ${last.step} of ${last.steps}.`,
      text: "Nothing of it is lost.",
      actions: [{ label: "Continue", run: () => resume(last.name, false) }],
    });
}

/** The run that was on the page when it was left, if it is not complete. */
function lastRun() {
  const name = lastRunName();
  return runs.runs.find((run) => run.name === name && run.step < run.steps);
}

draw();
void arrive().catch(failed);
