/**
 * ONNX Runtime's WebAssembly build as an engine. On the processor, buffers are stretches of its heap, and runs work in them. On the GPU
 * they are buffers of the browser's device; what lies with the host is in the heap, and runs copy it.
 */

import { RuntimeError } from "../../base/errors.ts";
import { arrayTypeOf, type DType, sizeBytesOf, type TypedArray } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { BoundCall, BoundView, Engine, EngineInfo, HostTensor, RunReport } from "../engine.ts";
import type { LoadOptions, Place } from "../runtime.ts";
import { type GpuBuffer, openGpu } from "./adapter.ts";
import { Gpu } from "./gpu.ts";
import { Heap, HeapScope, locations, Refusal } from "./heap.ts";
import { leaseModule, type ModuleLease } from "./module-pool.ts";
import type { OrtBuild, OrtModule } from "./ort-module.ts";
import { layOut, type NamedTensor, type PreparedRun, type Program, runPrepared } from "./prepared-run.ts";
import { createSession, refused } from "./session.ts";

/** How an engine is started. */
export interface WebEngineOptions {
  readonly device: "wasm" | "webgpu";
  readonly threads: number;
  /** Folder with the files of `onnxruntime-web/dist`. */
  readonly engineUrl?: string | undefined;
  /** Reads a model that is named by a string; fetched from that URL when absent. */
  readonly readModel?: ((path: string) => Promise<Uint8Array>) | undefined;
}

/** Memory in the heap, or on the GPU. */
interface Memory {
  readonly dtype: DType;
  /** In the heap; on the GPU the number under which the engine knows the buffer, 0 until it does. */
  address: number;
  readonly gpu: GpuBuffer | null;
}

/** One module with its sessions. */
export class WebEngine implements Engine {
  readonly #options: WebEngineOptions;
  readonly #build: OrtBuild;
  readonly #lease: ModuleLease;
  readonly #ort: OrtModule;
  readonly #heap: Heap;
  readonly #gpu: Gpu | undefined;
  readonly #memories = new Map<number, Memory>();
  readonly #programs = new Map<number, Program>();
  readonly #plans = new Map<number, readonly PreparedRun[]>();
  #next = 1;
  /** A call into the module did not come back: nothing in it can be trusted. */
  #broken: RuntimeError | undefined;

  private constructor(options: WebEngineOptions, build: OrtBuild, lease: ModuleLease, gpu: Gpu | undefined) {
    this.#options = options;
    this.#build = build;
    this.#lease = lease;
    this.#ort = lease.ort;
    this.#heap = new Heap(lease.ort);
    this.#gpu = gpu;
  }

  /**
   * Loads the build that fits, and opens the device.
   *
   * @throws RuntimeError if there is no device, or the build's files cannot be loaded.
   */
  static async start(options: WebEngineOptions): Promise<WebEngine> {
    const { device, threads, engineUrl } = options;
    const suspends = "Suspending" in (globalThis as unknown as { readonly WebAssembly: object }).WebAssembly;
    const build = device === "wasm" ? "plain" : suspends ? "jspi" : "asyncify";
    const opened = device === "wasm" ? undefined : await openGpu();
    const gpu = opened === undefined ? undefined : new Gpu(opened.device, opened.name);
    try {
      return new WebEngine(options, build, await leaseModule(build, threads, engineUrl), gpu);
    } catch (error) {
      gpu?.close();
      throw error;
    }
  }

  /** What was started. */
  info(): EngineInfo {
    const { threads } = this.#options;
    const description =
      this.#gpu === undefined
        ? `WebAssembly, ${threads} thread${threads === 1 ? "" : "s"}`
        : `WebGPU (${this.#gpu.name})`;
    // The processor computes in float32 and converts: slower, not faster.
    return { description, float16: this.#gpu?.device.features.has("shader-f16") ?? false };
  }

  async createBuffer(dtype: DType, length: number, place: Place): Promise<number> {
    const sizeBytes = sizeBytesOf(dtype, length);
    const id = this.#next++;
    if (this.#gpu === undefined || place === "host") {
      const address = this.#heap.allocate(sizeBytes);
      this.#heap.bytes(address, sizeBytes).fill(0);
      this.#memories.set(id, { dtype, address, gpu: null });
    } else {
      const gpu = this.#gpu;
      const buffer = await gpu.watch(() => gpu.allocate(sizeBytes));
      this.#memories.set(id, { dtype, address: 0, gpu: buffer });
    }
    return id;
  }

  async read(buffer: number, begin: number, end: number): Promise<TypedArray> {
    const { dtype, address, gpu: source } = this.#memory(buffer);
    const from = sizeBytesOf(dtype, begin);
    const to = sizeBytesOf(dtype, end);
    const { buffer: bytes } = await this.#watch((gpu) =>
      gpu === undefined || source === null
        ? this.#heap.bytes(address + from, to - from).slice()
        : gpu.read(source, from, to),
    );
    return new (arrayTypeOf(dtype))(bytes);
  }

  async write(buffer: number, data: TypedArray, offset: number): Promise<void> {
    const { dtype, address, gpu: target } = this.#memory(buffer);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const begin = sizeBytesOf(dtype, offset);
    await this.#watch((gpu) =>
      gpu === undefined || target === null
        ? this.#heap.bytes(address + begin, bytes.length).set(bytes)
        : gpu.write(target, bytes, begin),
    );
  }

  async load(model: Uint8Array | string, options: LoadOptions): Promise<number> {
    const name = options.name ?? "program";
    const gpu = options.onHost === true ? undefined : this.#gpu;
    try {
      const bytes = typeof model === "string" ? await (this.#options.readModel ?? fetchModel)(model) : model;
      const session = await this.#enter(() => createSession(this.#heap, bytes, options, gpu));
      const id = this.#next++;
      this.#programs.set(id, { name, session, onGpu: gpu !== undefined });
      return id;
    } catch (error) {
      throw refused(name, "load the model", error);
    }
  }

  prepare(calls: readonly BoundCall[]): number {
    const runs: PreparedRun[] = [];
    try {
      for (const call of calls) runs.push(this.#lay(call));
    } catch (error) {
      for (const { scope } of runs) scope.release();
      throw error;
    }
    const id = this.#next++;
    this.#plans.set(id, runs);
    return id;
  }

  async run(plan: number): Promise<RunReport> {
    const runs = this.#plans.get(plan);
    if (runs === undefined) throw new RuntimeError("plan.run: cannot run: the plan is disposed, prepare a new one");
    const start = performance.now();
    let copiedBytes = 0;
    for (const run of runs) {
      await this.#invoke(run);
      copiedBytes += run.copiedBytes;
    }
    return { ms: performance.now() - start, copiedBytes };
  }

  async call(
    id: number,
    inputs: readonly (readonly [string, HostTensor])[],
    outputs: readonly string[],
  ): Promise<readonly HostTensor[]> {
    const program = this.#program(id);
    const scope = new HeapScope(this.#heap);
    try {
      const given = inputs.map(([name, { dtype, shape, data }]): NamedTensor => {
        const address = scope.copy(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        return [name, scope.tensor(dtype, shape, address, locations.heap)];
      });
      const wanted = outputs.map((name): NamedTensor => [name, 0]); // the engine allocates them
      const run = layOut(program, scope, given, wanted, 0);
      await this.#invoke(run);
      const results = Array.from(this.#heap.words(run.outputs, outputs.length), (tensor) => scope.adopt(tensor));
      return results.map((tensor) => this.#heap.copyTensor(tensor));
    } catch (error) {
      throw refused(program.name, "run", error);
    } finally {
      scope.release();
    }
  }

  releaseProgram(id: number): void {
    const program = this.#programs.get(id);
    if (program === undefined) return;
    this.#programs.delete(id);
    if (this.#isUnusable) return;
    if (program.onGpu) this.#ort.webgpuOnReleaseSession?.(program.session);
    this.#ort._OrtReleaseSession(program.session);
    program.session = 0;
  }

  releasePlan(plan: number): void {
    if (!this.#isUnusable) for (const { scope } of this.#plans.get(plan) ?? []) scope.release();
    this.#plans.delete(plan);
  }

  stop(): void {
    if (!this.#isUnusable) this.#releaseAll();
    this.#gpu?.close();
  }

  /** The module must not be called any more; what it holds goes with it. */
  get #isUnusable(): boolean {
    return this.#broken !== undefined || this.#gpu?.isLost === true;
  }

  #releaseAll(): void {
    for (const plan of [...this.#plans.keys()]) this.releasePlan(plan);
    for (const program of [...this.#programs.keys()]) this.releaseProgram(program);
    for (const { address, gpu } of this.#memories.values()) {
      if (gpu === null) {
        this.#ort._free(address);
        continue;
      }
      if (address !== 0) this.#ort.webgpuUnregisterBuffer?.(gpu);
      gpu.destroy();
    }
    this.#memories.clear();
    this.#lease.giveBack();
  }

  #memory(buffer: number): Memory {
    const memory = this.#memories.get(buffer);
    if (memory === undefined) throw new RuntimeError("runtime: cannot use a buffer: it is not of this runtime");
    return memory;
  }

  #program(id: number): Program {
    const program = this.#programs.get(id);
    if (program === undefined) throw new RuntimeError("runtime: cannot use a program: it is disposed, load it again");
    return program;
  }

  /** Calls into the module. */
  async #enter<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return await this.#watch(work);
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof RuntimeError))
        this.#broken = refused("runtime.web", "go on after an error", error);
      throw error;
    }
  }

  #watch<T>(work: (gpu: Gpu | undefined) => T | Promise<T>): T | Promise<T> {
    return this.#gpu === undefined ? work(undefined) : this.#gpu.watch(() => work(this.#gpu));
  }

  #lay({ program: id, inputs, outputs }: BoundCall): PreparedRun {
    const program = this.#program(id);
    const scope = new HeapScope(this.#heap);
    try {
      const bind = ([name, view]: readonly [string, BoundView]): NamedTensor => [
        name,
        this.#tensor(program, scope, view),
      ];
      const copiedBytes = [...inputs, ...outputs]
        .map(([, { buffer, shape }]) => ({ memory: this.#memory(buffer), shape }))
        .filter(({ memory }) => program.onGpu && memory.gpu === null)
        .reduce((sum, { memory, shape }) => sum + sizeBytesOf(memory.dtype, sizeOf(shape)), 0);
      return layOut(program, scope, inputs.map(bind), outputs.map(bind), copiedBytes);
    } catch (error) {
      scope.release();
      throw refused(program.name, "bind its memory", error);
    }
  }

  #tensor({ session }: Program, scope: HeapScope, { buffer, offset, shape }: BoundView): number {
    const memory = this.#memory(buffer);
    const { dtype, gpu } = memory;
    if (gpu === null) return scope.tensor(dtype, shape, memory.address + sizeBytesOf(dtype, offset), locations.heap);
    // A buffer becomes known through a session on its device, and stays so when that session is gone.
    if (memory.address === 0) memory.address = this.#ort.webgpuRegisterBuffer?.(gpu, session) ?? 0;
    return scope.tensor(dtype, shape, memory.address, locations.gpu);
  }

  async #invoke(run: PreparedRun): Promise<void> {
    const { session, name } = run.program;
    if (session === 0) throw new RuntimeError(`${name}: cannot run: the program is disposed, load it again`);
    try {
      const code = await this.#enter(() => runPrepared(this.#ort, run));
      this.#heap.check(code === 0);
    } catch (error) {
      // Its way to wait does not survive a C++ exception (1.30): the next call would never come back.
      if (this.#build === "asyncify") this.#broken ??= refused("runtime.webgpu", "go on after an error", error);
      throw refused(name, "run", error);
    }
  }
}

async function fetchModel(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
