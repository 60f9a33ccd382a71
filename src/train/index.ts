/** The step compiler, the training loop, run folders and checkpoints. */

export {
  listCheckpoints,
  openCheckpoint,
  pruneCheckpoints,
  restoreCheckpoint,
  writeCheckpoint,
} from "./checkpoint.ts";
export type { CheckpointNumbers, CheckpointState, StreamState } from "./checkpoint-state.ts";
export type { Checkpoint } from "./checkpoint-store.ts";
export { evaluateSplit } from "./evaluate-split.ts";
export type { EvaluationOptions, LoopOptions, LoopSession, Run } from "./loop-options.ts";
export * from "./loss-scale.ts";
export type { StateTensor } from "./memory.ts";
export * from "./model.ts";
export * from "./run-folder.ts";
export type { Precision } from "./scaled-loss.ts";
export { curvatureGraph, evaluationGraph, gradientGraph } from "./step-graph.ts";
export * from "./step-program.ts";
export * from "./train.ts";
export { type WholeStep, type WholeStepOptions, wholeStepGraph } from "./whole-step.ts";
export type { StateEntry } from "./whole-update.ts";
