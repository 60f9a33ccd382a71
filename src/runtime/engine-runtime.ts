/** A `Runtime` over an engine: buffers, views and programs as objects, checked where they meet. */

import { explain, RuntimeError, ShapeError } from "../base/errors.ts";
import type { Target } from "../graph/graph.ts";
import { arrayTypeOf, type DType, sizeBytesOf, type TypedArray } from "../tensor/dtype.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { BoundCall, BoundView, Engine, EngineInfo, HostTensor } from "./engine.ts";
import type { Call, DeviceBuffer, Executable, MemoryModel, Place, Runtime, View } from "./runtime.ts";

/** What a runtime is, besides what its engine does. */
export interface RuntimeTraits extends EngineInfo {
  readonly target: Target;
  readonly threads: number;
  readonly memory: MemoryModel;
  /** Places whose buffers the host sees: it makes their memory, shared, and the engine works in it. */
  readonly visible: readonly Place[];
  /** The device works in the host's memory: nothing is copied between the two. */
  readonly sharesMemory: boolean;
}

/**
 * Makes a runtime of an engine.
 *
 * @param engine - Started. It is asked one thing at a time.
 * @param traits - What it is.
 * @param close - Called once after the engine has stopped: ends its thread.
 */
export function runtimeOver(engine: Engine, traits: RuntimeTraits, close?: () => Promise<void>): Runtime {
  let copiedBytes = 0;
  let sessionsCreated = 0;
  let stopping: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  /** One thing at a time, in the order in which it was asked for. */
  const ask = <T>(work: () => T | Promise<T>): Promise<T> => {
    if (stopping !== undefined) return Promise.reject(disposed(traits.target));
    const answer = last.then(work);
    last = answer.catch(() => {});
    return answer;
  };
  const stop = async (): Promise<void> => {
    await last;
    try {
      await engine.stop();
    } finally {
      await close?.();
    }
  };
  /** Gives up a program or plan; those of a runtime that is disposed go with it. */
  const release = (work: () => void | Promise<void>): Promise<void> => stopping ?? ask(work);

  const bufferIds = new WeakMap<DeviceBuffer, Promise<number>>();
  const programIds = new WeakMap<Executable, number>();

  const createBuffer = (dtype: DType, length: number, place: Place = "device"): DeviceBuffer => {
    const Array = arrayTypeOf(dtype);
    const host = traits.visible.includes(place)
      ? new Array(new SharedArrayBuffer(sizeBytesOf(dtype, length)))
      : undefined;
    const id = ask(() => engine.createBuffer(dtype, length, place, host));
    id.catch(() => {}); // whoever uses the buffer is told
    const copies = (elements: number): void => {
      if (!traits.sharesMemory && place === "device") copiedBytes += sizeBytesOf(dtype, elements);
    };
    const buffer: DeviceBuffer = {
      dtype,
      length,
      host: host ?? null,
      read: async (begin = 0, end = length) => {
        const from = Math.max(0, begin);
        const to = Math.max(from, Math.min(end, length));
        if (host === undefined) {
          copies(to - from);
          const number = await id;
          return ask(() => engine.read(number, from, to));
        }
        // A copy in ordinary memory: callers hash, write and transfer it.
        const copy = new Array(to - from);
        copy.set(host.subarray(from, to) as never);
        return copy;
      },
      write: async (data, offset = 0) => {
        if (offset < 0 || offset + data.length > length)
          throw new RangeError(
            explain({
              api: "buffer.write",
              action: `write ${data.length} elements at ${offset}`,
              received: `the buffer holds ${length}`,
              rule: "must fit",
            }),
          );
        if (host !== undefined) return void host.set(data as never, offset);
        copies(data.length);
        const number = await id;
        return ask(() => engine.write(number, data, offset));
      },
    };
    bufferIds.set(buffer, id);
    return buffer;
  };

  const boundView = async (api: string, name: string, view: View): Promise<BoundView> => {
    const { buffer, offset, shape } = view;
    const end = offset + sizeOf(shape);
    const id = bufferIds.get(buffer);
    if (id === undefined) throw foreign(api, `bind "${name}"`, "its buffer is another runtime's");
    const at = `got ${formatShape(shape)} at element ${offset}`;
    if (offset < 0 || end > buffer.length) throw unfit(api, name, at, `the buffer holds ${buffer.length} elements`);
    if (traits.memory === "whole" && (offset !== 0 || end !== buffer.length))
      throw unfit(api, name, `${at} of ${buffer.length} elements`, `${traits.target} takes whole buffers only`);
    return { buffer: await id, offset, shape };
  };

  const boundCall = async (call: Call): Promise<BoundCall> => {
    const { executable } = call;
    const program = programIds.get(executable);
    if (program === undefined)
      throw foreign("runtime.prepare", `call "${executable.name}"`, "another runtime loaded it");
    const bind = async ([name, view]: [string, View]): Promise<[string, BoundView]> => [
      name,
      await boundView(executable.name, name, view),
    ];
    const inputs = await Promise.all(Object.entries(call.inputs).map(bind));
    const outputs = await Promise.all(Object.entries(call.outputs).map(bind));
    if (traits.memory === "whole")
      for (const [name, { buffer }] of outputs)
        if (inputs.some(([, input]) => input.buffer === buffer))
          throw unfit(executable.name, name, "it is an input of the same call", `${traits.target} writes elsewhere`);
    return { program, inputs, outputs };
  };

  return {
    target: traits.target,
    description: traits.description,
    memory: traits.memory,
    float16: traits.float16,
    threads: traits.threads,
    get copiedBytes() {
      return copiedBytes;
    },
    get sessionsCreated() {
      return sessionsCreated;
    },
    createBuffer,
    load: async (model, options = {}) => {
      const program = await ask(() => engine.load(model, options));
      sessionsCreated++;
      const executable: Executable = {
        name: options.name ?? "program",
        call: async (inputs, outputs) => {
          const given = Object.entries(inputs).map(([name, tensor]) => hostTensor(executable.name, name, tensor));
          const results = await ask(() => engine.call(program, given, outputs));
          return Object.fromEntries(results.map((result, i) => [outputs[i] as string, result]));
        },
        [Symbol.asyncDispose]: () => release(() => engine.releaseProgram(program)),
      };
      if (options.onHost !== true) programIds.set(executable, program);
      return executable;
    },
    prepare: async (calls) => {
      const bound = await Promise.all(calls.map(boundCall));
      const plan = await ask(() => engine.prepare(bound));
      return {
        run: async () => {
          const report = await ask(() => engine.run(plan));
          copiedBytes += report.copiedBytes;
          return report.ms;
        },
        [Symbol.asyncDispose]: () => release(() => engine.releasePlan(plan)),
      };
    },
    [Symbol.asyncDispose]: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

function hostTensor(api: string, name: string, { dtype, shape, data }: Tensor): [string, HostTensor] {
  if (dtype === "string") throw new TypeError(`${api}: cannot bind "${name}": strings are not supported`);
  const array = data as TypedArray;
  if (array.byteLength !== sizeBytesOf(dtype, sizeOf(shape)))
    throw unfit(api, name, `got ${formatShape(shape)} of ${dtype}`, `its data has ${array.length} elements`);
  return [name, { dtype, shape, data: array }];
}

function unfit(api: string, name: string, received: string, rule: string): ShapeError {
  return new ShapeError(explain({ api, action: `bind "${name}"`, received, rule }));
}

function foreign(api: string, action: string, received: string): RuntimeError {
  const rule = "a plan calls programs over memory of its own runtime";
  return new RuntimeError(explain({ api, action, received, rule }));
}

function disposed(target: Target): RuntimeError {
  return new RuntimeError(`runtime.${target}: cannot run: the runtime is disposed, make a new one`);
}
