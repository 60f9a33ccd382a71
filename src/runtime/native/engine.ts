/**
 * ONNX Runtime sessions and runs over memory that stays where it is. Synchronous: it lives in a worker thread. On the CPU the memory is
 * the caller's; a GPU has memory of its own, and what lies with the host is copied by the run itself.
 */

import { explain, messageOf } from "../../base/errors.ts";
import { writeOnnx } from "../../graph/onnx/export.ts";
import { createBuilder } from "../../ops/registry.ts";
import { arrayTypeOf, type DType, dtypeOfOnnx, onnxTypeOf, sizeBytesOf, type TypedArray } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { BoundCall, BoundView, Engine, EngineInfo, HostTensor, RunReport } from "../engine.ts";
import { inOneLine, optimizationLevels } from "../onnx-runtime.ts";
import type { LoadOptions, Place } from "../runtime.ts";
import { cString, loadApi, type OrtApi, type Pointer } from "./api.ts";
import { DeviceMemory } from "./device-memory.ts";
import { gpusOf, type NativeDevice, type Provider, providerOf } from "./provider.ts";

const logLevel = 4; // fatal only: warnings about our own graphs tell a user nothing, and errors reach the caller as errors

/** How an engine is started. */
export interface NativeEngineOptions {
  readonly device: NativeDevice;
  readonly threads: number;
  /** Sessions get threads of their own instead of the process's pool. */
  readonly ownPool: boolean;
}

/** What it says of itself when it has started. */
export interface NativeEngineInfo extends EngineInfo {
  readonly gpus: readonly NativeDevice[];
}

/** A run whose names and values are laid out once as C arrays. */
interface PreparedRun {
  readonly session: Session;
  readonly inputNames: BigUint64Array;
  readonly inputs: BigUint64Array;
  readonly outputNames: BigUint64Array;
  readonly outputs: BigUint64Array;
  /** Bytes that the run copies between host and device. */
  copiedBytes: number;
  /** Keeps memory alive that only native code points to. */
  readonly alive: unknown[];
}

interface Session {
  /** Null once it is released: plans may outlive the programs they call, and native code must not see a stale address. */
  pointer: Pointer | null;
  readonly name: string;
}

/** Memory with the host, or on the device. */
type Memory =
  | { readonly dtype: DType; readonly data: TypedArray }
  | { readonly dtype: DType; readonly pointer: Pointer; readonly sizeBytes: number };

/** One ONNX Runtime environment with its sessions. */
export class NativeEngine implements Engine {
  readonly #api: OrtApi;
  readonly #env: Pointer;
  readonly #hostInfo: Pointer;
  readonly #options: NativeEngineOptions;
  readonly #provider: Provider | null;
  #device: DeviceMemory | null = null;
  #ownPool: boolean;
  readonly #sessions = new Map<number, Session>();
  readonly #plans = new Map<number, readonly PreparedRun[]>();
  readonly #memories = new Map<number, Memory>();
  /** Arrays whose address native code holds. An empty typed array has no address, so size-0 tensors point here. */
  readonly #nothing = new Uint8Array(64);
  #next = 1;

  private constructor(api: OrtApi, options: NativeEngineOptions) {
    this.#api = api;
    this.#options = options;
    this.#ownPool = options.ownPool;
    const threading = api.get("CreateThreadingOptions");
    api.call("SetGlobalIntraOpNumThreads", threading, options.threads);
    // Late second moments and softmax tails are denormal; without this they cost a hundred cycles each.
    api.call("SetGlobalDenormalAsZero", threading);
    this.#env = api.get("CreateEnvWithGlobalThreadPools", logLevel, cString("cameo"), threading);
    this.#hostInfo = api.get("CreateCpuMemoryInfo", 1, 0);
    this.#provider = providerOf(api, options.device);
  }

  /** Loads the library and makes the environment. */
  static async start(options: NativeEngineOptions): Promise<NativeEngine> {
    const engine = new NativeEngine(await loadApi(), options);
    if (engine.#provider !== null) engine.#device = engine.#openDevice(engine.#provider);
    return engine;
  }

  /** What was started, and which GPUs the machine has besides. */
  info(): NativeEngineInfo {
    const { device, threads } = this.#options;
    const description = { cpu: `CPU, ${threads} thread${threads === 1 ? "" : "s"}`, webgpu: "WebGPU", cuda: "CUDA" };
    return {
      description: description[device],
      float16: this.#device !== null && this.#computesInHalf(),
      gpus: device === "cpu" ? gpusOf(this.#api, this.#env) : [],
    };
  }

  /** Tries it: a WebGPU adapter without the feature accepts such programs and fails when they run. */
  #computesInHalf(): boolean {
    const g = createBuilder("half");
    const x = g.input("x", "float16", [1]);
    g.output("y", g.op("Mul", [x, x]));
    const program = this.load(writeOnnx(g.build()), {});
    try {
      const one = { dtype: "float16", shape: [1], data: Uint16Array.of(0x3c00) } as const;
      return this.call(program, [["x", one]], ["y"])[0]?.data[0] === one.data[0];
    } catch {
      return false;
    } finally {
      this.releaseProgram(program);
    }
  }

  load(model: Uint8Array | string, options: LoadOptions): number {
    const session = { pointer: this.#load(model, options), name: options.name ?? "program" };
    const id = this.#next++;
    this.#sessions.set(id, session);
    return id;
  }

  #load(model: Uint8Array | string, options: LoadOptions): Pointer {
    try {
      return this.#createSession(model, options);
    } catch (error) {
      // Whoever used the library first in this process (onnxruntime-node's own sessions) made its environment, which then has no pool to share.
      if (this.#ownPool || !messageOf(error).includes("EnvCreatedWithGlobalThreadPools")) throw error;
      this.#ownPool = true;
      return this.#createSession(model, options);
    }
  }

  #createSession(model: Uint8Array | string, options: LoadOptions): Pointer {
    const api = this.#api;
    const settings = api.get("CreateSessionOptions");
    try {
      if (this.#ownPool) api.call("SetIntraOpNumThreads", settings, this.#options.threads);
      else api.call("DisablePerSessionThreads", settings);
      api.call("SetSessionGraphOptimizationLevel", settings, optimizationLevels[options.optimization ?? "all"]);
      const config = { "session.set_denormal_as_zero": "1", ...options.config };
      for (const [key, value] of Object.entries(config))
        api.call("AddSessionConfigEntry", settings, cString(key), cString(value));
      if (options.onHost !== true) this.#provider?.append(api, settings);
      if (options.dumpPath !== undefined) api.call("SetOptimizedModelFilePath", settings, api.path(options.dumpPath));
      if (options.profilePrefix !== undefined) api.call("EnableProfiling", settings, api.path(options.profilePrefix));
      return typeof model === "string"
        ? api.get("CreateSession", this.#env, api.path(model), settings)
        : api.get("CreateSessionFromArray", this.#env, model, model.length, settings);
    } catch (error) {
      throw refused(options.name ?? "program", "load the model", error);
    } finally {
      api.release("ReleaseSessionOptions", settings);
    }
  }

  /** The device's memory, reached through a session that copies. */
  #openDevice(provider: Provider): DeviceMemory {
    const { device } = this.#options;
    try {
      return new DeviceMemory(this.#api, provider, (model) => this.#load(model, {}), this.#hostInfo);
    } catch (error) {
      throw new Error(
        explain({
          api: `runtime.${device}`,
          action: "start",
          received: reasonOf(error),
          rule:
            device === "webgpu"
              ? "a GPU with a driver of Vulkan, Metal or Direct3D 12 must be there"
              : "a GPU must be there",
          hint: "use --device cpu",
        }),
        { cause: error },
      );
    }
  }

  createBuffer(dtype: DType, length: number, place: Place, shared?: TypedArray): number {
    const id = this.#next++;
    if (this.#device === null || place === "host") {
      const data = shared ?? new (arrayTypeOf(dtype))(length);
      this.#memories.set(id, { dtype, data });
    } else {
      const sizeBytes = sizeBytesOf(dtype, length);
      this.#memories.set(id, { dtype, sizeBytes, pointer: this.#device.allocate(sizeBytes) });
    }
    return id;
  }

  read(buffer: number, begin: number, end: number): TypedArray {
    const memory = this.#memory(buffer);
    const Array = arrayTypeOf(memory.dtype);
    if ("data" in memory) {
      const copy = new Array(end - begin);
      copy.set(memory.data.subarray(begin, end) as never);
      return copy;
    }
    const bytes = (this.#device as DeviceMemory).read(memory.pointer, memory.sizeBytes);
    return new Array(bytes.buffer, 0, bytes.length / sizeBytesOf(memory.dtype, 1)).slice(begin, end) as TypedArray;
  }

  write(buffer: number, data: TypedArray, offset: number): void {
    const memory = this.#memory(buffer);
    if ("data" in memory) return void memory.data.set(data as never, offset);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const begin = sizeBytesOf(memory.dtype, offset);
    (this.#device as DeviceMemory).write(memory.pointer, memory.sizeBytes, bytes, begin);
  }

  #memory(buffer: number): Memory {
    const memory = this.#memories.get(buffer);
    if (memory === undefined) throw new Error("runtime: cannot use a buffer: it is not of this runtime");
    return memory;
  }

  prepare(calls: readonly BoundCall[]): number {
    const runs: PreparedRun[] = [];
    try {
      for (const { program, inputs, outputs } of calls) {
        const run = this.#lay(
          program,
          inputs.map(([name]) => name),
          outputs.map(([name]) => name),
        );
        runs.push(run);
        for (const [i, [, view]] of inputs.entries()) run.inputs[i] = this.#bound(view, run);
        for (const [i, [, view]] of outputs.entries()) run.outputs[i] = this.#bound(view, run);
      }
    } catch (error) {
      for (const run of runs) this.#release(run);
      throw error;
    }
    const id = this.#next++;
    this.#plans.set(id, runs);
    return id;
  }

  run(plan: number): RunReport {
    const runs = this.#plans.get(plan);
    if (runs === undefined) throw new Error("plan.run: cannot run: the plan is disposed, prepare a new one");
    const start = performance.now();
    let copiedBytes = 0;
    for (const run of runs) {
      this.#invoke(run);
      copiedBytes += run.copiedBytes;
    }
    return { ms: performance.now() - start, copiedBytes };
  }

  call(
    program: number,
    inputs: readonly (readonly [string, HostTensor])[],
    outputs: readonly string[],
  ): readonly HostTensor[] {
    const run = this.#lay(
      program,
      inputs.map(([name]) => name),
      outputs,
    );
    try {
      for (const [i, [, { dtype, shape, data }]] of inputs.entries())
        run.inputs[i] = this.#hostValue(dtype, shape, data, run.alive);
      this.#invoke(run);
      return Array.from(run.outputs, (value) => this.#copyOut(value));
    } finally {
      this.#release(run);
    }
  }

  releaseProgram(program: number): void {
    const known = this.#sessions.get(program);
    if (known === undefined) return;
    this.#sessions.delete(program);
    if (known.pointer !== null) this.#api.release("ReleaseSession", known.pointer);
    known.pointer = null;
  }

  releasePlan(plan: number): void {
    for (const run of this.#plans.get(plan) ?? []) this.#release(run);
    this.#plans.delete(plan);
  }

  stop(): void {
    for (const plan of [...this.#plans.keys()]) this.releasePlan(plan);
    for (const program of [...this.#sessions.keys()]) this.releaseProgram(program);
    for (const memory of this.#memories.values()) if ("pointer" in memory) this.#device?.free(memory.pointer);
    this.#memories.clear();
    this.#device?.close();
  }

  /** Lays out the names of a run; its values are null, which lets the engine allocate outputs. */
  #lay(id: number, inputs: readonly string[], outputs: readonly string[]): PreparedRun {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new Error("runtime: cannot use a program: it is disposed, load it again");
    const alive: unknown[] = [];
    return {
      session,
      inputNames: this.#names(inputs, alive),
      inputs: new BigUint64Array(inputs.length),
      outputNames: this.#names(outputs, alive),
      outputs: new BigUint64Array(outputs.length),
      copiedBytes: 0,
      alive,
    };
  }

  #release(run: PreparedRun): void {
    for (const value of [...run.inputs, ...run.outputs]) if (value !== 0n) this.#api.release("ReleaseValue", value);
  }

  #invoke(run: PreparedRun): void {
    const { pointer, name } = run.session;
    if (pointer === null) throw new Error(`${name}: cannot run: the program is disposed, load it again`);
    try {
      this.#api.call(
        "Run",
        pointer,
        null,
        run.inputNames,
        run.inputs,
        run.inputs.length,
        run.outputNames,
        run.outputs.length,
        run.outputs,
      );
    } catch (error) {
      throw refused(name, "run", error);
    }
  }

  #names(names: readonly string[], alive: unknown[]): BigUint64Array {
    return BigUint64Array.from(names, (name) => {
      const bytes = cString(name);
      alive.push(bytes);
      return this.#api.address(bytes);
    });
  }

  /** A tensor over a buffer, or over the part of one that its shape covers. */
  #bound({ buffer, offset, shape }: BoundView, run: PreparedRun): Pointer {
    const memory = this.#memory(buffer);
    const { dtype } = memory;
    if ("pointer" in memory) return (this.#device as DeviceMemory).value(memory.pointer, dtype, shape);
    const data = memory.data.subarray(offset, offset + sizeOf(shape));
    if (this.#device !== null) run.copiedBytes += data.byteLength;
    return this.#hostValue(dtype, shape, data, run.alive);
  }

  #hostValue(dtype: DType, shape: Shape, data: TypedArray, alive: unknown[]): Pointer {
    alive.push(data);
    return this.#api.get(
      "CreateTensorWithDataAsOrtValue",
      this.#hostInfo,
      data.byteLength === 0 ? this.#nothing : data,
      data.byteLength,
      BigInt64Array.from(shape, BigInt),
      shape.length,
      onnxTypeOf(dtype),
    );
  }

  #copyOut(value: Pointer): HostTensor {
    const api = this.#api;
    const info = api.get("GetTensorTypeAndShape", value);
    try {
      const type = Number(api.get("GetTensorElementType", info));
      const dtype = dtypeOfOnnx(type);
      if (dtype === undefined || dtype === "string") throw new Error(`outputs of element type ${type} cannot be read`);
      const dims = new BigInt64Array(Number(api.get("GetDimensionsCount", info)));
      if (dims.length > 0) api.call("GetDimensions", info, dims, dims.length);
      const shape = Array.from(dims, Number);
      const sizeBytes = sizeBytesOf(dtype, sizeOf(shape));
      const bytes =
        sizeBytes === 0 ? new Uint8Array(0) : api.copyOut(api.get("GetTensorMutableData", value), sizeBytes);
      return { dtype, shape, data: new (arrayTypeOf(dtype))(bytes.buffer) };
    } finally {
      api.release("ReleaseTensorTypeAndShapeInfo", info);
    }
  }
}

/** What the library says after the place and the condition in its source. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
  return message.split(" was false. ").at(-1)?.split("\n")[0]?.trim() ?? message;
}

/** The library's message, which may be broken into lines, as one line in our form. */
function refused(api: string, action: string, error: unknown): Error {
  const received = inOneLine(error);
  return new Error(explain({ api, action, received, rule: "ONNX Runtime must accept it" }), { cause: error });
}
