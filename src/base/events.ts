/**
 * What a run tells the world. Progress bars, dashboards, files and tests consume these events and nothing else.
 * Each event is one JSON object, one line of `events.jsonl`.
 */

/** First event: what is about to run. */
export interface StartEvent {
  type: "start";
  /** Name of the run: its folder's name. */
  run: string;
  /** ISO 8601. */
  time: string;
  /** Target that executes the step: `"cpu"`, `"webgpu"`, `"wasm"`. */
  device: string;
  /** The device in words, and why it is that one: "CPU, 8 threads: no GPU that ONNX Runtime can use". */
  engine?: string;
  /** Threads of the engine. */
  threads: number;
  /** Trainable numbers in the model. */
  parameters: number;
  /** Step at which this session begins; above 0 after a resume. */
  step: number;
  /** Step at which the run is complete. */
  steps: number;
  /** Tokens (or samples) that one step consumes. */
  tokensPerStep: number;
  /** What the user should know in one line each: corpus size, tokenizer, folder. */
  notes?: string[];
}

/** One optimizer step is done. */
export interface StepEvent {
  type: "step";
  /** Steps completed, counting this one. */
  step: number;
  /** Mean training loss of the step [nats]. */
  loss: number;
  learningRate: number;
  /** Wall-clock time of the step [ms]. */
  ms: number;
  tokensPerSecond: number;
  /** Global norm of the gradient before clipping, when it was computed. */
  gradientNorm?: number;
  /** In mixed precision, the factor of the loss. */
  lossScale?: number;
  /** True where a gradient was not finite, in mixed precision: nothing was learnt, and the factor is lower from now on. */
  skipped?: boolean;
  /** Bytes copied between host and device, where their memories are two. */
  copiedBytes?: number;
  /**
   * Hash of which samples came at which positions from the beginning of the run to this step, when the data set can tell: 16 hexadecimal
   * digits. Runs with the same digits saw the same samples in the same order.
   */
  orderHash?: string;
}

/** The model was evaluated. */
export interface EvaluationEvent {
  type: "evaluation";
  step: number;
  trainLoss?: number;
  valLoss: number;
  /** Other metrics by name. */
  metrics?: Record<string, number>;
}

/** Text (or another output) that the model makes at this point of its training. */
export interface SampleEvent {
  type: "sample";
  step: number;
  prompt: string;
  text: string;
}

/** A checkpoint is on disk, whole. */
export interface CheckpointEvent {
  type: "checkpoint";
  step: number;
  path: string;
  sizeBytes: number;
}

/** A file was exported. */
export interface ExportEvent {
  type: "export";
  path: string;
  sizeBytes: number;
}

/** Something the user should know; the run goes on. */
export interface WarningEvent {
  type: "warning";
  message: string;
}

/** Last event. */
export interface DoneEvent {
  type: "done";
  /** `"stopped"`: interrupted, after a checkpoint. */
  status: "completed" | "stopped";
  step: number;
  /** Loss of the last step [nats]. */
  loss: number;
  /** Last validation loss [nats], when the run evaluates. */
  valLoss?: number;
  seconds: number;
  tokensPerSecond: number;
  path?: string;
}

/** Everything a run can say. */
export type RunEvent =
  | StartEvent
  | StepEvent
  | EvaluationEvent
  | SampleEvent
  | CheckpointEvent
  | ExportEvent
  | WarningEvent
  | DoneEvent;
