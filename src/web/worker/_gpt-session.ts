/** One run from text to model, in the thread of the worker: prepares, trains, survives the loss of its device, and answers between steps. */

import { explain, messageOf, RuntimeError } from "../../base/errors.ts";
import type { RunEvent } from "../../base/events.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { findGpu } from "../../runtime/web/adapter.ts";
import { createWebRuntime } from "../../runtime/web.ts";
import { gptModelFile } from "../../text/gpt-model-file.ts";
import { type GptTraining, gptTraining } from "../../text/gpt-training.ts";
import { liveWeights, streamText } from "../../text/live-generator.ts";
import { encodedDataset } from "../../text/memory-text.ts";
import { CheckpointStore } from "../../train/checkpoint-store.ts";
import { trainLoop } from "../../train/loop.ts";
import { memoryFiles } from "../../train/memory-files.ts";
import type { BeginOptions } from "../protocol.ts";
import { packRun } from "../run-archive.ts";
import { isSoftwareGpu } from "../software-gpu.ts";
import type { WebEvent } from "../web-event.ts";
import type { GenerateOptions } from "../web-options.ts";
import { Desk } from "./_desk.ts";
import { type KeptRun, keptRun, recipeText } from "./_kept-run.ts";
import { textFiles } from "./_run-text.ts";

/** How often the device may be lost without a step in between that was not taken before. */
const mostLosses = 3;

/** What a session needs of its thread; tests put others in place. */
export interface SessionTools {
  createRuntime(options: Parameters<typeof createWebRuntime>[0]): Promise<Runtime>;
}

/** A run in its worker. */
export class GptSession {
  readonly desk: Desk;
  readonly #options: BeginOptions;
  readonly #tell: (event: WebEvent) => void;
  readonly #tools: SessionTools;
  #kept: KeptRun | undefined;
  #training: GptTraining | undefined;

  /**
   * @param options - What the page said.
   * @param tell - Told every event.
   * @param tools - See {@link SessionTools}.
   */
  constructor(
    options: BeginOptions,
    tell: (event: WebEvent) => void,
    tools: SessionTools = { createRuntime: createWebRuntime },
  ) {
    this.#options = options;
    this.#tell = tell;
    this.#tools = tools;
    this.desk = new Desk(options.paused, (state) => tell({ type: "state", state }));
  }

  /** Runs until the page closes it: a run that is over still writes and exports. Rejects with what made it fail. */
  async run(): Promise<void> {
    try {
      const progress = (message: string): void => this.#tell({ type: "state", state: "preparing", message });
      const warn = (message: string): void => this.#tell({ type: "warning", message });
      progress("reading the text");
      await using kept = await keptRun(this.#options, { progress, warn });
      this.#kept = kept;
      await this.#train(kept, progress, warn);
      this.desk.fail(new RuntimeError("trainGpt: cannot go on: the run is closed, start a new one"));
    } catch (error) {
      this.desk.fail(error);
      throw error;
    }
  }

  /** Continues a prompt between two steps. */
  generate(
    prompt: string,
    options: GenerateOptions,
    onPiece: (piece: string) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { tokens = 100, temperature = 0.8, topK = 200, seed = 0 } = options;
    return this.desk.ask(async ({ program, runtime }): Promise<void> => {
      if (signal.aborted || this.#training === undefined) return;
      const generator = await this.#training.generator(program, runtime);
      const settings = { tokens, temperature, topK, seed, signal };
      for await (const piece of streamText(generator, prompt, settings)) await onPiece(piece);
    });
  }

  /** The model as an `.onnx` file that holds its tokenizer. */
  exportOnnx(): Promise<Blob> {
    return this.desk.ask(async ({ program }) => {
      const { model, text } = this.#parts();
      const bytes = gptModelFile(model, await liveWeights(program), text.tokenizer);
      return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
    });
  }

  /** The run as a zip of what its folder in Node would hold, with a checkpoint of now. */
  exportRun(): Promise<Blob> {
    return this.desk.ask(async (session) => {
      const { recipe, text, store } = this.#parts();
      const checkpoints = new CheckpointStore(memoryFiles());
      await session.checkpoint(checkpoints);
      const name = `step-${session.step}`;
      const files = new Map<string, Uint8Array | string>([["recipe.json", recipeText(recipe)]]);
      for (const [file, content] of Object.entries(await textFiles(text))) files.set(`data/${file}`, content);
      for (const [file, content] of await checkpoints.read(name)) files.set(`checkpoints/${name}/${file}`, content);
      return packRun(store.path, files);
    });
  }

  /** What there is once the loop has asked for the first step. */
  #parts(): KeptRun & GptTraining {
    return { ...(this.#kept as KeptRun), ...(this.#training as GptTraining) };
  }

  async #train(kept: KeptRun, progress: (message: string) => void, warn: (message: string) => void): Promise<void> {
    const { recipe, text, store } = kept;
    const data = await encodedDataset(text, recipe);
    const isNamed = this.#options.name !== undefined;
    let device = this.#options.device === "auto" ? await fastestDevice() : this.#options.device;
    let furthest = -1;
    let losses = 0;
    for (let attempt = 0; ; attempt++) {
      progress(`starting ${device === "webgpu" ? "the GPU" : "the engine"}`);
      let runtime: Runtime;
      try {
        runtime = await this.#start(device);
      } catch (error) {
        if (device !== "webgpu" || this.#options.device !== "auto") throw error;
        warn(`${messageOf(error)}; going on without the GPU`);
        device = "wasm";
        continue;
      }
      try {
        progress("compiling the step");
        const training = gptTraining(recipe, data);
        this.#training = training;
        const run = trainLoop(
          { runtime, store },
          {
            ...training.options,
            ...(isNamed ? {} : { checkpoint: { every: recipe.checkpointEvery, keep: 1 } }),
            resume: this.#options.resume || attempt > 0,
            signal: this.desk.signal,
            attend: (session) => this.desk.attend(session),
          },
        );
        for await (const event of run) {
          if (event.type === "checkpoint" && !isNamed) continue;
          if (event.type === "step" && event.step > furthest) {
            furthest = event.step;
            losses = 0;
          }
          this.#tell(isNamed ? event : withoutPlace(event));
        }
        return;
      } catch (error) {
        const loss = lossOf(error);
        if (loss === null) throw error;
        losses++;
        if (losses > mostLosses) throw lostAgain(loss);
        this.desk.recover();
        warn(`${loss.message}; the run goes on from its last checkpoint`);
      } finally {
        await release(runtime);
      }
    }
  }

  #start(device: "webgpu" | "wasm"): Promise<Runtime> {
    const { threads, engine } = this.#options;
    return this.#tools.createRuntime({
      device,
      ...(threads === undefined || device === "webgpu" ? {} : { threads }),
      ...(engine === undefined ? {} : { engineUrl: engine }),
    });
  }
}

/** An event of a run that nobody keeps: its checkpoints are in memory, and no place of theirs means anything to a page. */
function withoutPlace(event: RunEvent): RunEvent {
  if (event.type !== "done") return event;
  const { path: _, ...rest } = event;
  return rest;
}

/** A real GPU where there is one: on one that is software the processor is faster by itself. */
async function fastestDevice(): Promise<"webgpu" | "wasm"> {
  const gpu = await findGpu();
  return typeof gpu === "string" || isSoftwareGpu(gpu) ? "wasm" : "webgpu";
}

/** Gives up a runtime; of one whose device is lost nothing is left to give up. */
async function release(runtime: Runtime): Promise<void> {
  try {
    await runtime[Symbol.asyncDispose]();
  } catch {
    // what matters was said before
  }
}

/** The loss of a device behind an error, where that is what it is; giving up what was on the device may have failed for it, too. */
function lossOf(error: unknown): RuntimeError | null {
  const { error: later, suppressed } = error as Partial<SuppressedError>; // the class itself is not in every browser
  if (suppressed !== undefined) return lossOf(later) ?? lossOf(suppressed);
  return error instanceof RuntimeError && error.reason === "device-lost" ? error : null;
}

function lostAgain(cause: RuntimeError): RuntimeError {
  return new RuntimeError(
    explain({
      api: "trainGpt",
      action: "go on",
      received: `the device was lost ${mostLosses + 1} times at the same step`,
      rule: "a step must be possible between two losses",
      hint: "the last checkpoint is kept; train a smaller model, or on the processor",
    }),
    { cause, reason: "device-lost" },
  );
}
