import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { CheckpointError } from "../base/errors.ts";
import type { RunEvent } from "../base/events.ts";
import { createRunFolder, EventLog, nextRunPath, openRunFolder, runFolder } from "./run-folder.ts";

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-run-"));
});
afterAll(() => rm(root, { recursive: true }));
const fresh = (): string => join(root, `run-${count++}`);

const stepEvent = (step: number): RunEvent => ({
  type: "step",
  step,
  loss: 1,
  learningRate: 0.1,
  ms: 1,
  tokensPerSecond: 1,
});
const lines = async (path: string): Promise<unknown[]> =>
  (await readFile(path, "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);

describe("createRunFolder", () => {
  test("writes the recipe and makes room for checkpoints", async () => {
    const folder = await createRunFolder(fresh(), { steps: 3 });
    expect((await readdir(folder.path)).sort()).toEqual(["checkpoints", "recipe.json"]);
    expect(await openRunFolder(folder.path)).toEqual({ folder, recipe: { steps: 3 } });
  });

  test("refuses a folder that holds a run, with the way out", async () => {
    const path = fresh();
    await createRunFolder(path, { steps: 3 });
    await expect(createRunFolder(path, { steps: 4 })).rejects.toThrow(CheckpointError);
    await expect(createRunFolder(path, { steps: 4 })).rejects.toThrow(
      /the folder holds a run, .+\nhint: continue it with --resume, or choose another folder/,
    );
    expect((await openRunFolder(path)).recipe).toEqual({ steps: 3 });
  });

  test("uses a folder that a run left before its recipe was whole", async () => {
    const path = fresh();
    await mkdir(join(path, "checkpoints"), { recursive: true });
    await writeFile(join(path, "recipe.json.tmp-1-ab"), '{"steps"');
    await createRunFolder(path, { steps: 3 });
    expect((await openRunFolder(path)).recipe).toEqual({ steps: 3 });
  });
});

test("openRunFolder says what is missing", async () => {
  await expect(openRunFolder(fresh())).rejects.toThrow(/there is no recipe\.json, the folder of a run has one/);
  const path = fresh();
  await mkdir(path);
  await writeFile(join(path, "recipe.json"), "{");
  await expect(openRunFolder(path)).rejects.toThrow(CheckpointError);
  await expect(openRunFolder(path)).rejects.toThrow(/recipe\.json is no JSON/);
});

describe("EventLog", () => {
  async function logOf(text: string | null): Promise<string> {
    const folder = await createRunFolder(fresh(), {});
    if (text !== null) await writeFile(folder.events, text);
    return runFolder(folder.path).events;
  }

  test("writes one JSON object a line, in order", async () => {
    const path = await logOf(null);
    const log = await EventLog.open(path, 0);
    for (let step = 1; step <= 50; step++) log.append(stepEvent(step));
    await log.close();
    expect(await lines(path)).toEqual(Array.from({ length: 50 }, (_, i) => stepEvent(i + 1)));
  });

  test("drops what the run will repeat, and a line that a kill cut off", async () => {
    const events = [
      { type: "start", step: 0 },
      stepEvent(1),
      { type: "warning", message: "w" },
      stepEvent(2),
      { type: "checkpoint", step: 2 },
      stepEvent(3),
    ];
    const path = await logOf(`${events.map((event) => JSON.stringify(event)).join("\n")}\n{"type":"step","st`);
    const log = await EventLog.open(path, 2);
    log.append(stepEvent(3));
    await log.close();
    expect(await lines(path)).toEqual([...events.slice(0, 5), stepEvent(3)]);
  });

  test("a write that fails is reported when it closes, and not before", async () => {
    const path = await logOf(null);
    const log = await EventLog.open(path, 0);
    const handle = await open(path, "a");
    const stub = vi.spyOn(Object.getPrototypeOf(handle) as typeof handle, "write");
    await handle.close();
    stub.mockRejectedValueOnce(new Error("ENOSPC: no space left on device, write"));
    log.append(stepEvent(1));
    await new Promise((resolve) => setTimeout(resolve, 5)); // an unhandled rejection would end the process here
    log.append(stepEvent(2));
    await expect(log.close()).rejects.toThrow(
      /^train: cannot write ".*events\.jsonl": ENOSPC: no space left on device, write, .+\nhint: /,
    );
  });
});

test("nextRunPath takes the first free number", async () => {
  const runs = fresh();
  expect(await nextRunPath("gpt", runs)).toBe(join(runs, "gpt-1"));
  await mkdir(join(runs, "gpt-1"), { recursive: true });
  await mkdir(join(runs, "gpt-3"));
  expect(await nextRunPath("gpt", runs)).toBe(join(runs, "gpt-2"));
});
