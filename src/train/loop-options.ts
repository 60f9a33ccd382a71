/** What a run is told, and what it is while it runs. */

import type { DoneEvent, RunEvent, SampleEvent } from "../base/events.ts";
import type { Transform } from "../optim/transform.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import type { Dataset, Model } from "./model.ts";
import type { Precision } from "./scaled-loss.ts";
import type { StepProgram } from "./step-program.ts";

/** When and on how much the model is evaluated. */
export interface EvaluationOptions {
  /** Steps between evaluations; the last step is always evaluated. */
  readonly every: number;
  /**
   * Most batches per evaluation.
   * @defaultValue all
   */
  readonly batches?: number;
}

/** What a run is, whatever it runs on and wherever it is kept. */
export interface LoopOptions {
  /** What is trained: its parameters, the inputs of a batch, and its loss. */
  readonly model: Model;
  /** Where batches come from. */
  readonly data: Dataset;
  /** Turns gradients into updates: `adamw(…)`, or a chain. */
  readonly optimizer: Transform;
  /** Samples per batch. */
  readonly batchSize: number;
  /** Steps after which the run is complete. */
  readonly steps: number;
  /**
   * Batches whose gradients are averaged in one step.
   * @defaultValue 1
   */
  readonly accumulate?: number;
  /**
   * Decides initial parameters, batches and dropout.
   * @defaultValue 0
   */
  readonly seed?: number;
  /**
   * Compute activations again in the backward pass instead of keeping them: less memory, more time.
   * @defaultValue false
   */
  readonly recompute?: boolean;
  /**
   * What the step computes in. Where the device does not compute in float16, mixed precision is float32, and a warning says so.
   * @defaultValue "float32"
   */
  readonly precision?: Precision;
  /** Evaluation on held-out data; none when absent. */
  readonly evaluation?: EvaluationOptions;
  /** Steps between checkpoints, and how many to keep. The last step is always kept. */
  readonly checkpoint?: { readonly every: number; readonly keep?: number };
  /** Continue from the newest checkpoint. */
  readonly resume?: boolean;
  /** Learning rate by step, for events (times what a plateau made of it); the optimizer has its own. */
  readonly learningRate?: (step: number) => number;
  /** Called every `every` steps: returns what the model makes now. */
  readonly sample?: {
    readonly every: number;
    readonly make: (
      program: StepProgram,
      runtime: Runtime,
      step: number,
    ) => Promise<Pick<SampleEvent, "prompt" | "text">>;
  };
  /** The device in words, for the start event; the runtime's own when absent. */
  readonly engine?: string;
  /** Lines for the start event. */
  readonly notes?: readonly string[];
  /** Stops the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Called with the program before the first step: for what else must be compiled. */
  readonly onStart?: (program: StepProgram, runtime: Runtime) => Promise<void>;
  /** Called with the live program once the run is over and before memory is released: for exports. */
  readonly onFinish?: (program: StepProgram, runtime: Runtime) => Promise<readonly RunEvent[]>;
  /**
   * Called before each step, and once more after the last event, before memory is released: whoever wants to pause a run, or to use or
   * export the model in it, does so here. The run goes on when it resolves.
   */
  readonly attend?: (session: LoopSession) => Promise<void>;
}

/** A run between two steps. */
export interface LoopSession {
  readonly program: StepProgram;
  readonly runtime: Runtime;
  /** Steps completed. */
  readonly step: number;
  /** True once the last event was told. */
  readonly over: boolean;
  /** Writes a checkpoint now: where the run is kept, if it is, or into another place. Throws CheckpointError if that fails. */
  checkpoint(into?: CheckpointStore): Promise<void>;
}

/**
 * A run under way. Iterate it once for its events; leaving the loop stops it. `result` settles when the run is over, whether anyone
 * iterates or not. Disposing it stops it and waits.
 */
export interface Run extends AsyncIterable<RunEvent>, AsyncDisposable {
  /** The last event. Rejects with what made the run fail. */
  readonly result: Promise<DoneEvent>;
}
