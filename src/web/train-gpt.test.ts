import { beforeEach, describe, expect, test, vi } from "vitest";
import { type TestStorage, testStorage } from "../../test/support/private-storage.ts";
import { tinyRecipe, tinyText, trainHere } from "../../test/support/web-runs.ts";
import { CheckpointError, DataError, RuntimeError, UsageError } from "../base/errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { createWebRuntime } from "../runtime/web.ts";
import { readGptFacts } from "../text/gpt-model-file.ts";
import { deleteRun, importRun, listRuns } from "./stored-runs.ts";
import type { WebRun } from "./train-gpt.ts";
import type { WebEvent } from "./web-event.ts";

let storage: TestStorage;
const { locks } = navigator;
function use(other: TestStorage): void {
  storage = other;
  vi.stubGlobal("navigator", { storage, locks, hardwareConcurrency: 1 });
}
beforeEach(() => use(testStorage()));

async function eventsOf(run: WebRun): Promise<WebEvent[]> {
  return Array.fromAsync(run);
}
const lossesOf = (events: readonly WebEvent[]): number[] =>
  events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
const statesOf = (events: readonly WebEvent[]): string[] => [
  ...new Set(events.flatMap((event) => (event.type === "state" ? [event.state] : []))),
];

describe("a run", () => {
  test("prepares, trains, evaluates and ends", async () => {
    await using run = trainHere();
    const events = await eventsOf(run);
    expect(statesOf(events)).toEqual(["preparing", "running"]);
    expect(lossesOf(events)).toHaveLength(8);
    expect(events.find(({ type }) => type === "start")).toMatchObject({ device: "wasm", threads: 1, steps: 8 });
    expect(events.filter(({ type }) => type === "evaluation")).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ type: "done", status: "completed", step: 8 });
    expect(await run.result).toEqual(events.at(-1));
    // Nothing is kept, so nothing is said of a place.
    expect(await run.result).not.toHaveProperty("path");
    expect(events.map(({ type }) => type)).not.toContain("checkpoint");
    expect(storage.paths()).toEqual([]);
  });

  test("stands still, takes single steps and goes on", async () => {
    await using run = trainHere({ paused: true });
    const events: WebEvent[] = [];
    const over = (async () => {
      for await (const event of run) events.push(event);
    })();
    await run.step();
    await run.step();
    expect(lossesOf(events)).toHaveLength(2);
    await run.pause();
    expect(lossesOf(events)).toHaveLength(2);
    await run.play();
    await over;
    expect(lossesOf(events)).toHaveLength(8);
    expect(statesOf(events)).toEqual(["preparing", "paused", "running"]);
    await using straight = trainHere();
    expect(lossesOf(events)).toEqual(lossesOf(await eventsOf(straight)));
  });

  test("writes while it is paused, while it runs and when it is over, and training takes no notice", async () => {
    await using run = trainHere({ paused: true });
    const write = async () => (await Array.fromAsync(run.generate("the ", { tokens: 12, temperature: 0 }))).join("");
    const before = await write();
    expect([...before]).toHaveLength(12);
    expect(await write()).toBe(before);
    await run.play();
    expect([...(await write())]).toHaveLength(12);
    await run.result;
    expect([...(await write())]).toHaveLength(12);
    for await (const piece of run.generate("", { tokens: 10_000 })) {
      expect(piece).not.toBe("");
      break; // ends the writing: the next one does not wait for ten thousand tokens
    }
    await write();
    await using silent = trainHere();
    expect((await silent.result).loss).toBe((await run.result).loss);
  });

  test("stops with a checkpoint when the page leaves its loop", async () => {
    await using run = trainHere({ name: "left", recipe: { steps: 10_000 } });
    for await (const event of run) if (event.type === "step" && event.step === 3) break;
    const { status, step } = await run.result;
    expect(status).toBe("stopped");
    expect(await listRuns()).toMatchObject([{ name: "left", step, steps: 10_000 }]);
  });

  test("refuses in one line, as the class it is in Node", async () => {
    const failure = async (options: Parameters<typeof trainHere>[0]) => {
      await using run = trainHere(options);
      const error = await run.result.catch((reason: unknown) => reason);
      await expect(run.step()).rejects.toBe(error);
      await expect(eventsOf(run)).rejects.toBe(error);
      return error as Error;
    };
    for (const [options, type, message] of [
      [{ text: "" }, DataError, /^readText: cannot read "the text": it is empty/],
      [{ text: "short" }, DataError, /^train: cannot cut a batch/],
      [{ recipe: { heads: 3 } }, UsageError, /^recipe: cannot use "heads"/],
      [{ recipe: { stepz: 3 } as never }, UsageError, /unknown key "stepz"/],
      [{ resume: true }, UsageError, /^trainGpt: cannot resume: got no name/],
      [{ resume: true, name: "none" }, CheckpointError, /there is none of that name/],
      [{ name: "../up" }, UsageError, /^trainGpt: cannot name a run/],
      [{ device: "webgpu" }, RuntimeError, /^runtime.webgpu: cannot start: this browser has no WebGPU/],
      [{ recipe: { learningRate: 1e30 } }, RuntimeError, /it must be finite/],
    ] as const) {
      const error = await failure(options as never);
      expect(error).toBeInstanceOf(type);
      expect(error.message).toMatch(message);
    }
    expect(storage.paths()).toEqual([]);
  });

  test("says that its worker cannot be started", async () => {
    const listeners: ((event: { message?: string }) => void)[] = [];
    const worker = () => ({
      postMessage: () => setTimeout(() => listeners.forEach((listener) => void listener({})), 0),
      addEventListener: (type: string, listener: never) => void (type === "error" && listeners.push(listener)),
      terminate: () => {},
    });
    await using run = trainHere({ worker });
    await expect(run.result).rejects.toThrow(/^trainGpt: cannot start its worker/);
  });
});

describe("a run that is kept", () => {
  test("goes on bit for bit where it stopped, with its own text and recipe", async () => {
    await using whole = trainHere({ recipe: { steps: 12, warmupSteps: 0, schedule: "constant" } });
    const straight = lossesOf(await eventsOf(whole));
    const recipe = { steps: 6, warmupSteps: 0, schedule: "constant" } as const;
    await using first = trainHere({ name: "a run", recipe });
    const before = lossesOf(await eventsOf(first));
    await first[Symbol.asyncDispose]();
    expect(await listRuns()).toMatchObject([{ name: "a run", step: 6, steps: 6 }]);
    await using second = trainHere({ name: "a run", resume: true, recipe: { steps: 12 } });
    const events = await eventsOf(second);
    expect(events.find(({ type }) => type === "start")).toMatchObject({ step: 6, steps: 12 });
    expect([...before, ...lossesOf(events)]).toEqual(straight);
    const log = new TextDecoder().decode(storage.bytes("cameo/runs/a run/events.jsonl"));
    const logged = log.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as WebEvent]));
    expect(lossesOf(logged)).toEqual(straight);
  });

  test("belongs to one tab at a time, and its name to one run", async () => {
    await using run = trainHere({ name: "mine", paused: true });
    await run.step();
    await using other = trainHere({ name: "mine", resume: true });
    await expect(other.result).rejects.toThrow(/another tab trains it/);
    await expect(deleteRun("mine")).rejects.toThrow(/another tab trains it/);
    await run[Symbol.asyncDispose]();
    await using again = trainHere({ name: "mine" });
    await expect(again.result).rejects.toThrow(/there is one of that name/);
    await deleteRun("mine");
    expect(await listRuns()).toEqual([]);
    expect(storage.paths()).toEqual([]);
  });

  test("goes on without checkpoints when the storage is full, and says so", async () => {
    await using run = trainHere({ name: "full", recipe: { steps: 12 } });
    const events: WebEvent[] = [];
    for await (const event of run) {
      events.push(event);
      if (event.type === "checkpoint" && event.step === 4) storage.quotaBytes = (await storage.estimate()).usage ?? 0;
    }
    expect(events.at(-1)).toMatchObject({ status: "completed", step: 12 });
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /^checkpoint: cannot write "full\/step-8": the browser's storage for this page is full, .*\nhint: earlier checkpoints are untouched/,
      ),
    );
    expect(warnings).toContainEqual(expect.stringMatching(/^events of the run are no longer kept/));
    expect(await listRuns()).toMatchObject([{ step: 4 }]);
    storage.quotaBytes = Number.POSITIVE_INFINITY;
    await run[Symbol.asyncDispose]();
    await using again = trainHere({ name: "full", resume: true });
    expect((await again.result).loss).toBe((await run.result).loss);
  });

  test("does not begin where there is no room for its text, and leaves nothing", async () => {
    storage.quotaBytes = 100;
    await using run = trainHere({ name: "big" });
    await expect(run.result).rejects.toThrow(/^trainGpt: cannot keep the run "big": the browser's storage .* is full/);
    expect(storage.paths()).toEqual([]);
  });

  test("has its last checkpoint whenever the tab is closed in the middle of the next", async () => {
    const left: TestStorage[] = [];
    await using run = trainHere({ name: "closed" });
    storage.onWrite = (path) => {
      if (path.includes("step-8/")) left.push(storage.copy());
    };
    const { loss } = await run.result;
    expect(left.length).toBeGreaterThan(5); // each of three files is made, and written
    for (const each of left) {
      use(each);
      expect(await listRuns()).toMatchObject([{ name: "closed", step: 4 }]);
    }
    await run[Symbol.asyncDispose]();
    await using again = trainHere({ name: "closed", resume: true });
    expect((await again.result).loss).toBe(loss);
    expect(storage.paths().filter((path) => path.includes("step-"))).toHaveLength(6);
  });
});

describe("a lost device", () => {
  /** An engine whose device is lost in the runs with these numbers, counted over all its lives. */
  function losing(lost: readonly number[]) {
    let runs = 0;
    let lives = 0;
    const createRuntime = async (options: Parameters<typeof createWebRuntime>[0]): Promise<Runtime> => {
      lives++;
      const runtime = await createWebRuntime({ ...options, threads: 1 });
      const prepare: Runtime["prepare"] = async (calls) => {
        const plan = await runtime.prepare(calls);
        return {
          ...plan,
          run: () => {
            if (lost.includes(runs++)) throw new RuntimeError("gpu: lost", { reason: "device-lost" });
            return plan.run();
          },
        };
      };
      return Object.create(runtime, { prepare: { value: prepare } }) as Runtime;
    };
    return { tools: { createRuntime }, lives: () => lives };
  }

  test.each([undefined, "kept"])("is replaced, and the run (name %s) ends as if nothing had been", async (name) => {
    const named = name === undefined ? {} : { name };
    const { tools, lives } = losing([9]);
    await using run = trainHere({ ...named, recipe: { evaluateEvery: 100 } }, tools);
    const events = await eventsOf(run);
    expect(lives()).toBe(2);
    expect(statesOf(events)).toEqual(["preparing", "running", "recovering"]);
    expect(events.filter(({ type }) => type === "start")).toHaveLength(2);
    await using straight = trainHere({ recipe: { evaluateEvery: 100 } });
    expect(await run.result).toMatchObject({ status: "completed", loss: (await straight.result).loss });
  });

  test("that is lost again and again at one step ends the run, with its checkpoint", async () => {
    const { tools, lives } = losing(Array.from({ length: 100 }, (_, i) => i + 12));
    await using run = trainHere({ name: "unlucky", recipe: { steps: 20 } }, tools);
    const error = await run.result.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RuntimeError);
    expect(error).toMatchObject({
      reason: "device-lost",
      message: expect.stringMatching(/lost 4 times at the same step/),
    });
    expect(lives()).toBe(4);
    await run[Symbol.asyncDispose]();
    expect((await listRuns())[0]?.step).toBeGreaterThanOrEqual(4);
  });
});

describe("exports", () => {
  test("the model with its tokenizer in one file", async () => {
    await using run = trainHere();
    await run.result;
    const bytes = new Uint8Array(await (await run.exportOnnx()).arrayBuffer());
    const { sizes, tokenizer } = readGptFacts(bytes, "model.onnx");
    expect(sizes).toMatchObject({ width: 16, context: 16 });
    expect(tokenizer?.decode(tokenizer.encode("the fox"))).toBe("the fox");
  });

  test("the run, which goes on elsewhere bit for bit", async () => {
    await using run = trainHere({ name: "fox", recipe: { steps: 10 } });
    const events: WebEvent[] = [];
    let archive: Promise<Blob> | undefined;
    for await (const event of run) {
      events.push(event);
      if (event.type === "step" && event.step === 5) archive = run.exportRun();
    }
    use(testStorage());
    expect(await importRun((await archive) as Blob)).toBe("fox");
    expect(await importRun((await archive) as Blob)).toBe("fox-2");
    const [stored] = await listRuns();
    expect(stored?.step).toBeGreaterThanOrEqual(5);
    await using again = trainHere({ name: "fox-2", resume: true });
    expect((await again.result).loss).toBe((await run.result).loss);
  });

  test("imports refuse what is no run", async () => {
    await expect(importRun(new Blob(["PK"]))).rejects.toThrow(/^importRun: cannot read the archive/);
    expect(storage.paths()).toEqual([]);
  });
});

test("the text and the recipe decide the run, not how it is kept", async () => {
  await using memory = trainHere({ text: new Blob([tinyText]) });
  await using kept = trainHere({ name: "kept", recipe: tinyRecipe });
  expect((await memory.result).loss).toBe((await kept.result).loss);
});
