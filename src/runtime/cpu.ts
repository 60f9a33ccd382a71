/** The CPU target in Node: the stock ONNX Runtime library in a worker thread, over shared memory. */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { explain, RuntimeError, ShapeError } from "../base/errors.ts";
import { arrayTypeOf, type DType, sizeBytesOf, type TypedArray } from "../tensor/dtype.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { FreeOutput } from "./native/engine.ts";
import type { Answer, Binding, BoundCall, Request } from "./native/protocol.ts";
import type { Call, DeviceBuffer, Executable, LoadOptions, Runtime, View } from "./runtime.ts";

/** Options of {@link createCpuRuntime}. */
export interface CpuRuntimeOptions {
  /**
   * Threads of one run, [1, 512].
   * @defaultValue as many as the machine has cores
   */
  readonly threads?: number;
}

/** Threads of the pool that all sessions of this process share; the first runtime decides. */
let poolThreads: number | undefined;

class CpuBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly length: number;
  readonly host: TypedArray;

  constructor(dtype: DType, length: number) {
    const Array = arrayTypeOf(dtype);
    this.dtype = dtype;
    this.length = length;
    this.host = new Array(new SharedArrayBuffer(sizeBytesOf(dtype, length)));
  }

  async read(begin = 0, end: number = this.length): Promise<TypedArray> {
    // A copy in ordinary memory: callers hash, write and transfer it.
    const source = this.host.subarray(begin, end);
    const Array = arrayTypeOf(this.dtype);
    const copy = new Array(source.length);
    copy.set(source as never);
    return copy;
  }

  async write(data: TypedArray, offset = 0): Promise<void> {
    this.host.set(data as never, offset);
  }
}

/** A loaded session. */
export interface CpuExecutable extends Executable {
  /**
   * Runs once over ordinary tensors and lets the engine allocate the outputs. Slower than a plan, but it needs no output shapes:
   * for programs with dynamic dimensions, such as a text generator whose cache grows.
   */
  call(inputs: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<Record<string, Tensor>>;
}

/** {@link Runtime} on the CPU; its executables can also be called with plain tensors. */
export interface CpuRuntime extends Runtime {
  load(onnx: Uint8Array | string, options?: LoadOptions): Promise<CpuExecutable>;
}

/**
 * Starts ONNX Runtime on the CPU.
 *
 * The engine has a thread of its own, so progress bars, servers and Ctrl-C answer while a step runs. All runtimes of a
 * process share one pool of threads when they ask for the same number.
 *
 * @param options - See {@link CpuRuntimeOptions}.
 * @returns The runtime; dispose it when done.
 * @throws RangeError if `threads` is out of range. RuntimeError if ONNX Runtime cannot be loaded.
 */
export async function createCpuRuntime(options: CpuRuntimeOptions = {}): Promise<CpuRuntime> {
  const threads = options.threads ?? availableParallelism();
  if (!Number.isInteger(threads) || threads < 1 || threads > 512)
    throw new RangeError(
      explain({
        api: "createCpuRuntime",
        action: "use threads",
        received: `got ${threads}`,
        rule: "must be an integer in [1, 512]",
      }),
    );
  poolThreads ??= threads;
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  // Flags of the main thread such as --input-type forbid a worker to start; the engine needs none.
  const worker = new Worker(new URL(`./native/worker.${extension}`, import.meta.url), {
    name: "cameo-cpu",
    execArgv: [],
  });
  worker.unref(); // an idle engine does not keep the process alive
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let next = 0;
  let sessionsCreated = 0;
  let closed: RuntimeError | undefined;
  let stopping: Promise<void> | undefined;

  const close = (error: RuntimeError): void => {
    closed ??= error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.on("message", (answer: Answer) => {
    const waiting = pending.get(answer.id);
    if (waiting === undefined) return;
    pending.delete(answer.id);
    if (pending.size === 0 && stopping === undefined) worker.unref();
    if ("error" in answer) waiting.reject(new RuntimeError(answer.error));
    else waiting.resolve(answer.result);
  });
  worker.on("error", (cause) =>
    close(new RuntimeError(`runtime.cpu: the engine's thread failed: ${cause.message}`, { cause })),
  );
  worker.on("exit", () => close(new RuntimeError("runtime.cpu: cannot run: the runtime is disposed, make a new one")));

  const ask = <T>(request: Request): Promise<T> => {
    if (closed !== undefined) return Promise.reject(closed);
    const id = next++;
    const waiting = Promise.withResolvers<unknown>();
    pending.set(id, waiting);
    worker.ref();
    worker.postMessage({ ...request, id });
    return waiting.promise as Promise<T>;
  };

  try {
    await ask({ type: "start", threads, ownPool: threads !== poolThreads });
  } catch (error) {
    await worker.terminate();
    throw error;
  }

  const stop = async (): Promise<void> => {
    if (closed !== undefined) return;
    await ask({ type: "stop" });
    await worker.terminate();
  };
  /** Gives up a program or plan; those of a runtime that is disposed go with it. */
  const release = async (request: Request): Promise<void> => {
    if (stopping !== undefined) await stopping;
    else if (closed === undefined) await ask(request);
  };

  const sessionOf = new WeakMap<Executable, number>();
  return {
    target: "cpu",
    threads,
    get sessionsCreated() {
      return sessionsCreated;
    },
    createBuffer: (dtype, length) => new CpuBuffer(dtype, length),
    load: async (model, loadOptions = {}) => {
      const session = await ask<number>({ type: "load", model, options: loadOptions });
      sessionsCreated++;
      const executable: CpuExecutable = {
        name: loadOptions.name ?? "program",
        call: async (inputs, outputs) => {
          const bindings = Object.entries(inputs).map(([name, value]): Binding => {
            const { dtype, shape } = value;
            if (dtype === "string")
              throw new TypeError(`${executable.name}: cannot bind "${name}": strings are not supported`);
            const data = value.data as TypedArray;
            if (data.byteLength !== sizeBytesOf(dtype, sizeOf(shape)))
              throw unfit(
                executable.name,
                name,
                `got ${formatShape(shape)} of ${dtype}`,
                `its data has ${data.length} elements`,
              );
            return { name, dtype, shape, data };
          });
          const results = await ask<FreeOutput[]>({ type: "runFree", session, inputs: bindings, outputs });
          return Object.fromEntries(results.map((result, i) => [outputs[i] as string, tensorOf(result)]));
        },
        [Symbol.asyncDispose]: () => release({ type: "releaseSession", session }),
      };
      sessionOf.set(executable, session);
      return executable;
    },
    prepare: async (calls) => {
      const plan = await ask<number>({
        type: "prepare",
        calls: calls.map((call): BoundCall => boundCall(call, sessionOf.get(call.executable))),
      });
      return {
        run: () => ask<number>({ type: "run", plan }),
        [Symbol.asyncDispose]: () => release({ type: "releasePlan", plan }),
      };
    },
    [Symbol.asyncDispose]: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

function boundCall(call: Call, session: number | undefined): BoundCall {
  if (session === undefined)
    throw new RuntimeError(
      explain({
        api: "runtime.prepare",
        action: `call "${call.executable.name}"`,
        received: "another runtime loaded it",
        rule: "a plan calls programs of its own runtime",
      }),
    );
  const bind = ([name, view]: [string, View]): Binding => {
    const { buffer, offset, shape } = view;
    const end = offset + sizeOf(shape);
    if (buffer.host === null || offset < 0 || end > buffer.length)
      throw unfit(
        call.executable.name,
        name,
        `got ${formatShape(shape)} at element ${offset}`,
        `the buffer holds ${buffer.length} elements`,
      );
    return { name, dtype: buffer.dtype, shape, data: buffer.host.subarray(offset, end) };
  };
  return {
    session,
    inputs: Object.entries(call.inputs).map(bind),
    outputs: Object.entries(call.outputs).map(bind),
  };
}

function unfit(api: string, name: string, received: string, rule: string): ShapeError {
  return new ShapeError(explain({ api, action: `bind "${name}"`, received, rule }));
}

function tensorOf(output: FreeOutput): Tensor {
  const dtype = output.dtype as DType;
  const Array = arrayTypeOf(dtype);
  return { dtype, shape: output.shape, data: new Array(output.bytes.buffer) };
}
