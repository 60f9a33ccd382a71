/**
 * A double of `cameo/web` that behaves the same each time, for tests of the page: losses follow a formula, text comes from a list, and
 * `?fake=…` in the address makes it fail in a given way.
 */

import type {
  BrowserSurvey,
  DoneEvent,
  MemoryEstimate,
  StoredRun,
  WebEvent,
  WebGptOptions,
  WebGptRecipe,
  WebRun,
} from "cameo/web";

/** Ways to fail, separated by commas: `not-isolated`, `no-webgpu`, `no-storage`, `engine`, `quota`, `lost`, `slow`. */
const asked = new Set((new URLSearchParams(globalThis.location?.search ?? "").get("fake") ?? "").split(","));

/** Runs that are stored, by name. */
export const stored = new Map<string, StoredRun>();

export async function surveyBrowser(): Promise<BrowserSurvey> {
  const noWebgpu = asked.has("no-webgpu");
  return {
    device: noWebgpu ? "wasm" : "webgpu",
    webgpu: noWebgpu
      ? { available: false, reason: "this browser has no WebGPU", software: false, float16: false }
      : { available: true, adapter: "Example GPU", software: false, float16: true },
    threads: asked.has("not-isolated")
      ? { count: 1, reason: "the page is not isolated (headers so and so)" }
      : { count: 8 },
    storage: asked.has("no-storage")
      ? { available: false, reason: "this browser keeps no files for pages" }
      : { available: true, quotaBytes: 10e9, usedBytes: 120e6 },
  };
}

export function estimateMemory(recipe: WebGptRecipe & { vocabulary: number }): MemoryEstimate {
  const { layers = 4, width = 128, context = 64, batchSize = 12, vocabulary } = recipe;
  const parameters = layers * (12 * width * width + 2 * width) + (vocabulary + context + 1) * width;
  const [parametersBytes, activationsBytes] = [parameters * 4, batchSize * context * width * layers * 64];
  return {
    parameters,
    parametersBytes,
    optimizerBytes: 2 * parametersBytes,
    activationsBytes,
    totalBytes: 4 * parametersBytes + activationsBytes,
  };
}

export const listRuns = async (): Promise<readonly StoredRun[]> => [...stored.values()];
export const deleteRun = async (name: string): Promise<void> => void stored.delete(name);

export async function importRun(zip: Blob): Promise<string> {
  if (zip.size < 4)
    throw new Error("importRun: cannot read the zip: it has no recipe.json, must be a run that was exported");
  stored.set("imported", { name: "imported", step: 40, steps: 100, sizeBytes: zip.size });
  return "imported";
}

/** Loss at a step: what guessing gives, falling to 1.2, with noise that a step always has. */
export const fakeLoss = (step: number): number =>
  1.2 + 3 * Math.exp(-step / 90) + 0.12 * Math.sin(step * 12.9898) * Math.cos(step * 4.1414);

const written = [
  "qT;e oa\nhd,rtS eln mb ehoa .w otn",
  "The sal ond wast the lant on the see and",
  "Wind north, fresh. Sea moderate, low cloud and drizzle. Lit the lamp and read.",
  "14 March\nWind south-west, strong. Sea rough, fog until noon. Wound the clockwork. A seal watched me and was not impressed. Lit the lamp at dusk.",
];

/** Starts a run whose steps take `stepMs`. */
export function trainGpt({ name, recipe = {}, resume = false, paused = false, text }: WebGptOptions): WebRun {
  const { steps = 600, evaluateEvery = 30, sampleEvery = 50, samplePrompt = "", batchSize = 8, context = 64 } = recipe;
  const stepMs = asked.has("slow") ? 200 : 4;
  const queue: WebEvent[] = [];
  const result = Promise.withResolvers<DoneEvent>();
  let wake = (): void => {};
  result.promise.catch(() => {});
  let failure: unknown;
  let ended = false;
  let isPaused = paused;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let step = resume ? (stored.get(name ?? "")?.step ?? 0) : 0;
  const say = (...events: WebEvent[]): void => {
    queue.push(...events);
    wake();
  };
  const save = (): void => {
    if (name === undefined) return;
    if (asked.has("quota") && step > 0) {
      say({
        type: "warning",
        message: "the checkpoint was not stored: the browser's storage is full (quota exceeded)",
      });
      return;
    }
    stored.set(name, { name, step, steps, sizeBytes: 9_600_000 });
    say({ type: "checkpoint", step, path: `checkpoints/step-${step}`, sizeBytes: 9_600_000 });
  };
  const state = (state: "running" | "paused"): void => say({ type: "state", state });
  const fail = (error: Error): void => {
    failure = error;
    result.reject(error);
    wake();
  };
  const done = (status: DoneEvent["status"]): void => {
    ended = true;
    const event: DoneEvent = { type: "done", status, step, loss: fakeLoss(step), seconds: 1, tokensPerSecond: 1e4 };
    say(event);
    result.resolve(event);
  };
  const one = (): void => {
    step++;
    const ms = stepMs;
    const tokensPerSecond = (batchSize * context * 1000) / ms;
    say({ type: "step", step, loss: fakeLoss(step), learningRate: 1e-3, ms, tokensPerSecond });
    if (step % evaluateEvery === 0) say({ type: "evaluation", step, valLoss: fakeLoss(step) + step / 3000 });
    if (step % sampleEvery === 0 || step === 1) {
      const text = written[Math.min(written.length - 1, Math.floor(step / 60))] as string;
      say({ type: "sample", step, prompt: samplePrompt, text });
    }
    if (step % evaluateEvery === 0) save();
    if (step < steps) return;
    save();
    done("completed");
  };
  const loop = (): void => {
    if (isPaused || ended) return;
    if (asked.has("lost") && step === 120) {
      asked.delete("lost");
      say({ type: "state", state: "recovering", message: "the GPU was lost; going on from step 90" });
      timer = setTimeout(() => {
        state("running");
        loop();
      }, 1500);
      return;
    }
    one();
    timer = setTimeout(loop, stepMs);
  };
  say({ type: "state", state: "preparing", message: "loading the engine" });
  timer = setTimeout(() => {
    if (asked.has("engine"))
      return fail(
        new Error(
          "trainGpt: cannot load the engine: engine/ort-wasm-simd-threaded.mjs did not arrive, the file must be there",
        ),
      );
    if (text instanceof Blob && text.size < 200)
      return fail(new Error("trainGpt: cannot train on the text: it has 12 tokens, needs more than 65"));
    say({
      type: "start",
      run: name ?? "run",
      time: "2026-01-01T00:00:00Z",
      device: "wasm",
      threads: 8,
      parameters: 818_000,
      step,
      steps,
      tokensPerStep: batchSize * context,
    });
    state(isPaused ? "paused" : "running");
    loop();
  }, 60);

  return {
    result: result.promise,
    pause: async () => {
      isPaused = true;
      clearTimeout(timer);
      save();
      state("paused");
    },
    play: async () => {
      isPaused = false;
      state("running");
      loop();
    },
    step: async () => {
      isPaused = true;
      clearTimeout(timer);
      one();
      if (!ended) state("paused");
    },
    stop: async () => {
      if (ended) return;
      clearTimeout(timer);
      save();
      done("stopped");
    },
    checkpoint: async () => save(),
    async *generate(prompt, { tokens = 40 } = {}) {
      for (const word of `${prompt === "" ? "" : " "}${written.at(-1)}`.split(/(?<= )/).slice(0, tokens)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        yield word;
      }
    },
    exportOnnx: async () => new Blob(["onnx"]),
    exportRun: async () => new Blob(["zip"]),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const event = queue.shift();
        if (event !== undefined) yield event;
        else if (failure !== undefined) throw failure;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(timer);
      if (!ended && failure === undefined && step > 0) save();
      ended = true;
      wake();
    },
  };
}
