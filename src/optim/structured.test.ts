/** Every row of the table of structured optimizers against every property, on the real training step. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { givenGradients, gradientBatch } from "../../test/support/given-gradients.ts";
import { expectSameState, readState, trainWhole } from "../../test/support/programs.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { sizeBytesOf } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { openCheckpoint, restoreCheckpoint, writeCheckpoint } from "../train/checkpoint.ts";
import { createStepProgram, type StepProgram } from "../train/step-program.ts";
import { chain } from "./chain.ts";
import { clipByGlobalNorm } from "./clip.ts";
import { groups } from "./groups.ts";
import { sgd } from "./sgd.ts";
import { type StructuredCase, structuredCases } from "./structured.cases.ts";
import type { ParameterSpec, Schedule, Transform } from "./transform.ts";

interface Row {
  readonly name: string;
  readonly by: "torch" | "optax" | "numpy";
  readonly options: { readonly learningRate: number; readonly curved?: boolean; readonly limit?: number };
  /** Slot (or "parameter", "evaluated", or a shared number) and path → values at the stored steps. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const fixture = JSON.parse(
  await readFile(new URL("../../fixtures/optim/structured.json", import.meta.url), "utf8"),
) as {
  readonly parameters: readonly { readonly path: string; readonly shape: readonly number[] }[];
  readonly steps: number;
  readonly change: number;
  readonly snapshots: readonly number[];
  readonly initial: string;
  readonly curvature: string;
  readonly gradients: string;
  readonly rows: readonly Row[];
};

function unpack(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, "base64")).buffer);
}

const parameters = fixture.parameters.map((entry): ParameterSpec => ({ ...entry, dtype: "float32" }));
const initial = unpack(fixture.initial);
const count = initial.length;
const gradients = unpack(fixture.gradients);
const smallestNormal = 2 ** -126;
/** The engine takes gradients below the smallest normal number for zero; this is what 200 of them add up to, generously. */
const flushed = 2 ** -116;

/** The distance between a float32 of this size and the next. */
function ulpOf(value: number): number {
  return 2 ** (Math.floor(Math.log2(Math.max(value, smallestNormal))) - 23);
}

let runtime: Runtime;
let root: string;
beforeAll(async () => {
  runtime = await createCpuRuntime({ threads: 1 });
  root = await mkdtemp(join(tmpdir(), "cameo-structured-"));
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

test("the table and the fixture have the same rows", () => {
  expect(structuredCases.map((row) => row.name)).toEqual(fixture.rows.map((row) => row.name));
});

type State = Map<string, Tensor>;

/** The name in a program's state of what the fixture calls `name`. */
function stateName(program: StepProgram, name: string, path: string): string {
  const trained = `optimizer/trained/${path}`;
  if (name === "evaluated") return `model/${path}`;
  if (name === "parameter") return program.state.has(trained) ? trained : `model/${path}`;
  return path === "" ? `optimizer/shared/0/${name}` : `optimizer/${name}/${path}`;
}

describe.each(structuredCases)("$name", (row: StructuredCase) => {
  const reference = fixture.rows.find((entry) => entry.name === row.name) as Row;
  const { curved = false, limit } = reference.options;
  const learningRate: Schedule = (step) => reference.options.learningRate * (step >= fixture.change ? 0.1 : 1);
  const model = givenGradients({ parameters, initial, ...(curved && { curvature: unpack(fixture.curvature) }) });
  const gradientsAt = (step: number): Float32Array => {
    const all = gradients.slice(step * count, (step + 1) * count);
    return limit === undefined ? all : all.map((x) => Math.max(-limit, Math.min(limit, x)));
  };
  const batchAt = (step: number) => gradientBatch(parameters, gradientsAt(step));
  const create = (optimizer: Transform = row.make(learningRate), accumulate = 1): Promise<StepProgram> =>
    createStepProgram({ runtime, model, optimizer, batchSize: 1, seed: 1, accumulate });
  const run = async (program: StepProgram, begin: number, end: number, batchOf = batchAt): Promise<State[]> => {
    const states: State[] = [];
    for (let step = begin; step < end; step++) {
      await program.step(step, [batchOf(step)]);
      states.push(await readState(program));
    }
    return states;
  };

  let program: StepProgram;
  let start: State;
  let history: State[];
  beforeAll(async () => {
    program = await create();
    start = await readState(program);
    history = await run(program, 0, fixture.steps);
  });
  afterAll(() => program[Symbol.asyncDispose]());

  test("gives the parameters and the state of the reference after each stored step", () => {
    for (const [name, paths] of Object.entries(reference.values))
      for (const [path, text] of Object.entries(paths)) {
        const key = stateName(program, name, path);
        const expected = unpack(text);
        const size = expected.length / fixture.snapshots.length;
        const largest = Float64Array.from(start.get(key)?.data as Float32Array, Math.abs);
        for (const [i, state] of history.entries()) {
          const actual = state.get(key)?.data as Float32Array;
          for (let e = 0; e < size; e++) largest[e] = Math.max(largest[e] as number, Math.abs(actual[e] as number));
          const stored = fixture.snapshots.indexOf(i + 1);
          if (stored === -1) continue;
          for (let e = 0; e < size; e++) {
            const wanted = expected[stored * size + e] as number;
            const allowed = (8 + (i + 1) / 2 + (row.ulps ?? 0)) * ulpOf(largest[e] as number) + flushed;
            if (!(Math.abs((actual[e] as number) - wanted) <= allowed))
              expect.fail(
                `${key}[${e}] after step ${i + 1} is ${actual[e]}, ${reference.by} has ${wanted} ± ${allowed}`,
              );
          }
        }
      }
  });

  test("a run that is saved, loaded into a new program and resumed equals the unbroken one bit for bit", async () => {
    const half = fixture.change - 5;
    const states = new Map(
      [...(history[half - 1] as State)].map(([name, { dtype, shape, data }]) => [
        name,
        { shape, view: { offset: 0, shape, buffer: { dtype, read: async () => data } } },
      ]),
    );
    const folder = join(root, row.name);
    const facts = { step: half, seed: 1, data: "", loss: 0, valLoss: null };
    const { path } = await writeCheckpoint(folder, states as unknown as StepProgram["state"], facts);
    await using resumed = await create();
    await resumed.step(0, [batchAt(3)]); // What is in its memory must not matter.
    await restoreCheckpoint(await openCheckpoint(path), resumed.state);
    expect(await run(resumed, half, half + 15)).toEqual(history.slice(half, half + 15));
  });

  test("the whole step in one graph gives the same", async () => {
    const batches = Array.from({ length: 4 }, (_, i) => batchAt(i));
    const options = { model, optimizer: row.make(learningRate), batchSize: 1, seed: 1 };
    const whole = await trainWhole(options, start, batches);
    expectSameState(history[3] as State, whole.state, 1e-4, 1e-6);
  });

  test("state takes the memory that the table says, and weights to evaluate are those of the checkpoint's model", () => {
    const sizeBytes = (name: string): number => {
      const { dtype, shape } = start.get(name) as Tensor;
      return sizeBytesOf(dtype, sizeOf(shape));
    };
    for (const { path, shape } of parameters) {
      const names = [...start.keys()].filter((name) => name.endsWith(`/${path}`));
      const total = names.reduce((sum, name) => sum + sizeBytes(name), 0);
      expect(total - 4 * sizeOf(shape)).toBe(row.bytes(shape));
      expect(program.parameters.get(path)).toEqual(program.state.get(`model/${path}`));
    }
  });

  test("zero gradients move nothing but what decays, and leave nothing that is not finite", async () => {
    // At the minimum of the quadratic part, where there is one, gradients are zero, too.
    const still = givenGradients({ parameters, initial });
    await using none = await createStepProgram({
      runtime,
      model: still,
      optimizer: row.make(learningRate),
      batchSize: 1,
      seed: 1,
    });
    const after = (await run(none, 0, 5, () => gradientBatch(parameters, new Float32Array(count)))).at(-1) as State;
    for (const [name, { data }] of after)
      for (const value of data as Float32Array) expect(Number.isFinite(value), name).toBe(true);
    for (const { path, shape } of parameters) {
      const key = stateName(none, "parameter", path);
      const [before, now] = [start.get(key)?.data as Float32Array, after.get(key)?.data as Float32Array];
      const decays = row.decays?.({ shape }) ?? false;
      for (const [e, value] of now.entries()) {
        if (decays) expect(Math.abs(value)).toBeLessThan(Math.abs(before[e] as number));
        else expect(Math.abs(value - (before[e] as number))).toBeLessThan(2 * ulpOf(Math.abs(before[e] as number)));
      }
    }
  });

  test("the mean of two equal batches is one batch", async () => {
    await using twice = await create(row.make(learningRate), 2);
    for (let step = 0; step < 8; step++) await twice.step(step, [batchAt(step), batchAt(step)]);
    expectSameState(await readState(twice), history[7] as State, 1e-5, 1e-30);
  });

  test("after clipping that does nothing it does the same", async () => {
    const make = () => chain(clipByGlobalNorm(1e30), row.make(learningRate));
    // What moves the parameters goes around a chain; what it is given then is already clipped.
    if (row.make(learningRate).perturb !== undefined) {
      expect(make).toThrow(/^chain: cannot use "sam\(sgd\)" at position 1: .*\nhint: put it around the chain$/);
      return;
    }
    await using clipped = await create(make());
    await run(clipped, 0, 8);
    const names = new Map([...clipped.state.keys()].map((name) => [name, name.replace(/\/1\./, "/")]));
    const state = await readState(clipped);
    expectSameState(
      new Map([...names].map(([name, plain]) => [plain, state.get(name) as Tensor])),
      history[7] as State,
    );
  });

  test("in a group it leaves the others to theirs", async () => {
    const others = { match: /^gain$/, transform: sgd({ learningRate: 0.5 }) };
    await using grouped = await create(groups([others], row.make(learningRate)));
    const states = await run(grouped, 0, 3);
    await using alone = await create(sgd({ learningRate: 0.5 }));
    const plain = await run(alone, 0, 3);
    if (row.make(learningRate).perturb === undefined && !curved)
      for (const [i, state] of states.entries())
        expect(state.get("model/gain")?.data).toEqual(plain[i]?.get("model/gain")?.data);
    expect(
      [...(states[0] as State).keys()].filter((name) => name.startsWith("optimizer/") && name.endsWith("/gain")),
    ).toEqual([]);
    for (const { path } of parameters.filter((parameter) => parameter.path !== "gain")) {
      const key = stateName(grouped, "parameter", path);
      expect(
        states
          .at(-1)
          ?.get(key)
          ?.data.every((value) => Number.isFinite(value)),
      ).toBe(true);
      expect(states.at(-1)?.get(key)?.data).not.toEqual(start.get(stateName(program, "parameter", path))?.data);
    }
  });

  test("parameters that are treated alike share one transform, whose scalars keep their names", () => {
    const transform = row.make(learningRate);
    const of = (parameter: ParameterSpec): Transform => transform.forParameter?.(parameter) ?? transform;
    for (const parameter of parameters) {
      expect(of(parameter)).toBe(of({ ...parameter, path: "another" }));
      expect(Object.keys(of(parameter).scalars(0))).toEqual(Object.keys(of(parameter).scalars(1e4)));
    }
  });
});
