/** Training in browsers: runs in a dedicated worker, kept in the browser, on the processor or the GPU. */

export type {
  CheckpointEvent,
  DoneEvent,
  EvaluationEvent,
  ExportEvent,
  RunEvent,
  SampleEvent,
  StartEvent,
  StepEvent,
  WarningEvent,
} from "../base/events.ts";
export { estimateMemory, type MemoryEstimate } from "./estimate-memory.ts";
export { deleteRun, importRun, listRuns, type StoredRun } from "./stored-runs.ts";
export { type BrowserSurvey, surveyBrowser } from "./survey-browser.ts";
export { trainGpt, type WebRun } from "./train-gpt.ts";
export type { StateEvent, WebEvent, WebState } from "./web-event.ts";
export type { GenerateOptions, RunWorker, WebGptOptions, WebGptRecipe } from "./web-options.ts";
