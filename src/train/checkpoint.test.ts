import { execFile, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sourceUrl } from "../../test/support/run-node.ts";
import { CheckpointError } from "../base/errors.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import { type Runtime, viewOf } from "../runtime/runtime.ts";
import { readSafetensors, writeSafetensors } from "../tensor/safetensors.ts";
import type { NamedTensor } from "../tensor/safetensors-format.ts";
import { listCheckpoints, openCheckpoint, pruneCheckpoints, restoreCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { StateTensor } from "./memory.ts";
import { newestCheckpoint, runFolder } from "./run-folder.ts";

const files = ["model.safetensors", "optimizer.safetensors", "state.json"] as const;
let runtime: Runtime;
let root: string;
let count = 0;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  root = await mkdtemp(join(tmpdir(), "cameo-checkpoint-"));
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});
const fresh = async (): Promise<string> => {
  const folder = join(root, String(count++));
  await mkdir(folder);
  return folder;
};

/** A state of two parameters in one buffer, one slot and an integer, with odd bits among the numbers. */
function stateOf(salt: number): Map<string, StateTensor> {
  const flat = runtime.createBuffer("float32", 12);
  const slot = runtime.createBuffer("float32", 6);
  const integers = runtime.createBuffer("int64", 2);
  (flat.host as Float32Array).set([Number.NaN, -0, Infinity, 1e-45, salt, 0.1, 0, 0, 1, 2, 3, 4]);
  (slot.host as Float32Array).fill(salt / 3);
  (integers.host as BigInt64Array).set([2n ** 60n + BigInt(salt), -1n]);
  return new Map([
    ["model/a.weight", { shape: [2, 3], view: viewOf(flat, [2, 3]) }],
    ["model/b", { shape: [4], view: viewOf(flat, [4], 8) }],
    ["model/count", { shape: [2], view: viewOf(integers) }],
    ["optimizer/m/a.weight", { shape: [2, 3], view: viewOf(slot, [2, 3]) }],
  ]);
}

async function bytesOf(state: ReadonlyMap<string, StateTensor>): Promise<Record<string, string>> {
  const entries = [...state].map(async ([name, { shape, view }]) => {
    const data = await view.buffer.read(view.offset, view.offset + shape.reduce((a, b) => a * b, 1));
    return [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex")];
  });
  return Object.fromEntries(await Promise.all(entries));
}

const stateAt = (step: number) => ({ step, seed: 7, data: "text", loss: 1.25, valLoss: null });

/** A folder with checkpoints of these steps; the state of step n is `stateOf(n)`. */
async function folderOf(...steps: number[]): Promise<string> {
  const folder = await fresh();
  for (const step of steps) await writeCheckpoint(folder, stateOf(step), stateAt(step));
  return folder;
}

describe("a checkpoint", () => {
  test("comes back bit for bit", async () => {
    const folder = await fresh();
    const written = await writeCheckpoint(folder, stateOf(5), stateAt(40));
    expect(written.path).toBe(join(folder, "step-40"));
    expect((await readdir(written.path)).sort()).toEqual(files);
    const checkpoint = await openCheckpoint(written.path);
    expect(checkpoint.state).toMatchObject({ formatVersion: 1, ...stateAt(40) });
    const target = stateOf(0);
    await restoreCheckpoint(checkpoint, target);
    expect(await bytesOf(target)).toEqual(await bytesOf(stateOf(5)));
  });

  test("is the same files for the same state, and its size is theirs", async () => {
    const [one, two] = [await folderOf(3), await folderOf(3)];
    let sizeBytes = 0;
    for (const file of files) {
      const bytes = await readFile(join(one, "step-3", file));
      expect(bytes.equals(await readFile(join(two, "step-3", file))), file).toBe(true);
      sizeBytes += bytes.length;
    }
    expect((await writeCheckpoint(await fresh(), stateOf(3), stateAt(3))).sizeBytes).toBe(sizeBytes);
  });

  test("replaces one of the same step", async () => {
    const folder = await folderOf(1);
    await writeCheckpoint(folder, stateOf(2), stateAt(1));
    const target = stateOf(0);
    await restoreCheckpoint(await openCheckpoint(join(folder, "step-1")), target);
    expect(await bytesOf(target)).toEqual(await bytesOf(stateOf(2)));
    expect(await readdir(folder)).toEqual(["step-1"]);
  });

  test("is listed newest first, by number; other names are not checkpoints", async () => {
    const folder = await folderOf(9, 10, 100);
    await mkdir(join(folder, ".step-200.tmp-1-abc"));
    await mkdir(join(folder, "step-x"));
    expect((await listCheckpoints(folder)).map(({ step }) => step)).toEqual([100, 10, 9]);
    expect(await listCheckpoints(join(folder, "absent"))).toEqual([]);
  });
});

describe("damage", () => {
  /** A copy of a whole checkpoint in which one file was changed. */
  async function damaged(file: string, change: (bytes: Buffer) => Uint8Array | null): Promise<string> {
    const folder = await folderOf(8);
    const path = join(folder, "step-8", file);
    const changed = change(await readFile(path));
    if (changed === null) await rm(path);
    else await writeFile(path, changed);
    return join(folder, "step-8");
  }
  const flipped = (at: number) => (bytes: Buffer) => bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte));

  test.each(files)("one changed byte anywhere in %s is found", async (file) => {
    const whole = await folderOf(8);
    const path = join(whole, "step-8", file);
    const bytes = await readFile(path);
    const places = file === "state.json" ? [...bytes.keys()] : [0, 7, 9, 20, 4095, 4096, bytes.length - 1];
    const state = (await openCheckpoint(join(whole, "step-8"))).state;
    for (const at of places) {
      await writeFile(path, flipped(at)(bytes));
      const result = await openCheckpoint(join(whole, "step-8")).then(
        (checkpoint) => checkpoint.state,
        (error: unknown) => error,
      );
      // White space between the members of state.json means nothing and may change.
      if (result instanceof Error) expect(result, `byte ${at}`).toBeInstanceOf(CheckpointError);
      else expect(result, `byte ${at}`).toEqual(state);
    }
    await writeFile(path, flipped(places[places.length >> 1] as number)(bytes));
    await expect(openCheckpoint(join(whole, "step-8"))).rejects.toThrow(
      new RegExp(`^checkpoint: cannot read ".*step-8": .*${file}`),
    );
  });

  test.each(files)("%s cut short, empty or missing is found", async (file) => {
    for (const change of [(bytes: Buffer) => bytes.subarray(0, -3), () => new Uint8Array(0), () => null])
      await expect(openCheckpoint(await damaged(file, change))).rejects.toThrow(CheckpointError);
    await expect(openCheckpoint(await damaged(file, () => null))).rejects.toThrow(file);
  });

  test.each(["null", "[]", "5", '"text"', "{}", "not json"])("state.json that holds %s is refused", async (text) => {
    await expect(openCheckpoint(await damaged("state.json", () => Buffer.from(text)))).rejects.toThrow(CheckpointError);
  });

  test("another version of the format is refused by its number", async () => {
    const path = await damaged("state.json", (bytes) =>
      Buffer.from(bytes.toString().replace('"formatVersion": 1', '"formatVersion": 2')),
    );
    await expect(openCheckpoint(path)).rejects.toThrow(
      `checkpoint: cannot read "${path}": format version 2, this Cameo reads 1`,
    );
  });

  test("a folder that is not there is refused", async () => {
    await expect(openCheckpoint(join(root, "absent"))).rejects.toThrow(/state\.json is missing/);
  });
});

describe("a checkpoint of another model", () => {
  const changedState = (change: (state: Map<string, StateTensor>) => void) => {
    const state = stateOf(0);
    change(state);
    return state;
  };
  const wider = () => viewOf(runtime.createBuffer("float32", 8), [2, 4]);
  test.each<[string, () => Map<string, StateTensor>, string]>([
    [
      "lacks a tensor",
      () => changedState((state) => state.set("model/new", { shape: [2, 4], view: wider() })),
      'model.safetensors has no "new", the model has it',
    ],
    [
      "lacks a slot",
      () => changedState((state) => state.set("optimizer/v/b", { shape: [2, 4], view: wider() })),
      'optimizer.safetensors has no "v/b", the model has it',
    ],
    [
      "has one too many",
      () => changedState((state) => state.delete("model/b")),
      "model.safetensors has 3 tensors, the model has 2",
    ],
    [
      "has another shape",
      () => changedState((state) => state.set("model/a.weight", { shape: [2, 4], view: wider() })),
      '"model/a.weight" is float32 [2, 3], the model has float32 [2, 4]',
    ],
    [
      "has another dtype",
      () =>
        changedState((state) =>
          state.set("model/count", { shape: [2], view: viewOf(runtime.createBuffer("int32", 2)) }),
        ),
      '"model/count" is int64 [2], the model has int32 [2]',
    ],
  ])("%s: refused, and nothing is changed", async (_, make, message) => {
    const folder = await folderOf(8);
    const checkpoint = await openCheckpoint(join(folder, "step-8"));
    const state = make();
    const before = await bytesOf(state);
    await expect(restoreCheckpoint(checkpoint, state)).rejects.toThrow(CheckpointError);
    await expect(restoreCheckpoint(checkpoint, state)).rejects.toThrow(message);
    expect(await bytesOf(state)).toEqual(before);
  });
});

describe("resuming", () => {
  const spoil = (folder: string, step: number) =>
    writeFile(join(folder, "checkpoints", `step-${step}`, "model.safetensors"), "spoilt");
  async function run(...steps: number[]): Promise<string> {
    const folder = await fresh();
    await cp(await folderOf(...steps), join(folder, "checkpoints"), { recursive: true });
    return folder;
  }

  test("takes the newest, falls back to an older whole one and says so", async () => {
    const folder = await run(10, 20, 30);
    const warnings: string[] = [];
    const newest = async () =>
      (await newestCheckpoint(runFolder(folder), (message) => warnings.push(message)))?.state.step;
    expect([await newest(), warnings]).toEqual([30, []]);
    await spoil(folder, 30);
    expect(await newest()).toBe(20);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^checkpoint: cannot read ".*step-30": model\.safetensors does not have the checksum/);
  });

  test("is impossible when all are damaged, and simply begins when there are none", async () => {
    const folder = await run(10, 20);
    await spoil(folder, 10);
    await spoil(folder, 20);
    const newest = newestCheckpoint(runFolder(folder), () => {});
    await expect(newest).rejects.toThrow(CheckpointError);
    await expect(newest).rejects.toThrow(
      /none of its 2 checkpoints is whole, resuming takes one\nhint: checkpoint: cannot read/,
    );
    expect(await newestCheckpoint(runFolder(await fresh()), () => {})).toBeNull();
  });
});

describe("pruning", () => {
  const steps = async (folder: string) => (await listCheckpoints(folder)).map(({ step }) => step);

  test("keeps the newest, and removes what killed runs left", async () => {
    const folder = await folderOf(1, 2, 3);
    await mkdir(join(folder, ".step-4.tmp-123-abcd"));
    await writeFile(join(folder, "notes.txt"), "mine");
    await pruneCheckpoints(folder, 2);
    expect((await readdir(folder)).sort()).toEqual(["notes.txt", "step-2", "step-3"]);
  });

  test("never removes the checkpoint that was just written in favour of a damaged later one", async () => {
    const folder = await folderOf(10, 20);
    await writeFile(join(folder, "step-20", "state.json"), "spoilt");
    // Resumed from 10, the run writes step 11 and prunes.
    await writeCheckpoint(folder, stateOf(11), stateAt(11));
    await pruneCheckpoints(folder, 1, 11);
    expect(await steps(folder)).toEqual([11]);
  });
});

describe("a full disk", () => {
  const message =
    /^checkpoint: cannot write ".*step-2": .*no space left on device.*, the folder must be writable and the disk have room\nhint: earlier checkpoints are untouched; make room and go on with --resume$/;

  test("leaves earlier checkpoints as they were and nothing else", async () => {
    const folder = await folderOf(1);
    const before = await readFile(join(folder, "step-1", "state.json"), "utf8");
    const handle = await open(join(root, "probe"), "w");
    const prototype = Object.getPrototypeOf(handle) as Pick<typeof handle, "writeFile" | "sync">;
    await handle.close();
    const full = () =>
      Promise.reject(Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }));
    for (const method of ["writeFile", "sync"] as const) {
      const stub = vi.spyOn(prototype, method).mockImplementation(full as never);
      const failure = await writeCheckpoint(folder, stateOf(2), stateAt(2)).catch((error: unknown) => error as Error);
      stub.mockRestore();
      expect(failure).toBeInstanceOf(CheckpointError);
      expect((failure as Error).message).toMatch(message);
      expect(await readdir(folder)).toEqual(["step-1"]);
    }
    expect(await readFile(join(folder, "step-1", "state.json"), "utf8")).toBe(before);
    await openCheckpoint(join(folder, "step-1"));
  });

  const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", tmpdir()]).status === 0;
  test.skipIf(!canMount)("of 256 KiB (needs leave to mount a file system of its own)", async () => {
    const folder = await fresh();
    const script = `
      const { writeCheckpoint, openCheckpoint } = await import(${JSON.stringify(sourceUrl("src/train/checkpoint.ts"))});
      const { readdir } = await import("node:fs/promises");
      const data = new Float32Array(30000);
      const view = { offset: 0, shape: [30000], buffer: { dtype: "float32", read: async () => data } };
      const state = new Map([["model/a", { shape: [30000], view }]]);
      const write = (step) => writeCheckpoint(${JSON.stringify(folder)}, state, { step, seed: 1, data: "", loss: 1, valLoss: 1 });
      await write(1);
      const message = await write(2).then(() => "it fitted", (error) => error.message);
      await openCheckpoint(${JSON.stringify(join(folder, "step-1"))});
      console.log(JSON.stringify({ message, left: await readdir(${JSON.stringify(folder)}) }));`;
    const mount =
      'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$1" --conditions=cameo-source --input-type=module --eval "$2"';
    const { stdout } = await promisify(execFile)("unshare", [
      "-rm",
      "sh",
      "-c",
      mount,
      folder,
      process.execPath,
      script,
    ]);
    const result = JSON.parse(stdout) as { message: string; left: string[] };
    expect(result.message).toMatch(message);
    expect(result.left).toEqual(["step-1"]);
  });
});

test("other tools can read the files: plain safetensors with the paths as names", async () => {
  const folder = await folderOf(8);
  const read = await readSafetensors(join(folder, "step-8", "model.safetensors"));
  expect([...read.keys()].sort()).toEqual(["a.weight", "b", "count"]);
  const copy: NamedTensor[] = [...read].map(([name, { dtype, shape, data }]) => ({
    name,
    dtype,
    shape,
    data: () => data as Float32Array,
  }));
  await writeSafetensors(join(folder, "copy"), copy, { format: "cameo" });
  expect(
    (await readFile(join(folder, "copy"))).equals(await readFile(join(folder, "step-8", "model.safetensors"))),
  ).toBe(true);
});
